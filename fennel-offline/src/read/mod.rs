//! Reading rows: files one behind the other, cut into chunks that fit into memory.
//!
//! A chunk holds what was read as it was read; [`Chunk::rows`] makes values of it, so that workers do that side by side.
//! Where chunks are cut follows from the files and the plan alone, so a job that goes on after a restart
//! cuts them as before.

mod arrow;
mod csv;
mod json;
mod parquet;

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};

use crate::error::{Error, Result};
use crate::{Format, frame};

/// The most rows of a chunk, whose outputs are narrow.
pub(crate) const CHUNK_ROWS: usize = 32 << 10;
/// The bytes of a chunk, as they were read, after which it takes no more rows.
pub(crate) const CHUNK_BYTES: usize = 4 << 20;
/// The most bytes of one row.
const ROW_BYTES: usize = 16 << 20;

/// An input file.
pub(crate) trait Source: Send + Sync {
    /// The file's name for a person.
    fn name(&self) -> &str;

    /// Opens the file, at its beginning.
    fn open(&self) -> Result<File>;
}

/// How a file's rows are written.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// As a user writes them.
    File(Format),
    /// As rows are kept that came with the request.
    Frame,
}

/// What is read of files.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The names of columns: those of the inputs, and last that of the instants.
    pub(crate) columns: Vec<String>,
}

/// Rows of one file, as they were read.
pub(crate) enum Chunk {
    /// Each row with the line that it begins at, and where each column is.
    Csv(Vec<(u64, ::csv::ByteRecord)>, csv::Layout),
    /// The lines with objects, each with its number.
    Json(Vec<(u64, Vec<u8>)>),
    /// The lines of a frame, each with its number.
    Frame(Vec<(u64, Vec<u8>)>),
    Parquet(Vec<arrow_array::RecordBatch>, Vec<usize>),
}

/// A row of values: those of the inputs, and the instant; or why it has none.
pub(crate) struct Row {
    /// The line that it begins at, from 1, of formats that have lines.
    pub(crate) line: Option<u64>,
    pub(crate) values: Result<(Vec<Value>, Timestamp), String>,
}

/// The types of values.
#[derive(Clone, Debug)]
pub(crate) struct Types {
    pub(crate) inputs: Vec<Shape>,
    /// Whether texts of instants have a time zone, where the first one tells.
    pub(crate) zoned: Option<bool>,
}

/// Reads one file.
trait Reader: Send {
    /// The next rows, so many at most; `None` at the end.
    fn next(&mut self, most: usize) -> Result<Option<Chunk>>;
}

fn open(source: &dyn Source, form: &Form, wanted: &Wanted) -> Result<Box<dyn Reader>> {
    let file = source.open()?;
    let name = source.name();
    Ok(match form {
        Form::File(Format::Csv { delimiter, headers }) => Box::new(csv::CsvReader::new(
            file,
            name,
            *delimiter,
            headers.as_deref(),
            wanted,
        )?),
        Form::File(Format::Json) => Box::new(json::LineReader::new(file, name, Chunk::Json)),
        Form::File(Format::Parquet) => Box::new(parquet::ParquetReader::new(file, name, wanted)?),
        Form::Frame => Box::new(json::LineReader::new(file, name, Chunk::Frame)),
    })
}

/// Refuses a file that isn't of its format or lacks a column that is wanted, as far as its beginning tells.
pub(crate) fn check(source: &dyn Source, form: &Form, wanted: &Wanted) -> Result<()> {
    open(source, form, wanted).map(drop)
}

/// How many rows a file has. `is_stopped` is asked often.
pub(crate) fn count(
    source: &dyn Source,
    form: &Form,
    wanted: &Wanted,
    is_stopped: &dyn Fn() -> bool,
) -> Result<u64> {
    if let Form::File(Format::Parquet) = form {
        return parquet::count(source.open()?, source.name());
    }
    let mut reader = open(source, form, wanted)?;
    let mut rows = 0;
    while let Some(chunk) = reader.next(CHUNK_ROWS)? {
        rows += chunk.len() as u64;
        if is_stopped() {
            return Err(Error::Stopped);
        }
    }
    Ok(rows)
}

/// Whether the instants of the first rows have time zones; `None` where no row says.
pub(crate) fn zoned(source: &dyn Source, form: &Form, wanted: &Wanted) -> Result<Option<bool>> {
    let mut reader = open(source, form, wanted)?;
    Ok(reader
        .next(CHUNK_ROWS)?
        .and_then(|chunk| chunk.zoned(wanted)))
}

