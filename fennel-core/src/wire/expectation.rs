//! Expectations as the protocol's suites, and back.

use std::collections::HashMap;

use bumpalo::Bump;
use serde_json::{Map, Value as Json};

use crate::entity::expectation::{Columns, Spec};
use crate::entity::{Argument, Dataset, Expectation, Expectations, MAX_MEMBERS};
use crate::literal::Literal;
use crate::wire::proto::expectations;
use crate::wire::proto::expectations::expectations::EntityType;
use crate::wire::{Decoded, json_text};

/// The suite of a dataset that has expectations.
pub(super) fn suite(dataset: &Dataset<'_>) -> Option<expectations::Expectations> {
    let Expectations { version, list } = dataset.expectations?;
    let list = list.iter();
    let list = list.map(|expectation| expectations::Expectation {
        expectation_type: expectation.name.to_ascii_lowercase(),
        expectation_kwargs: json_text::to_text(&Json::Object(expectation.to_json())),
    });
    Some(expectations::Expectations {
        entity_name: dataset.name.into(),
        entity_version: dataset.version as i32,
        suite: Expectations::suite(dataset.name),
        expectations: list.collect(),
        version: version as i32,
        e_type: EntityType::Dataset.into(),
        ..Default::default()
    })
}

/// The suites of a request by their datasets' names. Those that belong to no dataset are left over.
#[derive(Default)]
pub(super) struct Suites<'r>(HashMap<&'r str, Vec<&'r expectations::Expectations>>);

impl<'r> Suites<'r> {
    pub(super) fn of(suites: &'r [expectations::Expectations]) -> Self {
        let mut by_name = Suites::default();
        for suite in suites {
            let named = by_name.0.entry(&suite.entity_name);
            named.or_default().push(suite);
        }
        by_name
    }

    /// The expectations of a dataset.
    ///
    /// # Errors
    ///
    /// There are several suites, one of a featureset, or one that can't be read.
    pub(super) fn decode<'a>(
        &self,
        arena: &'a Bump,
        dataset: &str,
    ) -> Decoded<Option<Expectations<'a>>> {
        let suite = match self.0.get(dataset).map(Vec::as_slice) {
            None | Some([]) => return Ok(None),
            Some([suite]) => suite,
            Some(_) => {
                return Err("a dataset has one list of expectations, and this has more".into());
            }
        };
        if suite.e_type != i32::from(EntityType::Dataset) {
            return Err(
                "expectations are about the rows of a dataset: a featureset has none".into(),
            );
        }
        let list = suite.expectations.iter();
        let list = list.map(|sent| {
            expectation(arena, sent)
                .map_err(|clause| format!("{}: {clause}", sent.expectation_type))
        });
        let list = list.collect::<Decoded<Vec<_>>>()?;
        Ok(Some(Expectations {
            version: u32::try_from(suite.version)
                .map_err(|_| "the version of its expectations is negative")?,
            list: arena.alloc_slice_copy(&list),
        }))
    }
}

fn expectation<'a>(arena: &'a Bump, sent: &expectations::Expectation) -> Decoded<Expectation<'a>> {
    let mut json: Map<String, Json> = serde_json::from_str(&sent.expectation_kwargs)
        .map_err(|error| format!("its arguments are not a JSON object: {error}"))?;
    let spec = Spec::find(&sent.expectation_type);
    let columns = match spec.map(|spec| spec.columns) {
        None => Vec::new(),
        Some(Columns::Each(names)) => {
            let columns = names.iter().filter_map(|name| json.shift_remove(*name));
            columns.collect()
        }
        Some(Columns::List(name)) => match json.shift_remove(name) {
            None => Vec::new(),
            Some(Json::Array(columns)) if columns.len() <= MAX_MEMBERS => columns,
            Some(_) => {
                return Err(format!(
                    "`{name}` is a list of at most {MAX_MEMBERS} columns"
                ));
            }
        },
    };
    let columns = columns.iter().map(|column| match column {
        Json::String(column) => Ok(&*arena.alloc_str(column)),
        _ => Err("a column is named by a text".to_owned()),
    });
    let columns = columns.collect::<Decoded<Vec<&str>>>()?;
    let mut arguments = Vec::new();
    for (name, value) in &json {
        arguments.push(Argument {
            name: arena.alloc_str(name),
            value: literal(arena, value)?,
        });
    }
    // What is sent without a default was expressly given as none.
    let parameters = spec.map_or(&[][..], |spec| spec.parameters);
    for parameter in parameters.iter().copied().flatten() {
        if parameter.default.is_some() && !json.contains_key(parameter.name) {
            arguments.push(Argument {
                name: parameter.name,
                value: Literal::Null,
            });
        }
    }
    Ok(Expectation {
        name: arena.alloc_str(&sent.expectation_type),
        columns: arena.alloc_slice_copy(&columns),
        arguments: arena.alloc_slice_copy(&arguments),
    })
}

fn literal<'a>(arena: &'a Bump, json: &Json) -> Decoded<Literal<'a>> {
    Ok(match json {
        Json::Null => Literal::Null,
        Json::Bool(bool) => Literal::Bool(*bool),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Literal::Int(int),
            None if number.is_f64() => {
                Literal::Float(number.as_f64().ok_or("a number is out of range")?)
            }
            None => return Err(format!("{number} is beyond the whole numbers there are")),
        },
        Json::String(text) => Literal::Str(arena.alloc_str(text)),
        Json::Array(elements) => {
            let literals = elements.iter().map(|json| literal(arena, json));
            Literal::List(arena.alloc_slice_copy(&literals.collect::<Decoded<Vec<_>>>()?))
        }
        Json::Object(entries) => {
            let literals = entries.iter().map(|(name, json)| {
                let name: &str = arena.alloc_str(name);
                Ok((name, literal(arena, json)?))
            });
            Literal::Object(arena.alloc_slice_copy(&literals.collect::<Decoded<Vec<_>>>()?))
        }
    })
}
