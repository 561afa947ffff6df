//! Expectations as JSON, which the protocol sends, and as text, which plans show.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::{Columns, Expectation, Parameter, Takes};
use crate::literal::Literal;

impl Expectation<'_> {
    /// Its arguments by name, as the protocol has them: the columns, then each parameter that has
    /// a value or a default, in the order of the table.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Json> {
        let mut json = Map::new();
        let Some(spec) = self.spec() else {
            let arguments = self.arguments.iter();
            json.extend(arguments.map(|argument| (argument.name.into(), plain(&argument.value))));
            return json;
        };
        match spec.columns {
            Columns::Each(names) => {
                let columns = names.iter().zip(self.columns);
                json.extend(columns.map(|(name, column)| ((*name).into(), (*column).into())));
            }
            Columns::List(name) => {
                json.insert(name.into(), self.columns.into());
            }
        }
        for parameter in spec.parameters.iter().copied().flatten() {
            match self.value(parameter) {
                None | Some(Literal::Null) => {}
                Some(value) => {
                    json.insert(parameter.name.into(), sent(parameter, &value));
                }
            }
        }
        json
    }
}

/// The expectation as an attribute writes it, without what is the default anyway.
impl fmt::Display for Expectation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.spec().map_or(self.name, |spec| spec.name);
        let mut parts: Vec<String> = self.columns.iter().map(|column| (*column).into()).collect();
        let parameters = self.spec().map_or(&[][..], |spec| spec.parameters);
        for parameter in parameters.iter().copied().flatten() {
            let json = |value: Literal<'_>| sent(parameter, &value);
            let (value, default) = (self.value(parameter).map(json), parameter.default.map(json));
            if value == default || (default.is_none() && value == Some(Json::Null)) {
                continue;
            }
            if let Some(value) = value {
                parts.push(format!("{} = {value}", parameter.name));
            }
        }
        write!(f, "{name}({})", parts.join(", "))
    }
}

/// A value as its parameter sends it: pairs are lists of two, and an empty list of names an object.
fn sent(parameter: &Parameter, value: &Literal<'_>) -> Json {
    match (parameter.takes, value) {
        (Takes::Pairs, Literal::Object(pairs)) => {
            let pairs = pairs.iter();
            pairs
                .map(|(first, second)| Json::from(vec![Json::from(*first), plain(second)]))
                .collect()
        }
        (Takes::Object | Takes::TextOrObject, Literal::List([])) => Json::Object(Map::new()),
        _ => plain(value),
    }
}

/// A literal as JSON, names in their order.
pub(super) fn plain(value: &Literal<'_>) -> Json {
    match value {
        Literal::List(values) => values.iter().map(plain).collect(),
        Literal::Object(entries) => {
            let entries = entries.iter();
            Json::Object(
                entries
                    .map(|(name, value)| ((*name).into(), plain(value)))
                    .collect(),
            )
        }
        _ => value.to_value().to_json(),
    }
}
