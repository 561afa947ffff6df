//! Typed rows: a dataset's struct as a row of it.

use crate::entity::{Dataset, Entity};
use crate::ty::DataType;
use crate::value::{Mismatch, Value};

/// A struct that is a row of its dataset. `#[dataset]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a dataset",
    label = "rows are structs marked `#[dataset]`"
)]
pub trait Row: Entity + Sized {
    /// What the definition says.
    const DATASET: &'static Dataset<'static>;

    /// The values, in the order of the columns' declaration.
    fn into_values(self) -> Vec<Value>;

    /// The row of these values, in the order of the columns' declaration.
    ///
    /// # Errors
    ///
    /// A value is missing or not of its column's type.
    fn from_values(values: Vec<Value>) -> Result<Self, Mismatch>;
}

/// Values taken one by one, each as its field's type.
///
/// The macros' code reads all fields and then asks whether they fit: rustc checks ten calls without a way out
/// between them in a third of the time that ten `?` take.
#[derive(Debug)]
pub struct Fields {
    values: std::vec::IntoIter<Value>,
    mismatch: Option<Mismatch>,
}

impl Fields {
    /// Takes from these values.
    #[must_use]
    pub fn new(values: Vec<Value>) -> Self {
        Fields {
            values: values.into_iter(),
            mismatch: None,
        }
    }

    /// Takes from a record's value.
    ///
    /// # Errors
    ///
    /// The value is not a record.
    pub fn of_record<T: DataType>(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Record(values) => Ok(Fields::new(values)),
            other => Err(Mismatch::new(&T::TYPE, &other)),
        }
    }

    /// The next value; null where there is none left.
    #[must_use]
    pub fn take(&mut self) -> Value {
        self.values.next().unwrap_or(Value::Null)
    }

    /// Keeps the first value that isn't of its field's type.
    pub(crate) fn note(&mut self, mismatch: Mismatch) {
        self.mismatch.get_or_insert(mismatch);
    }

    /// The struct that was made of what was read.
    ///
    /// # Errors
    ///
    /// The first value that was not of its field's type.
    pub fn finish<T>(self, made: T) -> Result<T, Mismatch> {
        self.mismatch.map_or(Ok(made), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of a struct of a number and a text, read from these values.
    fn read(values: Vec<Value>) -> Result<(i64, String), Mismatch> {
        let mut fields = Fields::new(values);
        let made = (DataType::read(&mut fields), DataType::read(&mut fields));
        fields.finish(made)
    }

    #[test]
    fn fields_come_in_their_order() {
        let values = vec![Value::Int(7), Value::String("a".into())];
        assert_eq!(read(values), Ok((7, "a".into())));
    }

    #[test]
    fn the_first_value_that_does_not_fit_is_told() {
        let found = Value::Bool(true);
        let refused = read(vec![found.clone(), Value::Int(1)]);
        assert_eq!(refused, Err(Mismatch::new(&i64::TYPE, &found)));
        let missing = read(vec![Value::Int(7)]);
        assert_eq!(missing, Err(Mismatch::new(&String::TYPE, &Value::Null)));
    }
}