/// Rows of several files, chunk by chunk.
pub(crate) struct Rows {
    files: Vec<Arc<dyn Source>>,
    form: Form,
    wanted: Wanted,
    /// The most rows of a chunk.
    chunk_rows: usize,
    /// The number of the file that is read.
    file: usize,
    reader: Option<Box<dyn Reader>>,
    /// How many rows of it were read.
    read: u64,
}

/// A chunk and where it is.
pub(crate) struct Placed {
    pub(crate) chunk: Chunk,
    /// The number of its file.
    pub(crate) file: usize,
    /// The number of its first row in that file, from 0.
    pub(crate) first: u64,
}

impl Rows {
    pub(crate) fn new(
        files: Vec<Arc<dyn Source>>,
        form: Form,
        wanted: Wanted,
        chunk_rows: usize,
    ) -> Rows {
        Rows {
            files,
            form,
            wanted,
            chunk_rows,
            file: 0,
            reader: None,
            read: 0,
        }
    }

    /// The next chunk; `None` at the end of the last file.
    pub(crate) fn next(&mut self) -> Result<Option<Placed>> {
        loop {
            let reader = match &mut self.reader {
                Some(reader) => reader,
                None => {
                    let Some(source) = self.files.get(self.file) else {
                        return Ok(None);
                    };
                    self.read = 0;
                    self.reader
                        .insert(open(&**source, &self.form, &self.wanted)?)
                }
            };
            let Some(chunk) = reader.next(self.chunk_rows)? else {
                self.reader = None;
                self.file += 1;
                continue;
            };
            let first = self.read;
            self.read += chunk.len() as u64;
            return Ok(Some(Placed {
                chunk,
                file: self.file,
                first,
            }));
        }
    }
}

impl Chunk {
    pub(crate) fn len(&self) -> usize {
        match self {
            Chunk::Csv(rows, _) => rows.len(),
            Chunk::Json(rows) | Chunk::Frame(rows) => rows.len(),
            Chunk::Parquet(batches, _) => batches.iter().map(|batch| batch.num_rows()).sum(),
        }
    }

    /// The values of the rows.
    pub(crate) fn rows(self, wanted: &Wanted, types: &Types) -> Vec<Row> {
        match self {
            Chunk::Csv(rows, layout) => {
                let rows = rows.iter();
                rows.map(|(line, record)| Row {
                    line: Some(*line),
                    values: layout
                        .values(record, wanted, types)
                        .and_then(|values| types.accept(wanted, values)),
                })
                .collect()
            }
            Chunk::Json(lines) => {
                let of = |text: &[u8]| json::values(text, wanted);
                of_lines(&lines, of, |values| types.accept(wanted, values))
            }
            Chunk::Frame(lines) => {
                let of = |text: &[u8]| frame::values(text, wanted);
                of_lines(&lines, of, |values| types.accept(wanted, values))
            }
            Chunk::Parquet(batches, columns) => {
                let mut rows = Vec::new();
                for batch in &batches {
                    rows.extend((0..batch.num_rows()).map(|row| {
                        Row {
                            line: None,
                            values: arrow::values(batch, &columns, row)
                                .and_then(|values| types.accept(wanted, values)),
                        }
                    }));
                }
                rows
            }
        }
    }

    fn zoned(&self, wanted: &Wanted) -> Option<bool> {
        let is_zoned = |value: Option<Value>| match value {
            Some(Value::String(text)) => is_zoned(&text),
            _ => None,
        };
        match self {
            Chunk::Csv(rows, layout) => {
                let mut rows = rows.iter();
                rows.find_map(|(_, record)| is_zoned(layout.instant(record)))
            }
            Chunk::Json(rows) => {
                let mut rows = rows.iter();
                rows.find_map(|(_, text)| is_zoned(json::values(text, wanted).ok()?.pop()))
            }
            Chunk::Frame(rows) => {
                let mut rows = rows.iter();
                rows.find_map(|(_, text)| is_zoned(frame::values(text, wanted).ok()?.pop()))
            }
            Chunk::Parquet(batches, columns) => batches.iter().find_map(|batch| {
                let mut rows = 0..batch.num_rows();
                rows.find_map(|row| is_zoned(arrow::values(batch, columns, row).ok()?.pop()))
            }),
        }
    }
}

