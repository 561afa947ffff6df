//! Functions of lists over columns.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Float64Array, Int64Array, ListArray,
    PrimitiveArray, UInt32Array,
};

use super::{Function, element, unrestricted};
use crate::column::{data_type, same};
use crate::expr::Expr;
use crate::expr::eval::{
    Column, Compiler, Inputs, Node, call, closure, coerced, order, shape, taken,
};
use crate::expr::function::Call;
use crate::message::Message;
use crate::ty::Computed;

impl Function {
    /// The node of a call.
    pub(in crate::expr::function) fn compile<'a>(
        self,
        written: &Call<'_, 'a>,
        _: Computed<'a>,
        compiler: &mut Compiler<'_, 'a>,
    ) -> Result<Node, Message> {
        let signature = self.signature();
        let operand = written.compile_operand(compiler)?;
        let element = element(&operand.ty);
        let (ty, whole) = (operand.ty, element.is_whole());
        let list = operand.node;
        Ok(match self {
            Function::Len => call([list], |inputs, _| {
                let lists = Lists::new(inputs);
                let lengths = (0..inputs.rows).map(|row| Some(lists.span(row)?.len()));
                let lengths = lengths.map(|length| i64::try_from(length?).ok());
                Arc::new(lengths.collect::<Int64Array>())
            }),
            Function::HasNull => call([list], |inputs, _| {
                let lists = Lists::new(inputs);
                let made = (0..inputs.rows).map(|row| Some(lists.has_null(&lists.span(row)?)));
                Arc::new(made.collect::<BooleanArray>())
            }),
            Function::Contains => {
                let item = written.compile_required(&signature, 0, compiler)?;
                let item = coerced(item, unrestricted(element))?;
                call([list, item], |inputs, _| contains(inputs))
            }
            Function::At => {
                let index = written.compile_required(&signature, 0, compiler)?;
                let index = coerced(index, Computed::INT)?;
                call([list, index], |inputs, _| at(inputs))
            }
            Function::Sum if whole => call([list], |inputs, _| {
                folded::<Int64Type>(inputs, |ints| {
                    Some(ints.iter().copied().fold(0, i64::wrapping_add))
                })
            }),
            Function::Sum => call([list], |inputs, _| {
                folded::<Float64Type>(inputs, |floats| {
                    Some(floats.iter().fold(0.0, |sum, float| sum + float))
                })
            }),
            Function::Mean => call([list], move |inputs, _| mean(inputs, whole)),
            Function::Min if whole => call([list], |inputs, _| {
                folded::<Int64Type>(inputs, |ints| ints.iter().copied().min())
            }),
            Function::Max if whole => call([list], |inputs, _| {
                folded::<Int64Type>(inputs, |ints| ints.iter().copied().max())
            }),
            Function::Min => call([list], |inputs, _| {
                folded::<Float64Type>(inputs, |floats| {
                    floats.iter().copied().min_by(|a, b| order(*a, *b))
                })
            }),
            Function::Max => call([list], |inputs, _| {
                folded::<Float64Type>(inputs, |floats| {
                    let numbers = floats.iter().copied().filter(|float| !float.is_nan());
                    let greatest = numbers.max_by(|a, b| order(*a, *b));
                    greatest.or_else(|| floats.first().copied())
                })
            }),
            Function::All => call([list], |inputs, _| {
                decided(inputs, |_, nulls, falses| match nulls {
                    0 => Some(falses == 0),
                    _ => None,
                })
            }),
            Function::Any => call([list], |inputs, _| {
                decided(inputs, |trues, nulls, _| match (trues, nulls) {
                    (1.., _) => Some(true),
                    (0, 0) => Some(false),
                    _ => None,
                })
            }),
            Function::Filter | Function::Map => {
                let Some((_, Expr::Closure(variable, body))) = written.argument(&signature, 0)
                else {
                    return Err(signature.missing("function"));
                };
                let scope = self.closure(written.scope, variable, &ty);
                let scope = scope.ok_or_else(super::nested)?;
                let body = compiler.compile(body, &scope)?;
                let filter = self == Function::Filter;
                let made = if filter { element } else { body.ty };
                closure(list, body.node, data_type(&shape(made)?), filter)
            }
        })
    }
}

/// Lists as the spans of their elements.
struct Lists<'i> {
    column: &'i Column,
    lists: &'i ListArray,
}

