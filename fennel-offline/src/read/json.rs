//! Rows of JSON, one in each line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use fennel_core::value::{Unique, Value};
use serde_json::Value as Json;

use super::{CHUNK_BYTES, Chunk, ROW_BYTES, Reader, Wanted, too_large, unreadable};
use crate::error::Result;

pub(super) struct LineReader {
    lines: BufReader<File>,
    name: String,
    line: u64,
    chunk: fn(Vec<(u64, Vec<u8>)>) -> Chunk,
}

impl LineReader {
    /// Reads lines, of which `chunk` makes a chunk.
    pub(super) fn new(
        file: File,
        name: &str,
        chunk: fn(Vec<(u64, Vec<u8>)>) -> Chunk,
    ) -> LineReader {
        LineReader {
            lines: BufReader::with_capacity(64 << 10, file),
            name: name.to_owned(),
            line: 0,
            chunk,
        }
    }
}

impl Reader for LineReader {
    fn next(&mut self, most: usize) -> Result<Option<Chunk>> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < most && bytes < CHUNK_BYTES {
            let mut text = Vec::new();
            let mut bounded = (&mut self.lines).take(ROW_BYTES as u64);
            let read = bounded.read_until(b'\n', &mut text);
            self.line += 1;
            match read.map_err(|error| unreadable(&self.name, &error))? {
                0 => break,
                ROW_BYTES if text.last() != Some(&b'\n') => {
                    return Err(too_large(&self.name, self.line));
                }
                _ => {}
            }
            if !text.trim_ascii().is_empty() {
                bytes += text.len() + size_of::<(u64, Vec<u8>)>();
                rows.push((self.line, text));
            }
        }
        Ok((!rows.is_empty()).then(|| (self.chunk)(rows)))
    }
}

/// The incoming values of a row that is an object.
pub(super) fn values(text: &[u8], wanted: &Wanted) -> Result<Vec<Value>, String> {
    let read = serde_json::from_slice(text).map(|Unique(json)| json);
    let object = match read {
        Ok(Json::Object(object)) => object,
        Ok(_) => return Err("it is no object; write a row as {\"column\": value, ..}".into()),
        Err(error) => return Err(format!("it is no JSON: {error}")),
    };
    let values = wanted
        .columns
        .iter()
        // Not taken out, since several inputs may have one column.
        .map(|column| object.get(column).cloned().map_or(Value::Null, Value::from));
    Ok(values.collect())
}
