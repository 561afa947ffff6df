//! Records: their fields, and how they are made.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, StructArray, UInt32Array};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Fields};

use super::compile::{call, coerced, shape};
use super::frame::{position, taken};
use super::{Compiler, Inputs, Node, Operand};
use crate::column;
use crate::expr::{Expr, FieldExpr, Scope};
use crate::message::Message;
use crate::ty::{Computed, Record, Type};

impl<'a> Compiler<'_, 'a> {
    /// `Point { x: a, y: b }`.
    pub(super) fn record(
        &mut self,
        ty: &Type<'a>,
        fields: &[FieldExpr<'a>],
        scope: &Scope<'_, 'a>,
    ) -> Result<Node, Message> {
        let record = record_of(ty)?;
        let names = field_names(ty)?;
        let mut nodes = Vec::with_capacity(record.fields.len());
        for field in record.fields {
            let value = self.compile(value_of(record, field.name, fields)?, scope)?;
            nodes.push(coerced(value, Computed::of(&field.ty))?);
        }
        Ok(call(nodes, move |inputs, _| {
            let columns = inputs.expanded();
            let made = StructArray::try_new_with_length(names.clone(), columns, None, inputs.rows);
            Arc::new(made.expect("each column is of the type that its field says"))
        }))
    }

    /// `Point::zip(x = a, y = b)`.
    pub(super) fn zip(
        &mut self,
        ty: &Type<'a>,
        fields: &[FieldExpr<'a>],
        scope: &Scope<'_, 'a>,
    ) -> Result<Node, Message> {
        let record = record_of(ty)?;
        let names = field_names(ty)?;
        let mut nodes = Vec::with_capacity(record.fields.len());
        for field in record.fields {
            let list = self.compile(value_of(record, field.name, fields)?, scope)?;
            let to = Computed::of(&field.ty).list().unwrap_or(list.ty);
            nodes.push(coerced(list, to)?);
        }
        Ok(call(nodes, move |inputs, _| zip(inputs, &names)))
    }
}

/// `a.name`.
pub(super) fn field(operand: Operand<'_>, name: &str) -> Result<Node, Message> {
    let record = operand.ty.required().record();
    let at = record.and_then(|record| {
        let mut fields = record.fields.iter();
        fields.position(|field| field.name == name)
    });
    let at = at.ok_or_else(|| Message::new("there is no field ").name(name))?;
    Ok(call([operand.node], move |inputs, _| {
        let records = inputs.column(0).array.as_struct();
        masked(records.column(at), records.nulls())
    }))
}

fn record_of<'a>(ty: &Type<'a>) -> Result<&'a Record<'a>, Message> {
    match ty {
        Type::Record(record) => Ok(record),
        other => Err(Message::new("").ty(other).text(" is no record")),
    }
}

/// The fields of a record as Arrow has them.
fn field_names(ty: &Type<'_>) -> Result<Fields, Message> {
    match column::data_type(&shape(Computed::of(ty))?) {
        DataType::Struct(fields) => Ok(fields),
        _ => Err(Message::new("").ty(ty).text(" is no record")),
    }
}

/// What is given for a field.
fn value_of<'f, 'a>(
    record: &Record<'_>,
    name: &str,
    fields: &'f [FieldExpr<'a>],
) -> Result<&'f Expr<'a>, Message> {
    let given = fields.iter().find(|field| field.name == name);
    let given = given.map(|field| &field.value);
    given.ok_or_else(|| {
        let message = Message::new("record ").name(record.name);
        message.text(" needs its field ").name(name)
    })
}

/// The values, with null where something around them is.
fn masked(values: &ArrayRef, around: Option<&NullBuffer>) -> ArrayRef {
    let Some(around) = around.filter(|nulls| nulls.null_count() > 0) else {
        return Arc::clone(values);
    };
    let rows = around.iter().enumerate();
    let rows = rows.map(|(row, valid)| valid.then(|| position(row)));
    taken(values, &rows.collect::<UInt32Array>())
}

/// Records of the first elements of all lists, of the second ones, and on to the end of the shortest.
fn zip(inputs: &Inputs<'_>, names: &Fields) -> ArrayRef {
    let columns = inputs.columns();
    let spans: Vec<Vec<(usize, usize)>> = columns
        .iter()
        .map(|column| {
            let lists = column.array.as_list::<i32>();
            let ends = |row: usize| {
                let row = column.at(row);
                let at = |i: usize| usize::try_from(lists.value_offsets()[i]).unwrap_or_default();
                lists
                    .is_valid(row)
                    .then(|| (at(row), at(row + 1) - at(row)))
            };
            (0..inputs.rows)
                .map(|row| ends(row).unwrap_or_default())
                .collect()
        })
        .collect();
    let lengths = (0..inputs.rows).map(|row| {
        let lengths = spans.iter().map(|spans| spans[row].1);
        lengths.min().unwrap_or_default()
    });
    let lengths: Vec<usize> = lengths.collect();
    let fields = columns.iter().zip(&spans).map(|(column, spans)| {
        let rows = spans.iter().zip(&lengths);
        let rows = rows.flat_map(|((from, _), length)| *from..from + length);
        taken(
            column.array.as_list::<i32>().values(),
            &rows.map(position).collect(),
        )
    });
    let fields: Vec<ArrayRef> = fields.collect();
    let total = lengths.iter().sum();
    let records = StructArray::try_new_with_length(names.clone(), fields, None, total)
        .expect("each column is of the type that its field says");
    Arc::new(ListArray::new(
        column::item(DataType::Struct(names.clone())),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(records),
        None,
    ))
}
