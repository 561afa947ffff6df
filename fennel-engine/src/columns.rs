//! Answers by column.

use fennel_core::value::{Shape, Value};
use serde_json::{Map, Value as Json};

/// The columns of an answer, in the order that was asked for, all of one length.
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

    /// An object with a list of values by column, in order; [`Shape::to_json`] says how each is written.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let columns = self.0.iter().map(|column| {
            let values = column
                .values
                .iter()
                .map(|value| column.shape.to_json(value));
            (column.name.clone(), values.collect())
        });
        Json::Object(columns.collect::<Map<_, _>>())
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
