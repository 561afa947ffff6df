//! The arguments of an expectation by name, with their defaults.

use crate::entity::Expectation;
use crate::entity::expectation::Spec;
use crate::literal::Literal;

/// What an expectation is given.
pub(super) struct Given<'e> {
    expectation: &'e Expectation<'e>,
    spec: &'static Spec,
}

impl<'e> Given<'e> {
    pub(super) fn new(expectation: &'e Expectation<'e>, spec: &'static Spec) -> Self {
        Self { expectation, spec }
    }

    /// The value of a parameter or its default; `None` where it has none or is expressly none.
    pub(super) fn literal(&self, name: &str) -> Option<Literal<'e>> {
        let value = self.expectation.value(self.spec.parameter(name)?)?;
        (!matches!(value, Literal::Null)).then_some(value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.literal(name).is_some()
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        matches!(self.literal(name), Some(Literal::Bool(true)))
    }

    pub(super) fn text(&self, name: &str) -> Option<&'e str> {
        match self.literal(name) {
            Some(Literal::Str(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn length(&self, name: &str) -> Option<usize> {
        match self.literal(name) {
            Some(Literal::Int(length)) => usize::try_from(length).ok(),
            _ => None,
        }
    }

    pub(super) fn list(&self, name: &str) -> &'e [Literal<'e>] {
        match self.literal(name) {
            Some(Literal::List(values)) => values,
            _ => &[],
        }
    }

    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &'e str> + use<'e> {
        self.list(name).iter().filter_map(|value| match value {
            Literal::Str(text) => Some(*text),
            _ => None,
        })
    }
}
