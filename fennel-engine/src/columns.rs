//! Answers by column.

use fennel_core::value::{Shape, Value};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value as Json;

/// The columns of an answer, in the order that was asked for, all of one length. It is serialized as an object with a
/// list of values by column, in order; [`Shape::to_json`] says how each is written.
#[derive(Clone, Debug, Default)]
pub struct Columns(pub Vec<Column>);

/// One column of an answer.
#[derive(Clone, Debug)]
pub struct Column {
    /// The name: a column's, or a feature's as `Featureset.feature`.
    pub name: String,
    /// The type of all its values.
    pub shape: Shape,
    /// One value per row.
    pub values: Vec<Value>,
}

impl Columns {
    /// The column of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.0.iter().find(|column| column.name == name)
    }

    /// The number of rows; 0 where there are no columns.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.0.first().map_or(0, |column| column.values.len())
    }

    /// What it is serialized as.
    #[must_use]
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).expect("columns are named by texts, and values always written")
    }
}

impl Serialize for Columns {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut columns = to.serialize_map(Some(self.0.len()))?;
        for column in &self.0 {
            columns.serialize_entry(&column.name, &Written(column))?;
        }
        columns.end()
    }
}

/// The values of a column.
struct Written<'a>(&'a Column);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Written(column) = self;
        let values = column.values.iter();
        to.collect_seq(values.map(|value| column.shape.json_of(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_the_order_of_the_columns() {
        let column = |name: &str, value| Column {
            name: name.into(),
            shape: Shape::Int,
            values: vec![Value::Int(value)],
        };
        let columns = Columns(vec![column("b", 1), column("a", 2)]);
        assert_eq!(columns.to_json().to_string(), r#"{"b":[1],"a":[2]}"#);
        assert_eq!(columns.rows(), 1);
        assert_eq!(columns.get("a").unwrap().values, [Value::Int(2)]);
    }
}
