//! What the names in an expression mean.

use super::Typed;
use super::fault::fault;
use crate::entity::{Dataset, Featureset};
use crate::message::Message;
use crate::schema::Schema;
use crate::text::{closest, eq};
use crate::ty::{Computed, RecordField};

/// The names that an expression can use: those of one entity or step, and one closure's variable.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'s, 'a> {
    names: Names<'s, 'a>,
    variable: Option<(&'a str, Computed<'a>)>,
}

/// Where names come from.
#[derive(Clone, Copy, Debug)]
pub enum Names<'s, 'a> {
    /// Nowhere: a constant expression.
    None,
    /// Columns with their types.
    Columns(&'s [(&'a str, Computed<'a>)]),
    /// The columns of a pipeline's step.
    Schema(&'s Schema<'a>),
    /// The columns of a dataset.
    Dataset(&'s Dataset<'a>),
    /// The columns of a dataset, and others of the rows that a source takes in for it.
    Incoming(&'s Dataset<'a>, &'a [RecordField<'a>]),
    /// The features of a featureset.
    Featureset(&'s Featureset<'a>),
    /// The features of a featureset but the one at that position, which is made of them.
    Siblings(&'s Featureset<'a>, usize),
}

impl<'s, 'a> Scope<'s, 'a> {
    /// These names.
    #[must_use]
    pub const fn new(names: Names<'s, 'a>) -> Self {
        Scope {
            names,
            variable: None,
        }
    }

    /// The same names and a closure's variable.
    pub(crate) const fn with(&self, variable: &'a str, ty: Computed<'a>) -> Scope<'s, 'a> {
        Scope {
            names: self.names,
            variable: Some((variable, ty)),
        }
    }

    /// Whether a closure is around.
    pub(crate) const fn in_closure(&self) -> bool {
        self.variable.is_some()
    }

    /// The type of the closure's variable.
    pub(crate) const fn variable(&self, name: &str) -> Typed<'a> {
        match self.variable {
            Some((variable, ty)) if eq(variable, name) => Ok(ty),
            _ => fault!(
                Message::new("variable ")
                    .name(name)
                    .text(" is not in scope: it is known inside its own closure alone")
            ),
        }
    }

    /// The type of a column or a feature.
    pub(crate) const fn type_of(&self, name: &str) -> Typed<'a> {
        match self.names {
            Names::Schema(schema) => {
                if let Some(column) = schema.column(name) {
                    return Ok(column.ty);
                }
                if schema.is_open() {
                    return Ok(Computed::UNKNOWN);
                }
            }
            Names::Columns(columns) => {
                let mut i = 0;
                while i < columns.len() {
                    if eq(columns[i].0, name) {
                        return Ok(columns[i].1);
                    }
                    i += 1;
                }
            }
            Names::Dataset(dataset) => {
                if let Some(field) = dataset.field(name) {
                    return Ok(Computed::of(&field.ty));
                }
            }
            Names::Incoming(dataset, columns) => {
                if let Some(field) = dataset.field(name) {
                    return Ok(Computed::of(&field.ty));
                }
                let mut i = 0;
                while i < columns.len() {
                    if eq(columns[i].name, name) {
                        return Ok(Computed::of(&columns[i].ty));
                    }
                    i += 1;
                }
            }
            Names::Siblings(featureset, made) if eq(featureset.features[made].name, name) => {
                fault!(
                    Message::new("feature ")
                        .name(name)
                        .text(" depends on itself")
                );
            }
            Names::Featureset(featureset) | Names::Siblings(featureset, _) => {
                if let Some(feature) = featureset.feature(name) {
                    return Ok(Computed::of(&feature.ty));
                }
            }
            Names::None => {}
        }
        fault!(self.unknown(name))
    }

    const fn unknown(&self, name: &str) -> Message {
        let message = Message::new("there is no ")
            .text(self.kind())
            .text(" ")
            .name(name);
        if let Names::None = self.names {
            return Message::new("").name(name).text(
                " is not a constant: constants are written in SCREAMING_CASE or with their path",
            );
        }
        let (mut near, mut i) = (None, 0);
        while i < self.len() {
            if closest(self.at(i), name) {
                near = Some(self.at(i));
            }
            i += 1;
        }
        if let Some(near) = near {
            return message.text("; did you mean ").name(near).text("?");
        }
        if super::function::is_of_nothing(name) {
            return message
                .text("; as a function it is written `")
                .text(name)
                .text("(..)`");
        }
        let mut message = message.text("; there is ");
        let mut i = 0;
        while i < self.len() {
            message = message.listed(i, self.len(), self.at(i));
            i += 1;
        }
        message
    }

    const fn kind(&self) -> &'static str {
        match self.names {
            Names::Featureset(_) | Names::Siblings(..) => "feature",
            _ => "column",
        }
    }

    const fn len(&self) -> usize {
        match self.names {
            Names::None => 0,
            Names::Columns(columns) => columns.len(),
            Names::Schema(schema) => schema.len(),
            Names::Dataset(dataset) => dataset.fields.len(),
            Names::Incoming(dataset, columns) => dataset.fields.len() + columns.len(),
            Names::Featureset(featureset) | Names::Siblings(featureset, _) => {
                featureset.features.len()
            }
        }
    }

    const fn at(&self, i: usize) -> &'a str {
        match self.names {
            Names::None => "",
            Names::Columns(columns) => columns[i].0,
            Names::Schema(schema) => schema.name_at(i),
            Names::Dataset(dataset) => dataset.fields[i].name,
            Names::Incoming(dataset, columns) if i >= dataset.fields.len() => {
                columns[i - dataset.fields.len()].name
            }
            Names::Incoming(dataset, _) => dataset.fields[i].name,
            Names::Featureset(featureset) | Names::Siblings(featureset, _) => {
                featureset.features[i].name
            }
        }
    }
}
