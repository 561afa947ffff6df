//! Rows that come with a request: they are kept with the job, each as a list of the columns that are read.

use std::io::{BufWriter, Write};

use fennel_core::value::{Unique, Value};
use serde_json::{Map, Value as Json};

use crate::Request;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::read::Wanted;
use crate::work::wanted;

/// After so many written bytes the disk is asked anew for room.
const STEP: usize = 4 << 20;

/// Rows that come with a request, by column.
#[derive(Debug)]
pub struct Frame(pub Map<String, Json>);

impl Frame {
    /// Writes the columns that are wanted as rows.
    pub(crate) fn write(&self, folder: &Folder, request: &Request) -> Result<()> {
        let columns = wanted(request).columns;
        let columns = columns.iter().map(|name| match self.0.get(name) {
            Some(Json::Array(values)) => Ok((name, values)),
            Some(_) => Err(Error::Invalid(format!(
                "column `{name}` of the input is no list; write it with a value per row"
            ))),
            None => Err(Error::Invalid(format!(
                "the input has no column `{name}`; send one of that name"
            ))),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let rows = columns.first().map_or(0, |(_, values)| values.len());
        if let Some((name, values)) = columns.iter().find(|(_, values)| values.len() != rows) {
            return Err(Error::Invalid(format!(
                "column `{name}` of the input has {} values, and the first one has {rows}; give each as many",
                values.len()
            )));
        }
        folder.make(&folder.frame(), |file| {
            let mut lines = BufWriter::new(file);
            let (mut line, mut unchecked) = (Vec::new(), STEP);
            for row in 0..rows {
                let row = columns.iter().map(|(_, values)| values.get(row));
                let row: Vec<Option<&Json>> = row.collect();
                line.clear();
                serde_json::to_writer(&mut line, &row).map_err(|it| folder.told(&it.into()))?;
                line.push(b'\n');
                unchecked += line.len();
                if unchecked >= STEP {
                    folder.check_room(unchecked as u64)?;
                    unchecked = 0;
                }
                lines.write_all(&line).map_err(|it| folder.told(&it))?;
            }
            lines.flush().map_err(|error| folder.told(&error))
        })
    }
}

/// The values of a row that was written so.
pub(crate) fn values(line: &[u8], wanted: &Wanted) -> Result<Vec<Value>, String> {
    let read = serde_json::from_slice(line).map(|Unique(json)| json);
    match read {
        Ok(Json::Array(values)) if values.len() == wanted.columns.len() => {
            Ok(values.into_iter().map(Value::from).collect())
        }
        // As earlier versions wrote it.
        Ok(Json::Object(row)) => {
            let columns = wanted.columns.iter();
            let values = columns.map(|column| row.get(column).cloned());
            Ok(values
                .map(|value| value.map_or(Value::Null, Value::from))
                .collect())
        }
        _ => Err("what the server kept of it is damaged; send the query again".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_kept_without_the_names_of_its_columns() {
        let columns = ["uid", "at"].map(str::to_owned).to_vec();
        let wanted = Wanted { columns };
        let expected = vec![Value::Int(7), Value::String("2024-01-02".into())];
        for line in [
            r#"[7, "2024-01-02"]"#,
            r#"{"at": "2024-01-02", "uid": 7, "other": 1}"#,
        ] {
            assert_eq!(values(line.as_bytes(), &wanted), Ok(expected.clone()));
        }
        for damaged in ["[7]", "[7, 8, 9]", "7", "[7, "] {
            let told = values(damaged.as_bytes(), &wanted).unwrap_err();
            assert!(told.contains("is damaged"), "{told}");
        }
        let columns = ["uid", "uid", "at"].map(str::to_owned).to_vec();
        let twice = Wanted { columns };
        let found = values(br#"{"at": 5, "uid": 7}"#, &twice);
        assert_eq!(found, Ok([7, 7, 5].map(Value::Int).to_vec()));
    }
}
