//! Expectations: what the rows of a dataset should look like.
//!
//! They are data about rows, and no part of what decides the rows: changing them needs no new version.

mod check;
mod json;
#[cfg(feature = "eval")]
mod judge;
mod table;
mod value;

#[cfg(feature = "eval")]
pub use judge::{Judge, Verdict};
pub use table::{Columns, Parameter, SPECS, Spec, Takes};

use super::Dataset;
use crate::literal::Literal;
use crate::message::{Check, Message};

/// What `#[expectations]` says.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a> {
    /// The version of the list.
    pub version: u32,
    /// The expectations, in their order.
    pub list: &'a [Expectation<'a>],
}

/// One expectation: `expect_column_values_to_be_between(amount, min = 0.0)`.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// Which one.
    pub name: &'a str,
    /// The columns that it is about.
    pub columns: &'a [&'a str],
    /// The parameters that are given.
    pub arguments: &'a [Argument<'a>],
}

/// A parameter that is given.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a> {
    /// The parameter's name, or its short one.
    pub name: &'a str,
    /// Its value. Null says that not even the default is meant.
    pub value: Literal<'a>,
}

impl<'a> Dataset<'a> {
    /// Its expectations; none where it has no list of them.
    #[must_use]
    pub const fn expected(&self) -> &'a [Expectation<'a>] {
        match &self.expectations {
            Some(expectations) => expectations.list,
            None => &[],
        }
    }
}

impl Expectations<'_> {
    /// The suite that the protocol files the expectations of this dataset under.
    #[must_use]
    pub fn suite(dataset: &str) -> String {
        format!("dataset_{dataset}_expectations")
    }

    /// Checks the version.
    ///
    /// # Errors
    ///
    /// A version that the protocol has no room for.
    pub const fn check_version(&self) -> Check {
        if self.version > i32::MAX as u32 {
            return Err(Message::new("version is at most ").int(i32::MAX as i64));
        }
        Ok(())
    }

    /// Everything that can be checked, one by one.
    pub fn checks(&self, dataset: &Dataset<'_>) -> impl Iterator<Item = Check> {
        let list = self.list.iter().flat_map(move |expectation| {
            let columns = 0..expectation.columns.len();
            let arguments = 0..expectation.arguments.len();
            let whole = [expectation.check_name(), expectation.check_complete()];
            let whole = whole.into_iter();
            whole
                .chain(columns.map(|i| expectation.check_column(dataset, i)))
                .chain(arguments.clone().map(|i| expectation.check_argument(i)))
                .chain(arguments.map(|i| expectation.check_value(dataset, i)))
        });
        core::iter::once(self.check_version()).chain(list)
    }
}

impl<'a> Expectation<'a> {
    /// Its entry in the table; `None` for a name that is not in it.
    #[must_use]
    pub const fn spec(&self) -> Option<&'static Spec> {
        Spec::find(self.name)
    }

    /// What a parameter is given as, or its default. Null for one that is expressly none.
    #[must_use]
    pub fn value(&self, parameter: &Parameter) -> Option<Literal<'a>> {
        let mut arguments = self.arguments.iter();
        let given = arguments.find(|argument| parameter.is(argument.name));
        given.map_or(parameter.default, |argument| Some(argument.value))
    }
}
