//! Rows of Parquet.

use std::fs::File;

use arrow_array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::{CHUNK_BYTES, Chunk, Reader, Wanted, no_column};
use crate::error::{Error, Result};

pub(super) struct ParquetReader {
    batches: ParquetRecordBatchReader,
    /// What a chunk had no room for.
    rest: Option<RecordBatch>,
    name: String,
    columns: Vec<usize>,
}

impl ParquetReader {
    pub(super) fn new(file: File, name: &str, wanted: &Wanted) -> Result<ParquetReader> {
        let builder = builder(file, name)?;
        let fields = builder.schema().fields();
        let roots = wanted.columns.iter().map(|column| {
            let mut found = fields.iter().enumerate();
            let found = found.find(|(_, field)| field.name() == column);
            found.map(|(root, _)| root).ok_or_else(|| {
                let known: Vec<&str> = fields.iter().map(|it| it.name().as_str()).collect();
                no_column(name, column, &known)
            })
        });
        let roots = roots.collect::<Result<Vec<usize>>>()?;
        // A batch has the columns in the order of the file, each once.
        let mut order = roots.clone();
        order.sort_unstable();
        order.dedup();
        let columns = roots
            .iter()
            .map(|root| order.iter().position(|it| it == root).unwrap_or_default());
        let columns = columns.collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), order);
        let rows = batch_rows(builder.metadata());
        let batches = builder.with_projection(mask).with_batch_size(rows).build();
        Ok(ParquetReader {
            batches: batches.map_err(|error| damaged(name, &error))?,
            rest: None,
            name: name.to_owned(),
            columns,
        })
    }
}

impl Reader for ParquetReader {
    fn next(&mut self, most: usize) -> Result<Option<Chunk>> {
        let (mut batches, mut rows, mut bytes) = (Vec::new(), 0, 0);
        while rows < most && bytes < CHUNK_BYTES {
            let batch = self.rest.take().map(Ok);
            let Some(batch) = batch.or_else(|| self.batches.next()) else {
                break;
            };
            let mut batch = batch.map_err(|error| {
                let what = format!("`{}` can't be read as Parquet: {error}", self.name);
                Error::Invalid(what)
            })?;
            let room = most - rows;
            if let Some(over) = batch.num_rows().checked_sub(room).filter(|over| *over > 0) {
                self.rest = Some(batch.slice(room, over));
                batch = batch.slice(0, room);
            }
            rows += batch.num_rows();
            bytes += batch.get_array_memory_size();
            batches.push(batch);
        }
        Ok((!batches.is_empty()).then(|| Chunk::Parquet(batches, self.columns.clone())))
    }
}

/// How many rows the file has.
pub(super) fn count(file: File, name: &str) -> Result<u64> {
    let rows = builder(file, name)?.metadata().file_metadata().num_rows();
    Ok(u64::try_from(rows).unwrap_or_default())
}

fn builder(file: File, name: &str) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    // Types as Parquet has them: those that Arrow's users wrote would be many more.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options);
    builder.map_err(|error| damaged(name, &error))
}

/// How many rows to decode at once, so that wide ones fit into memory too.
fn batch_rows(metadata: &ParquetMetaData) -> usize {
    const MOST: usize = 1 << 10;
    let groups = metadata.row_groups().iter();
    let width = groups.map(|group| group.total_byte_size() / group.num_rows().max(1));
    let width = usize::try_from(width.max().unwrap_or(1).max(1)).unwrap_or(usize::MAX);
    (CHUNK_BYTES / width).clamp(1, MOST)
}

fn damaged(name: &str, error: &ParquetError) -> Error {
    Error::Invalid(format!("`{name}` can't be read as Parquet: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array};
    use parquet::arrow::ArrowWriter;

    use super::*;

    #[test]
    fn chunks_have_no_more_rows_than_they_may() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..2_500));
        let batch = RecordBatch::try_from_iter([("x", numbers)]).unwrap();
        let mut writer =
            ArrowWriter::try_new(file.reopen().unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let wanted = Wanted {
            columns: vec!["x".into()],
        };
        let mut reader = ParquetReader::new(file.reopen().unwrap(), "x", &wanted).unwrap();
        let chunks = std::iter::from_fn(|| reader.next(700).unwrap());
        let rows: Vec<usize> = chunks.map(|chunk| chunk.len()).collect();
        assert_eq!(rows, [700, 700, 700, 400]);
    }
}
