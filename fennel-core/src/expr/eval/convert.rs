//! Values brought to a type that their own is promoted to.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, ListArray, StructArray};

use crate::column::{data_type, fields, item};
use crate::value::Shape;

/// The values as those of type `to`: whole numbers become floats, and a record's fields come into
/// its order.
pub(super) fn convert(array: &ArrayRef, from: &Shape, to: &Shape) -> ArrayRef {
    if data_type(from) == data_type(to) {
        return Arc::clone(array);
    }
    match (from, to) {
        (Shape::Optional(from), to) => convert(array, from, to),
        (from, Shape::Optional(to)) => convert(array, from, to),
        (Shape::List(from), Shape::List(to)) => {
            let lists = array.as_list::<i32>();
            Arc::new(ListArray::new(
                item(data_type(to)),
                lists.offsets().clone(),
                convert(lists.values(), from, to),
                lists.nulls().cloned(),
            ))
        }
        (Shape::Record(_, given), Shape::Record(_, wanted)) => {
            let record = array.as_struct();
            let columns = wanted.iter().map(|(name, to)| {
                let at = given.iter().position(|(given, _)| given == name);
                let at = at.expect("a record is promoted to one with the same fields");
                convert(record.column(at), &given[at].1, to)
            });
            let columns = columns.collect();
            let nulls = record.nulls().cloned();
            let made =
                StructArray::try_new_with_length(fields(wanted), columns, nulls, record.len());
            Arc::new(made.expect("each column is of the type that its field says"))
        }
        _ => {
            let ints = array.as_primitive::<Int64Type>();
            Arc::new(ints.unary::<_, Float64Type>(|int| int as f64))
        }
    }
}
