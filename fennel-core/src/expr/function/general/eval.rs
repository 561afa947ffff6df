//! Functions of any value, and of none, over columns.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, ListArray, new_null_array};
use arrow_buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use arrow_schema::DataType;
use arrow_select::interleave::interleave;
use chrono::NaiveDate;

use super::{Function, MAX_COUNT, PARTS};
use crate::column;
use crate::expr::Expr;
use crate::expr::eval::{
    Compiler, Failures, Frame, Inputs, Node, bytes, call, coerced, lists, position, shape, taken,
};
use crate::expr::function::Call;
use crate::expr::function::unit::TimeUnit;
use crate::expr::function::zone::{self, instant_of};
use crate::literal::Literal;
use crate::message::Message;
use crate::time::Timestamp;
use crate::ty::Computed;

impl Function {
    /// The node of a call.
    pub(in crate::expr::function) fn compile<'a>(
        self,
        written: &Call<'_, 'a>,
        ty: Computed<'a>,
        compiler: &mut Compiler<'_, 'a>,
    ) -> Result<Node, Message> {
        let signature = self.signature();
        match self {
            Function::IsNull => {
                let operand = written.compile_operand(compiler)?;
                Ok(call([operand.node], |inputs, _| {
                    let array = &inputs.column(0).array;
                    let bits = BooleanBuffer::collect_bool(array.len(), |i| array.is_null(i));
                    Arc::new(BooleanArray::new(bits, None))
                }))
            }
            Function::FillNull => {
                let operand = written.compile_operand(compiler)?;
                let fill = written.compile_required(&signature, 0, compiler)?;
                let nodes = [coerced(operand, ty)?, coerced(fill, ty)?];
                Ok(call(nodes, |inputs, _| filled(inputs)))
            }
            Function::Now => Ok(Node::Now),
            Function::DateTime => {
                let instant = datetime(written)?.micros();
                let constant = column::instants(std::iter::once(Some(instant)));
                Ok(Node::Constant(constant))
            }
            Function::FromEpoch => {
                let operand = written.compile_operand(compiler)?;
                let operand = coerced(operand, Computed::INT)?;
                let unit = written.text(&signature, 0).and_then(TimeUnit::find);
                let micros = unit.and_then(TimeUnit::micros).unwrap_or(1);
                Ok(call([operand], move |inputs, failures| {
                    let counts = inputs.ints(0);
                    column::instants((0..inputs.rows).map(|row| {
                        let count = counts.get(row)?;
                        let instant = count.checked_mul(micros).and_then(Timestamp::from_micros);
                        if instant.is_none() {
                            failures.add(row, format!("{count} is outside the years 1 to 9999"));
                        }
                        instant.map(Timestamp::micros)
                    }))
                }))
            }
            Function::Repeat => {
                let operand = written.compile_operand(compiler)?;
                let element = operand.ty;
                let count = written.compile_required(&signature, 0, compiler)?;
                let nodes = [coerced(operand, element)?, coerced(count, Computed::INT)?];
                let element = column::data_type(&shape(element)?);
                Ok(lists(nodes, move |inputs, frame, failures| {
                    repeated(inputs, &element, frame, failures)
                }))
            }
        }
    }
}

/// The values, with another in place of each null.
fn filled(inputs: &Inputs<'_>) -> ArrayRef {
    let (value, fill) = (inputs.column(0), inputs.column(1));
    if value.array.null_count() == 0 && value.constant == inputs.is_constant() {
        return Arc::clone(&value.array);
    }
    let places = (0..inputs.rows).map(|row| match value.at(row) {
        at if value.array.is_valid(at) => (0, at),
        _ => (1, fill.at(row)),
    });
    let places: Vec<_> = places.collect();
    let filled = interleave(&[value.array.as_ref(), fill.array.as_ref()], &places);
    filled.expect("both are brought to one type")
}

/// Lists of each value as often as its count says.
fn repeated(
    inputs: &Inputs<'_>,
    element: &DataType,
    frame: &Frame<'_>,
    failures: &mut Failures,
) -> ArrayRef {
    let (value, counts) = (inputs.column(0), inputs.ints(1));
    let lengths = (0..inputs.rows).map(|row| {
        let count = counts.get(row)?;
        let length = usize::try_from(count).ok();
        let length = length.filter(|_| count <= MAX_COUNT);
        if length.is_none() {
            let why = if count < 0 {
                format!("nothing is repeated {count} times")
            } else {
                format!("nothing is repeated more than {MAX_COUNT} times, and this is {count}")
            };
            failures.add(row, why);
        }
        let at = value.at(row);
        let taken = length?.saturating_mul(bytes(&value.array, at, at + 1));
        if let Err(reason) = frame.take(row, taken) {
            failures.add(row, reason);
            return None;
        }
        length
    });
    let lengths: Vec<Option<usize>> = lengths.collect();
    let item = column::item(element.clone());
    if frame.is_full() {
        return new_null_array(&DataType::List(item), inputs.rows);
    }
    let valid: NullBuffer = lengths.iter().map(Option::is_some).collect();
    let lengths = lengths.into_iter().map(Option::unwrap_or_default);
    let lengths: Vec<usize> = lengths.collect();
    let places = lengths.iter().enumerate();
    let places =
        places.flat_map(|(row, length)| std::iter::repeat_n(position(value.at(row)), *length));
    Arc::new(ListArray::new(
        item,
        OffsetBuffer::from_lengths(lengths.iter().copied()),
        taken(&value.array, &places.collect()),
        Some(valid),
    ))
}

/// The instant that a `datetime` writes out.
fn datetime(written: &Call<'_, '_>) -> Result<Timestamp, Message> {
    let signature = Function::DateTime.signature();
    let part = |i| match written.plain(&signature, i) {
        Some((_, Expr::Literal(Literal::Int(part)))) => u32::try_from(part).unwrap_or(0),
        _ => 0,
    };
    let name = match written.plain(&signature, PARTS.len()) {
        Some((_, Expr::Literal(Literal::Str(name)))) => name,
        _ => zone::UTC,
    };
    let year = i32::try_from(part(0)).unwrap_or(0);
    let local = NaiveDate::from_ymd_opt(year, part(1), part(2))
        .and_then(|date| date.and_hms_micro_opt(part(3), part(4), part(5), part(6)));
    let local = local.ok_or_else(|| Message::new("there is no such time of day"))?;
    instant_of(local, zone::find(name)?).map_err(|why| Message::new(&why))
}
