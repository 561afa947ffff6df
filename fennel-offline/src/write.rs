//! Writing answers as Parquet: a file for each part, and all parts put together.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use fennel_core::column;
use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};
use fennel_engine::Columns;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;

use crate::error::{Error, Result};

/// The columns of the output, each with its type: those of the answer, and the instants.
pub(crate) fn columns(answer: &Columns, instants: &str) -> Vec<(String, String)> {
    let schema = schema(answer, instants);
    let fields = schema.fields().iter();
    fields
        .map(|field| {
            let null = if field.is_nullable() { ", or null" } else { "" };
            let ty = format!("{:?}{null}", field.data_type());
            (field.name().clone(), ty)
        })
        .collect()
}

fn schema(answer: &Columns, instants: &str) -> Schema {
    let columns = answer.0.iter().map(|column| {
        let is_nullable = column.shape.is_optional();
        Field::new(&column.name, column::data_type(&column.shape), is_nullable)
    });
    let instant: DataType = column::data_type(&Shape::Timestamp);
    let instants = Field::new(instants, instant, false);
    Schema::new(columns.chain([instants]).collect::<Vec<_>>())
}

/// Writes the answer for rows as of these instants.
pub(crate) fn part(
    file: &mut File,
    answer: &Columns,
    instants: &str,
    at: &[Timestamp],
) -> Result<()> {
    let schema = Arc::new(schema(answer, instants));
    let columns = answer
        .0
        .iter()
        .map(|column| column::array(&column.shape, column.values.iter()));
    let at: Vec<Value> = at.iter().map(|at| Value::Timestamp(*at)).collect();
    let at = column::array(&Shape::Timestamp, at.iter());
    let columns = columns.chain([at]).collect();
    let write = || {
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
        let mut writer = ArrowWriter::try_new(&mut *file, schema, Some(properties()))?;
        writer.write(&batch)?;
        writer.close()
    };
    write().map(drop).map_err(|error| told(&error))
}

/// Writes the parts one behind the other, as they are encoded. `empty` are columns of no rows, for where there is no part.
pub(crate) fn together(
    to: impl Write + Send,
    parts: &[PathBuf],
    empty: &Columns,
    instants: &str,
    is_stopped: &dyn Fn() -> bool,
) -> Result<()> {
    let Some(first) = parts.first() else {
        let write = || {
            let schema = Arc::new(schema(empty, instants));
            ArrowWriter::try_new(to, schema, Some(properties()))?.close()
        };
        return write().map(drop).map_err(|error| told(&error));
    };
    let (_, metadata) = open(first)?;
    let file = metadata.file_metadata();
    let properties = WriterProperties::builder()
        .set_key_value_metadata(file.key_value_metadata().cloned())
        .build();
    let schema = file.schema_descr().root_schema_ptr();
    let writer = SerializedFileWriter::new(to, schema, Arc::new(properties));
    let mut writer = writer.map_err(|error| told(&error))?;
    for part in parts {
        if is_stopped() {
            return Err(Error::Stopped);
        }
        let (file, metadata) = open(part)?;
        append(&mut writer, &file, &metadata).map_err(|error| told(&error))?;
    }
    writer.close().map(drop).map_err(|error| told(&error))
}

fn append(
    writer: &mut SerializedFileWriter<impl Write + Send>,
    file: &File,
    metadata: &ParquetMetaData,
) -> Result<(), ParquetError> {
    for group in metadata.row_groups() {
        let mut rows = writer.next_row_group()?;
        for column in group.columns() {
            let close = ColumnCloseResult {
                bytes_written: column.compressed_size().unsigned_abs(),
                rows_written: group.num_rows().unsigned_abs(),
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            rows.append_column(file, close)?;
        }
        rows.close()?;
    }
    Ok(())
}

fn open(part: &PathBuf) -> Result<(File, ParquetMetaData)> {
    let file = File::open(part).map_err(|error| Error::own(part, &error))?;
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&file);
    let metadata = metadata.map_err(|error| told(&error))?;
    Ok((file, metadata))
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        // A part has fewer rows, and is one group.
        .set_max_row_group_row_count(None)
        .build()
}

/// What an error of the writer comes to; inside of it may be one of the operating system.
fn told(error: &ParquetError) -> Error {
    if let ParquetError::External(inner) = error
        && let Some(error) = inner.downcast_ref::<std::io::Error>()
    {
        return Error::io("write the output", error);
    }
    Error::Failed(format!("the output can't be written: {error}"))
}
