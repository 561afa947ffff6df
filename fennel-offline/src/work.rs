//! Answering one chunk of rows.

use std::collections::BTreeMap;

use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};
use fennel_engine::{Columns, FailedRow, Query};

use crate::ask::{Answer, Ask};
use crate::error::{Error, Result};
use crate::folder::{Folder, Part, Plan};
use crate::read::{CHUNK_ROWS, Placed, Types, Wanted};
use crate::status::{Failure, TOLD};
use crate::{Input, Request, write};

/// About how many bytes the values of a chunk's answer have at most, before they are encoded.
const ANSWER_BYTES: usize = 16 << 20;

/// The columns that a request needs of its input.
pub(crate) fn wanted(request: &Request) -> Wanted {
    let inputs = request.inputs.iter();
    let columns = inputs.map(|input| request.column(input).to_owned());
    Wanted {
        columns: columns.chain([request.timestamp_column.clone()]).collect(),
    }
}

/// The answer for no rows, which has the output's columns.
pub(crate) fn empty(request: &Request, ask: &dyn Ask) -> Result<Columns> {
    let query = query(request, vec![Vec::new(); request.inputs.len()], Vec::new());
    match ask.query(&request.submitter, &request.branch, &query)? {
        Answer::Columns(columns) => Ok(columns),
        Answer::Failed(_) => Err(Error::Failed("rows that are none have failed".into())),
    }
}

/// How many rows a chunk has at most, so that its answer fits into memory where outputs are many or wide.
pub(crate) fn chunk_rows(outputs: &Columns) -> usize {
    let width: usize = outputs.0.iter().map(|it| width(&it.shape)).sum();
    (ANSWER_BYTES / width.max(1)).clamp(1, CHUNK_ROWS)
}

/// About how many bytes a value takes; those whose length no type tells count as short ones.
fn width(shape: &Shape) -> usize {
    const SOME: usize = 4;
    let inside = match shape {
        Shape::Embedding(dimension) => (*dimension as usize).saturating_mul(size_of::<f64>()),
        Shape::Optional(inner) => width(inner),
        Shape::List(inner) | Shape::Map(inner) => SOME * width(inner),
        Shape::Record(_, fields) => fields.iter().map(|(_, shape)| width(shape)).sum(),
        _ => 0,
    };
    size_of::<Value>() + inside.min(ANSWER_BYTES)
}

fn query(request: &Request, columns: Vec<Vec<Value>>, at: Vec<Timestamp>) -> Query {
    let inputs = request.inputs.iter().cloned();
    Query {
        inputs: request.inputs.clone(),
        outputs: request.outputs.clone(),
        data: inputs.zip(columns).collect::<BTreeMap<_, _>>(),
        at: Some(at),
    }
}

/// Answers a chunk as the part of that number, and writes it.
pub(crate) fn part(
    request: &Request,
    ask: &dyn Ask,
    folder: &Folder,
    plan: &Plan,
    placed: Placed,
    number: u64,
) -> Result<Part> {
    let types = Types {
        inputs: ask.types(&request.branch, &request.inputs)?,
        zoned: plan.zoned,
    };
    let Placed { chunk, file, first } = placed;
    let file = match request.input {
        Input::Frame => None,
        Input::Files(..) => plan.files.get(file).map(|file| file.name.clone()),
    };
    let rows = chunk.rows(&wanted(request), &types);
    let mut part = Part {
        number,
        rows: rows.len() as u64,
        failed: 0,
        failures: Vec::new(),
    };
    let mut asked = Rows {
        places: Vec::new(),
        query: query(request, vec![Vec::new(); request.inputs.len()], Vec::new()),
    };
    let mut failures = BTreeMap::new();
    for (i, row) in rows.into_iter().enumerate() {
        let place = (first + i as u64 + 1, row.line);
        match row.values {
            Ok((values, at)) => asked.add(place, values, at),
            Err(reason) => drop(failures.insert(place, reason)),
        }
    }
    if let Some(answer) = asked.answer(request, ask, &mut failures)? {
        if write::columns(&answer, &request.timestamp_column) != plan.columns {
            return Err(changed(request));
        }
        folder.check_room(0)?;
        let at = asked.query.at.unwrap_or_default();
        folder.make(&folder.part(number), |file| {
            write::part(file, &answer, &request.timestamp_column, &at)
        })?;
    }
    part.failed = failures.len() as u64;
    let told = failures.into_iter().take(TOLD);
    let told = told.map(|((row, line), reason)| Failure {
        file: file.clone(),
        row,
        line,
        reason,
    });
    part.failures = told.collect();
    Ok(part)
}