impl<'i> Lists<'i> {
    fn new(inputs: &Inputs<'i>) -> Self {
        let column = inputs.column(0);
        Lists {
            column,
            lists: column.array.as_list(),
        }
    }

    /// The elements of all lists.
    fn values(&self) -> &'i ArrayRef {
        self.lists.values()
    }

    /// Which elements the list of a row has; `None` where it is null.
    fn span(&self, row: usize) -> Option<Range<usize>> {
        let row = self.column.at(row);
        let offsets = self.lists.value_offsets();
        let at = |i: usize| usize::try_from(offsets[i]).ok();
        if self.lists.is_null(row) {
            return None;
        }
        Some(at(row)?..at(row + 1)?)
    }

    fn has_null(&self, span: &Range<usize>) -> bool {
        let values = self.values();
        values.null_count() > 0 && span.clone().any(|i| values.is_null(i))
    }
}

/// Makes a number of each list that has no null inside.
fn folded<P: ArrowPrimitiveType>(
    inputs: &Inputs<'_>,
    fold: impl Fn(&[P::Native]) -> Option<P::Native>,
) -> ArrayRef {
    let lists = Lists::new(inputs);
    let values = lists.values().as_primitive::<P>().values();
    let made = (0..inputs.rows).map(|row| {
        let span = lists.span(row)?;
        if lists.has_null(&span) {
            return None;
        }
        fold(&values[span])
    });
    Arc::new(made.collect::<PrimitiveArray<P>>())
}

fn mean(inputs: &Inputs<'_>, whole: bool) -> ArrayRef {
    let lists = Lists::new(inputs);
    let made = (0..inputs.rows).map(|row| {
        let span = lists.span(row)?;
        if span.is_empty() || lists.has_null(&span) {
            return None;
        }
        let count = span.len() as f64;
        let sum: f64 = if whole {
            let ints = lists.values().as_primitive::<Int64Type>().values();
            ints[span].iter().map(|int| *int as f64).sum()
        } else {
            let floats: &Float64Array = lists.values().as_primitive();
            floats.values()[span].iter().sum()
        };
        Some(sum / count)
    });
    Arc::new(made.collect::<Float64Array>())
}

/// Decides by how many trues, nulls and falses a list has.
fn decided(inputs: &Inputs<'_>, decide: impl Fn(usize, usize, usize) -> Option<bool>) -> ArrayRef {
    let lists = Lists::new(inputs);
    let values = lists.values().as_boolean();
    let made = (0..inputs.rows).map(|row| {
        let (mut trues, mut nulls, mut falses) = (0, 0, 0);
        for i in lists.span(row)? {
            match values.is_valid(i) {
                false => nulls += 1,
                true if values.value(i) => trues += 1,
                true => falses += 1,
            }
        }
        decide(trues, nulls, falses)
    });
    Arc::new(made.collect::<BooleanArray>())
}

fn contains(inputs: &Inputs<'_>) -> ArrayRef {
    let lists = Lists::new(inputs);
    let (values, items) = (lists.values(), inputs.column(1));
    let made = (0..inputs.rows).map(|row| {
        let span = lists.span(row)?;
        if span.is_empty() {
            return Some(false);
        }
        let item = items.at(row);
        if items.array.is_null(item) {
            return None;
        }
        let has_null = lists.has_null(&span);
        let equals =
            |i: usize| values.is_valid(i) && same(values.as_ref(), i, items.array.as_ref(), item);
        // NaN equals itself elsewhere, and is in no list.
        let floats = items.array.as_primitive_opt::<Float64Type>();
        let nan = floats.is_some_and(|floats| floats.value(item).is_nan());
        if !nan && span.into_iter().any(equals) {
            return Some(true);
        }
        (!has_null).then_some(false)
    });
    Arc::new(made.collect::<BooleanArray>())
}

fn at(inputs: &Inputs<'_>) -> ArrayRef {
    let lists = Lists::new(inputs);
    let indices = inputs.ints(1);
    let places = (0..inputs.rows).map(|row| {
        let span = lists.span(row)?;
        let index = indices.get(row)?;
        let from_end = usize::try_from(index.unsigned_abs()).ok()?;
        let place = match index {
            0.. => span.start.checked_add(from_end)?,
            _ => span.end.checked_sub(from_end)?,
        };
        span.contains(&place).then(|| u32::try_from(place).ok())?
    });
    taken(lists.values(), &places.collect::<UInt32Array>())
}
