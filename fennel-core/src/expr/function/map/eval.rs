//! Functions of maps over columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray, Int64Array, MapArray, UInt32Array, new_null_array};
use arrow_select::interleave::interleave;

use super::Function;
use crate::column;
use crate::expr::eval::{Compiler, Inputs, Node, call, coerced, shape, taken};
use crate::expr::function::Call;
use crate::message::Message;
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
        let operand = written.compile_operand(compiler)?;
        if let Function::Len = self {
            return Ok(call([operand.node], |inputs, _| {
                let maps: &MapArray = inputs.column(0).array.as_map();
                let lengths = (0..inputs.rows).map(|row| {
                    let length = maps.is_valid(row).then(|| maps.value_length(row));
                    length.map(i64::from)
                });
                Arc::new(lengths.collect::<Int64Array>())
            }));
        }
        let key = written.compile_required(&signature, 0, compiler)?;
        let key = coerced(key, Computed::STRING)?;
        if let Function::Contains = self {
            return Ok(call([operand.node, key], |inputs, _| {
                let found = (0..inputs.rows).map(|row| Some(find(inputs, row)?.is_some()));
                Arc::new(found.collect::<BooleanArray>())
            }));
        }
        let Some(default) = written.compile_argument(&signature, 1, compiler)? else {
            return Ok(call([operand.node, key], |inputs, _| {
                let maps: &MapArray = inputs.column(0).array.as_map();
                let places = (0..inputs.rows).map(|row| find(inputs, row)?);
                taken(maps.values(), &places.collect::<UInt32Array>())
            }));
        };
        let default = coerced(default, ty)?;
        let result = column::data_type(&shape(ty)?);
        Ok(call([operand.node, key, default], move |inputs, _| {
            let maps: &MapArray = inputs.column(0).array.as_map();
            let (default, null) = (inputs.column(2), new_null_array(&result, 1));
            let places = (0..inputs.rows).map(|row| match find(inputs, row) {
                Some(Some(at)) => (0, at as usize),
                Some(None) => (1, default.at(row)),
                None => (2, 0),
            });
            let places: Vec<_> = places.collect();
            let arrays = [
                maps.values().as_ref(),
                default.array.as_ref(),
                null.as_ref(),
            ];
            interleave(&arrays, &places).expect("all are of one type")
        }))
    }
}

/// Where the key of a row stands among the values of all maps, `Some(None)` where its map has no
/// such key, `None` where the map or the key is null.
fn find(inputs: &Inputs<'_>, row: usize) -> Option<Option<u32>> {
    let column = inputs.column(0);
    let maps = column.array.as_map();
    let at = column.at(row);
    let key = inputs.texts(1).get(row).filter(|_| maps.is_valid(at))?;
    let keys = maps.keys().as_string::<i32>();
    let offsets = maps.value_offsets();
    let mut places = offsets[at]..offsets[at + 1];
    let place = places.find(|i| usize::try_from(*i).is_ok_and(|i| keys.value(i) == key));
    Some(place.and_then(|place| u32::try_from(place).ok()))
}