/// That parts would not be of one type.
pub(crate) fn changed(request: &Request) -> Error {
    Error::Failed(format!(
        "the types of the outputs on branch `{}` changed since the query was sent; send it again",
        request.branch
    ))
}

/// The number of a row in its file, from 1, and its line.
type RowPlace = (u64, Option<u64>);

/// Rows that are asked for.
struct Rows {
    places: Vec<RowPlace>,
    query: Query,
}

impl Rows {
    fn add(&mut self, place: RowPlace, values: Vec<Value>, at: Timestamp) {
        self.places.push(place);
        for (input, value) in self.query.inputs.iter().zip(values) {
            if let Some(column) = self.query.data.get_mut(input) {
                column.push(value);
            }
        }
        self.query.at.get_or_insert_default().push(at);
    }

    /// The answer for all rows that have one; the others become failures. `None` if there are no rows with one.
    fn answer(
        &mut self,
        request: &Request,
        ask: &dyn Ask,
        failures: &mut BTreeMap<RowPlace, String>,
    ) -> Result<Option<Columns>> {
        while !self.places.is_empty() {
            match ask.query(&request.submitter, &request.branch, &self.query)? {
                Answer::Columns(columns) => return Ok(Some(columns)),
                Answer::Failed(failed) => self.take_out(failed, failures)?,
            }
        }
        Ok(None)
    }

    fn take_out(
        &mut self,
        failed: Vec<FailedRow>,
        failures: &mut BTreeMap<RowPlace, String>,
    ) -> Result<()> {
        let mut is_kept = vec![true; self.places.len()];
        for FailedRow { row, what, reason } in failed {
            let (Some(place), Some(kept)) = (self.places.get(row), is_kept.get_mut(row)) else {
                let what = format!("the engine tells of row {row}, of {}", self.places.len());
                return Err(Error::Failed(what));
            };
            *kept = false;
            let separator = if what.is_empty() { "" } else { ": " };
            failures.insert(*place, format!("{what}{separator}{reason}"));
        }
        if is_kept.iter().all(|kept| *kept) {
            return Err(Error::Failed(
                "the engine refuses rows and names none".into(),
            ));
        }
        keep(&mut self.places, &is_kept);
        for column in self.query.data.values_mut() {
            keep(column, &is_kept);
        }
        if let Some(at) = &mut self.query.at {
            keep(at, &is_kept);
        }
        Ok(())
    }
}

fn keep<T>(values: &mut Vec<T>, is_kept: &[bool]) {
    let mut kept = is_kept.iter();
    values.retain(|_| *kept.next().unwrap_or(&true));
}

#[cfg(test)]
mod tests {
    use fennel_engine::Column;

    use super::*;

    #[test]
    fn wide_outputs_make_chunks_of_few_rows() {
        let rows = |shapes: Vec<Shape>| {
            let columns = shapes.into_iter().map(|shape| Column {
                name: "Fs.f".into(),
                shape,
                values: Vec::new(),
            });
            chunk_rows(&Columns(columns.collect()))
        };
        assert_eq!(rows(vec![Shape::Int; 3]), CHUNK_ROWS);
        let embedded = rows(vec![Shape::Embedding(1536)]);
        assert!((1_000..1_400).contains(&embedded), "{embedded}");
        assert!(rows(vec![Shape::Int; 1_000]) < 1_000);
        assert_eq!(rows(vec![Shape::Embedding(u32::MAX); 3]), 1);
    }
}
