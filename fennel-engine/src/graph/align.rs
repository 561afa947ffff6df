//! Records read from elsewhere: two records of one type may list their fields in different orders.

use fennel_core::value::{Shape, Value};

/// How values of one type become values of a type that is the same but for the order of records' fields.
#[derive(Clone, Debug)]
pub(crate) enum Align {
    /// As they are.
    Same,
    /// Field by field, from the first type to the second.
    ByName(Shape, Shape),
}

impl Align {
    /// The way from `from` to `to`. Whether nulls are allowed plays no part.
    pub(crate) fn new(from: &Shape, to: &Shape) -> Self {
        if same_order(from, to) {
            Self::Same
        } else {
            Self::ByName(from.clone(), to.clone())
        }
    }

    /// The value of the other type.
    pub(crate) fn apply(&self, value: Value) -> Value {
        match self {
            Self::Same => value,
            Self::ByName(from, to) => align(from, to, value),
        }
    }
}

fn required(shape: &Shape) -> &Shape {
    match shape {
        Shape::Optional(inner) => inner,
        other => other,
    }
}

fn same_order(from: &Shape, to: &Shape) -> bool {
    match (required(from), required(to)) {
        (Shape::List(from), Shape::List(to)) | (Shape::Map(from), Shape::Map(to)) => {
            same_order(from, to)
        }
        (Shape::Record(_, from), Shape::Record(_, to)) => {
            let mut pairs = from.iter().zip(to.iter());
            pairs.all(|((a, from), (b, to))| a == b && same_order(from, to))
        }
        _ => true,
    }
}

fn align(from: &Shape, to: &Shape, value: Value) -> Value {
    match (required(from), required(to), value) {
        (Shape::List(from), Shape::List(to), Value::List(elements)) => Value::List(
            elements
                .into_iter()
                .map(|element| align(from, to, element))
                .collect(),
        ),
        (Shape::Map(from), Shape::Map(to), Value::Map(entries)) => {
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key, align(from, to, value)));
            Value::Map(entries.collect())
        }
        (Shape::Record(_, from), Shape::Record(_, to), Value::Record(values)) => {
            let fields = to.iter().map(|(name, to)| {
                let at = from.iter().position(|(candidate, _)| candidate == name);
                let read = at.and_then(|i| Some((&from.get(i)?.1, values.get(i)?)));
                read.map_or(Value::Null, |(from, value)| align(from, to, value.clone()))
            });
            Value::Record(fields.collect())
        }
        (_, _, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn record(fields: &[(&str, Shape)]) -> Shape {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, shape)| ((*name).into(), shape.clone()))
            .collect();
        Shape::Record("R".into(), fields.into())
    }

    #[test]
    fn fields_are_matched_by_name_at_any_depth() {
        let inner = |turned: bool| {
            let mut fields = [("x", Shape::Int), ("y", Shape::Bool)];
            if turned {
                fields.reverse();
            }
            Shape::List(Arc::new(record(&fields)))
        };
        let from = record(&[("a", Shape::Int), ("b", inner(false))]);
        let to = Shape::Optional(Arc::new(record(&[("b", inner(true)), ("a", Shape::Int)])));
        let (x, y) = (Value::Int(1), Value::Bool(true));
        let list = |fields: [&Value; 2]| {
            Value::List(vec![
                Value::Record(fields.into_iter().cloned().collect()),
                Value::Null,
            ])
        };
        let align = Align::new(&from, &to);
        assert_eq!(
            align.apply(Value::Record(vec![Value::Int(7), list([&x, &y])])),
            Value::Record(vec![list([&y, &x]), Value::Int(7)])
        );
        assert_eq!(align.apply(Value::Null), Value::Null);
    }

    #[test]
    fn values_of_one_order_stay_as_they_are() {
        let shape = record(&[("a", Shape::Int), ("b", Shape::Bool)]);
        let optional = Shape::Optional(Arc::new(shape.clone()));
        assert!(matches!(Align::new(&shape, &optional), Align::Same));
        assert!(matches!(Align::new(&Shape::Int, &Shape::Int), Align::Same));
    }
}
