//! Rows of CSV.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use csv::{ByteRecord, ErrorKind, Position, ReaderBuilder};
use fennel_core::value::{Shape, Unique, Value};

use super::{
    Bounded, CHUNK_BYTES, Chunk, ROW_BYTES, Reader, Types, Wanted, no_column, too_large, unreadable,
};
use crate::error::{Error, Result};

pub(super) struct CsvReader {
    reader: csv::Reader<Bounded>,
    left: Arc<AtomicUsize>,
    name: String,
    layout: Layout,
}

/// Where columns are.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The position of each column that is wanted.
    columns: Vec<usize>,
    /// How many values a row has.
    width: usize,
}

impl CsvReader {
    pub(super) fn new(
        file: File,
        name: &str,
        delimiter: u8,
        headers: Option<&[String]>,
        wanted: &Wanted,
    ) -> Result<CsvReader> {
        let (file, left) = Bounded::new(file);
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(headers.is_none())
            .flexible(true)
            .from_reader(file);
        let names: Vec<String> = match headers {
            Some(headers) => headers.to_vec(),
            None => {
                let headers = reader.byte_headers();
                let headers = headers.map_err(|error| refused(name, error, 1))?;
                let names = headers.iter().enumerate().map(|(i, header)| {
                    let header = match i {
                        // Excel writes a mark of the byte order before the first.
                        0 => header.strip_prefix("\u{feff}".as_bytes()).unwrap_or(header),
                        _ => header,
                    };
                    String::from_utf8_lossy(header).trim().to_owned()
                });
                names.collect()
            }
        };
        let layout = Layout::new(name, &names, wanted)?;
        Ok(CsvReader {
            reader,
            left,
            name: name.to_owned(),
            layout,
        })
    }
}

impl Reader for CsvReader {
    fn next(&mut self, most: usize) -> Result<Option<Chunk>> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < most && bytes < CHUNK_BYTES {
            self.left.store(ROW_BYTES, Ordering::Relaxed);
            let mut record = ByteRecord::new();
            let line = self.reader.position().line();
            let read = self.reader.read_byte_record(&mut record);
            if !read.map_err(|error| refused(&self.name, error, line))? {
                break;
            }
            bytes += record.as_slice().len() + record.len() * size_of::<usize>();
            rows.push((record.position().map_or(0, Position::line), record));
        }
        Ok((!rows.is_empty()).then(|| Chunk::Csv(rows, self.layout.clone())))
    }
}

fn refused(name: &str, error: csv::Error, line: u64) -> Error {
    match error.into_kind() {
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            too_large(name, line)
        }
        ErrorKind::Io(error) => unreadable(name, &error),
        _ => Error::Invalid(format!("`{name}`, line {line}: it is no CSV")),
    }
}

impl Layout {
    fn new(name: &str, names: &[String], wanted: &Wanted) -> Result<Layout> {
        let columns = wanted.columns.iter().map(|column| {
            let mut found = names.iter().enumerate().filter(|(_, it)| *it == column);
            match (found.next(), found.next()) {
                (Some((i, _)), None) => Ok(i),
                (Some(_), Some(_)) => Err(Error::Invalid(format!(
                    "`{name}` has several columns `{column}`; give each a name of its own"
                ))),
                (None, _) => {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    Err(no_column(name, column, &names))
                }
            }
        });
        Ok(Layout {
            columns: columns.collect::<Result<_>>()?,
            width: names.len(),
        })
    }

    /// The text of the column of instants.
    pub(super) fn instant(&self, record: &ByteRecord) -> Option<Value> {
        let text = record.get(*self.columns.last()?)?;
        Some(Value::String(String::from_utf8_lossy(text).into_owned()))
    }

    /// The incoming values of a row.
    pub(super) fn values(
        &self,
        record: &ByteRecord,
        wanted: &Wanted,
        types: &Types,
    ) -> Result<Vec<Value>, String> {
        if record.len() != self.width {
            return Err(format!(
                "it has {} values, and there are {} columns",
                record.len(),
                self.width
            ));
        }
        let columns = self.columns.iter().enumerate().map(|(i, column)| {
            let name = || wanted.columns.get(i).map_or("", String::as_str);
            let bytes = record.get(*column).unwrap_or_default();
            let text = str::from_utf8(bytes)
                .map_err(|_| format!("column `{}`: it is not UTF-8", name()))?;
            let shape = types.inputs.get(i).unwrap_or(&Shape::Timestamp);
            value(shape, text).map_err(|reason| format!("column `{}`: {reason}", name()))
        });
        columns.collect()
    }
}

/// What a text says as a value of a type. An empty one is null where that may be, and numbers may have a zero behind the
/// point, since pandas writes whole numbers so where some are missing.
fn value(shape: &Shape, text: &str) -> Result<Value, String> {
    let incoming = || Value::String(text.to_owned());
    Ok(match shape {
        Shape::Optional(_) if text.is_empty() => Value::Null,
        Shape::Optional(inner) => return value(inner, text),
        Shape::Bool => match text.to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => incoming(),
        },
        Shape::Int | Shape::OneOfInt(_) | Shape::Between(_) if text.parse::<i64>().is_err() => {
            text.parse().map_or_else(|_| incoming(), Value::Float)
        }
        Shape::List(_) | Shape::Embedding(_) | Shape::Map(_) | Shape::Record(..) => {
            let read = serde_json::from_str(text).map(|Unique(json)| Value::from(json));
            read.map_err(|error| format!("expected JSON of `{shape}`: {error}"))?
        }
        _ => incoming(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn texts_are_read_as_their_columns_say() {
        let optional = |shape| Shape::Optional(Arc::new(shape));
        for (shape, text, expected) in [
            (Shape::Bool, "True", Value::Bool(true)),
            (Shape::Int, "-7", Value::Int(-7)),
            (Shape::Int, "7.0", Value::Int(7)),
            (optional(Shape::Int), "", Value::Null),
            (optional(Shape::String), "", Value::Null),
            (Shape::String, "", Value::String(String::new())),
            (Shape::Float, "0.1", Value::Float(0.1)),
            (
                Shape::List(Arc::new(Shape::Int)),
                "[1, 2]",
                Value::List(vec![Value::Int(1), Value::Int(2)]),
            ),
        ] {
            let accepted = shape.accept(value(&shape, text).unwrap());
            assert_eq!(accepted.unwrap(), expected, "{shape} of {text:?}");
        }
        for (shape, text) in [
            (Shape::Int, ""),
            (Shape::Int, "7.5"),
            (Shape::Bool, "yes"),
            (Shape::Float, "inf"),
            (Shape::Embedding(2), "[1]"),
        ] {
            let accepted = value(&shape, text).map(|value| shape.accept(value));
            assert!(!matches!(accepted, Ok(Ok(_))), "{shape} of {text:?}");
        }
    }
}
