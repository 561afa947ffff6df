//! Checks of what an expectation's parameters are given as.

use super::{Argument, Expectation, Takes};
use crate::entity::Dataset;
use crate::literal::Literal;
use crate::message::{Check, Message, ensure};
use crate::text::eq;
use crate::ty::Type;

impl Expectation<'_> {
    /// Checks the value of the `i`th argument.
    ///
    /// # Errors
    ///
    /// It is not what the parameter takes, or can't be compared with the column.
    pub const fn check_value(&self, dataset: &Dataset<'_>, i: usize) -> Check {
        let Some(spec) = self.spec() else {
            return Ok(());
        };
        let Argument { name, value } = &self.arguments[i];
        let Some(parameter) = spec.parameter(name) else {
            return Ok(());
        };
        if matches!(value, Literal::Null) && !parameter.required {
            return Ok(());
        }
        if !is_finite(value) {
            return Err(Message::new("")
                .name(name)
                .text(" must be finite: there is no way to send an infinite number"));
        }
        if !parameter.takes.accepts(value) {
            let message = Message::new("")
                .name(name)
                .text(" is ")
                .text(parameter.takes.describe());
            return Err(match (parameter.takes, value) {
                (Takes::Part | Takes::Length, Literal::Int(_) | Literal::Float(_)) => message,
                (
                    Takes::Texts | Takes::Values | Takes::Pairs,
                    Literal::List(_) | Literal::Object(_),
                ) => message.text(", and this holds something else"),
                _ => message.text(", and this is ").text(value.kind()),
            });
        }
        self.check_comparable(dataset, parameter.takes, value)
    }

    /// Checks that what is compared with a column can be.
    const fn check_comparable(
        &self,
        dataset: &Dataset<'_>,
        takes: Takes,
        value: &Literal<'_>,
    ) -> Check {
        match (takes, value) {
            (Takes::Bound, _) if !self.crosses_types() => self.compare(dataset, 0, value),
            (Takes::Values, Literal::List(values)) => {
                let mut i = 0;
                while i < values.len() {
                    ensure!(self.compare(dataset, 0, &values[i]));
                    i += 1;
                }
                Ok(())
            }
            (Takes::Pairs, Literal::Object(pairs)) => {
                let mut i = 0;
                while i < pairs.len() {
                    ensure!(self.compare(dataset, 0, &Literal::Str(pairs[i].0)));
                    ensure!(self.compare(dataset, 1, &pairs[i].1));
                    i += 1;
                }
                Ok(())
            }
            (Takes::Pairs, Literal::List(pairs)) => {
                let mut i = 0;
                while i < pairs.len() {
                    if let Literal::List([first, second]) = &pairs[i] {
                        ensure!(self.compare(dataset, 0, first));
                        ensure!(self.compare(dataset, 1, second));
                    }
                    i += 1;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    const fn crosses_types(&self) -> bool {
        let mut i = 0;
        while i < self.arguments.len() {
            if eq(self.arguments[i].name, "allow_cross_type_comparisons") {
                return matches!(self.arguments[i].value, Literal::Bool(true));
            }
            i += 1;
        }
        false
    }

    /// Checks that a value can be equal to one of the `i`th column.
    const fn compare(&self, dataset: &Dataset<'_>, i: usize, value: &Literal<'_>) -> Check {
        if i >= self.columns.len() {
            return Ok(());
        }
        let Some(field) = dataset.field(self.columns[i]) else {
            return Ok(());
        };
        if is_comparable(value, &field.ty) {
            return Ok(());
        }
        Err(Message::new("column ")
            .name(field.name)
            .text(" is ")
            .ty(&field.ty)
            .text(", and can't be compared with ")
            .text(value.kind()))
    }
}

impl Takes {
    /// Whether a literal is what the parameter takes.
    const fn accepts(self, value: &Literal<'_>) -> bool {
        match (self, value) {
            (Takes::Bool, Literal::Bool(_))
            | (Takes::Text | Takes::Bound | Takes::TextOrObject, Literal::Str(_))
            | (Takes::Number | Takes::Bound, Literal::Int(_) | Literal::Float(_))
            | (Takes::Object | Takes::TextOrObject, Literal::Object(_) | Literal::List([])) => true,
            (Takes::Length, Literal::Int(length)) => *length >= 0,
            (Takes::Part, Literal::Int(part)) => *part == 0 || *part == 1,
            (Takes::Part, Literal::Float(part)) => *part >= 0.0 && *part <= 1.0,
            (Takes::Texts, Literal::List(values)) => {
                let mut i = 0;
                while i < values.len() && matches!(values[i], Literal::Str(_)) {
                    i += 1;
                }
                i == values.len()
            }
            (Takes::Values, Literal::List(values)) => {
                let mut i = 0;
                while i < values.len() && is_plain(&values[i]) {
                    i += 1;
                }
                i == values.len()
            }
            (Takes::Pairs, Literal::Object(pairs)) => {
                let mut i = 0;
                while i < pairs.len() && is_plain(&pairs[i].1) {
                    i += 1;
                }
                i == pairs.len()
            }
            (Takes::Pairs, Literal::List(pairs)) => {
                let mut i = 0;
                while i < pairs.len() && is_pair(&pairs[i]) {
                    i += 1;
                }
                i == pairs.len()
            }
            _ => false,
        }
    }
}

const fn is_plain(value: &Literal<'_>) -> bool {
    !matches!(value, Literal::List(_) | Literal::Object(_))
}

const fn is_pair(value: &Literal<'_>) -> bool {
    match value {
        Literal::List([first, second]) => is_plain(first) && is_plain(second),
        _ => false,
    }
}

const fn is_finite(value: &Literal<'_>) -> bool {
    match value {
        Literal::Float(float) => float.is_finite(),
        Literal::List(values) => {
            let mut i = 0;
            while i < values.len() && is_finite(&values[i]) {
                i += 1;
            }
            i == values.len()
        }
        Literal::Object(entries) => {
            let mut i = 0;
            while i < entries.len() && is_finite(&entries[i].1) {
                i += 1;
            }
            i == entries.len()
        }
        _ => true,
    }
}

/// Whether a plain value can be one of the column's; a nested column is not judged.
const fn is_comparable(value: &Literal<'_>, ty: &Type<'_>) -> bool {
    let ty = ty.required();
    if matches!(
        ty,
        Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Embedding { .. }
    ) {
        return true;
    }
    match value {
        Literal::Bool(_) => matches!(ty, Type::Bool),
        Literal::Int(_) | Literal::Float(_) => matches!(
            ty,
            Type::Int | Type::Float | Type::Decimal { .. } | Type::Between(_) | Type::OneOfInt(_)
        ),
        Literal::Str(_) => matches!(
            ty,
            Type::String
                | Type::Regex(_)
                | Type::OneOfString(_)
                | Type::Bytes
                | Type::Timestamp
                | Type::Date
                | Type::Decimal { .. }
        ),
        Literal::Null | Literal::List(_) | Literal::Object(_) => true,
    }
}