/// The rows of lines, each of which `read` reads and `accept` takes.
fn of_lines(
    lines: &[(u64, Vec<u8>)],
    read: impl Fn(&[u8]) -> Result<Vec<Value>, String>,
    accept: impl Fn(Vec<Value>) -> Result<(Vec<Value>, Timestamp), String>,
) -> Vec<Row> {
    let rows = lines.iter().map(|(line, text)| Row {
        line: Some(*line),
        values: read(text).and_then(&accept),
    });
    rows.collect()
}

impl Types {
    /// The values as those of the inputs' types, of incoming ones in the order of the columns.
    fn accept(
        &self,
        wanted: &Wanted,
        mut values: Vec<Value>,
    ) -> Result<(Vec<Value>, Timestamp), String> {
        let within = |column: usize, reason: &dyn std::fmt::Display| {
            let column = wanted.columns.get(column).map_or("", String::as_str);
            format!("column `{column}`: {reason}")
        };
        let last = self.inputs.len();
        let instant = values.pop().unwrap_or(Value::Null);
        if let (Value::String(text), Some(zoned)) = (&instant, self.zoned)
            && is_zoned(text).is_some_and(|it| it != zoned)
        {
            let (has, first) = match zoned {
                true => ("no time zone", "has one"),
                false => ("a time zone", "has none"),
            };
            let reason = format!(
                "{instant} has {has}, and the first row's {first}; write all of them in one way, where none is UTC"
            );
            return Err(within(last, &reason));
        }
        let at = Shape::Timestamp.accept(instant);
        let at = match at.map_err(|mismatch| within(last, &mismatch))? {
            Value::Timestamp(at) => at,
            other => unreachable!("a timestamp's shape accepts timestamps, not {other}"),
        };
        let pairs = self.inputs.iter().zip(values).enumerate();
        let values = pairs.map(|(i, (shape, value))| {
            let value = shape.accept(value);
            value.map_err(|mismatch| within(i, &mismatch))
        });
        Ok((values.collect::<Result<_, _>>()?, at))
    }
}

/// Whether a text is an instant with a time zone; `None` where it isn't one, or is a number.
fn is_zoned(text: &str) -> Option<bool> {
    let text = text.trim();
    let (date, time) = text.split_at_checked("2024-01-02".len())?;
    if date.bytes().filter(|byte| *byte == b'-').count() != 2 {
        return None;
    }
    Some(time.ends_with(['Z', 'z']) || time.contains(['+', '-']))
}

/// Bytes of a file of which each row may have so many: a quote that is never closed must not read all of it into memory.
struct Bounded {
    file: File,
    left: Arc<AtomicUsize>,
}

impl Bounded {
    fn new(file: File) -> (Bounded, Arc<AtomicUsize>) {
        let left = Arc::new(AtomicUsize::new(ROW_BYTES));
        let bounded = Bounded {
            file,
            left: Arc::clone(&left),
        };
        (bounded, left)
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.file.read(buffer)?;
        self.left
            .store(left.saturating_sub(read), Ordering::Relaxed);
        Ok(read)
    }
}

/// That a row is larger than any may be.
fn too_large(name: &str, line: u64) -> Error {
    Error::Invalid(format!(
        "`{name}`, line {line}: the row has more than {} MiB; see whether a quote or the end of a line is missing",
        ROW_BYTES >> 20
    ))
}

fn unreadable(name: &str, error: &io::Error) -> Error {
    Error::io(&format!("read `{name}`"), error)
}

/// That a column isn't there.
fn no_column(name: &str, column: &str, known: &[&str]) -> Error {
    const SHOWN: usize = 12;
    let shown: Vec<String> = known
        .iter()
        .take(SHOWN)
        .map(|it| format!("`{it}`"))
        .collect();
    let more = match known.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Error::Invalid(format!(
        "`{name}` has no column `{column}`; it has {}{more}; name a feature's column in feature_to_column_map",
        shown.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_time_zone_is_told_by_its_text() {
        for (text, zoned) in [
            ("2024-01-02T03:04:05Z", Some(true)),
            ("2024-01-02 03:04:05+02:00", Some(true)),
            ("2024-01-02 03:04:05-0700", Some(true)),
            ("2024-01-02 03:04:05", Some(false)),
            ("2024-01-02", Some(false)),
            ("1704164645", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(is_zoned(text), zoned, "{text}");
        }
    }
}
