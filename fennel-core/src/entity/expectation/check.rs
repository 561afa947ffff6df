//! Checks of an expectation's name, columns and parameters.

use super::{Columns, Expectation, Parameter, SPECS, Spec};
use crate::entity::Dataset;
use crate::message::{Check, Message};
use crate::text::{distance, eq};

impl Expectation<'_> {
    /// Checks that there is such an expectation.
    ///
    /// # Errors
    ///
    /// There is none; which one is the nearest.
    pub const fn check_name(&self) -> Check {
        if self.spec().is_some() {
            return Ok(());
        }
        let message = Message::new("there is no expectation ")
            .name(self.name)
            .text("; ");
        let (mut nearest, mut least, mut i) = ("", usize::MAX, 0);
        while i < SPECS.len() {
            let distance = distance(SPECS[i].name, self.name);
            if distance < least {
                (nearest, least) = (SPECS[i].name, distance);
            }
            i += 1;
        }
        Err(if least <= 3 {
            message.text("did you mean ").name(nearest).text("?")
        } else if least < self.name.len() / 2 {
            message
                .text("the nearest is ")
                .name(nearest)
                .text(", and the docs of `#[expectations]` list all")
        } else {
            message.text("the docs of `#[expectations]` list all")
        })
    }

    /// Checks that all its columns are named and all that it needs is given. Beside an argument that
    /// is no parameter nothing is missing: it may be what was meant.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub const fn check_complete(&self) -> Check {
        let Some(spec) = self.spec() else {
            return Ok(());
        };
        let mut i = 0;
        while i < self.arguments.len() {
            if spec.parameter(self.arguments[i].name).is_none() {
                return Ok(());
            }
            i += 1;
        }
        let named = self.columns.len();
        match spec.columns {
            Columns::Each([_]) if named == 0 => {
                return Err(self.needs("a column: name it first, as in ", "(amount)`"));
            }
            Columns::Each([_, _]) if named < 2 => {
                return Err(self.needs("two columns: name them first, as in ", "(high, low)`"));
            }
            Columns::List(_) if named == 0 => {
                return Err(self.needs("columns: name them first, as in ", "(net, tax, ..)`"));
            }
            _ => {}
        }
        let mut i = 0;
        while let Some(parameter) = spec.nth(i) {
            if parameter.required && !self.gives(parameter, self.arguments.len()) {
                return Err(Message::new("")
                    .name(spec.name)
                    .text(" needs ")
                    .name(parameter.name)
                    .text(": ")
                    .text(parameter.takes.describe()));
            }
            i += 1;
        }
        Ok(())
    }

    const fn needs(&self, what: &str, columns: &str) -> Message {
        Message::new("")
            .name(self.name)
            .text(" needs ")
            .text(what)
            .text("`")
            .text(self.name)
            .text(columns)
    }

    /// Whether one of the first `count` arguments gives the parameter.
    const fn gives(&self, parameter: &Parameter, count: usize) -> bool {
        let mut i = 0;
        while i < count {
            if parameter.is(self.arguments[i].name) {
                return true;
            }
            i += 1;
        }
        false
    }

    /// Checks the `i`th column: that the dataset has it, and that it is not one too many.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub const fn check_column(&self, dataset: &Dataset<'_>, i: usize) -> Check {
        let Some(spec) = self.spec() else {
            return Ok(());
        };
        if let Columns::Each(names) = spec.columns
            && i >= names.len()
        {
            return Err(Message::new("")
                .name(spec.name)
                .text(match names.len() {
                    1 => " is about one column",
                    _ => " is about two columns",
                })
                .text("; what else it takes is written as `parameter = value`"));
        }
        if dataset.position(self.columns[i]).is_none() {
            return Err(dataset.no_column(self.columns[i]));
        }
        Ok(())
    }

    /// Checks that the `i`th argument is a parameter of this expectation, given once.
    ///
    /// # Errors
    ///
    /// There is none of that name, with what there is; or it is given already.
    pub const fn check_argument(&self, i: usize) -> Check {
        let Some(spec) = self.spec() else {
            return Ok(());
        };
        let name = self.arguments[i].name;
        if let Some(parameter) = spec.parameter(name) {
            if self.gives(parameter, i) {
                return Err(Message::new("")
                    .name(parameter.name)
                    .text(" is given twice"));
            }
            return Ok(());
        }
        let columns = match &spec.columns {
            Columns::Each(names) => *names,
            Columns::List(name) => core::slice::from_ref(name),
        };
        let mut j = 0;
        while j < columns.len() {
            if eq(columns[j], name) {
                return Err(
                    Message::new("columns have no key: name them first, as in `")
                        .text(spec.name)
                        .text("(amount, ..)`"),
                );
            }
            j += 1;
        }
        Err(no_parameter(spec, name))
    }
}

const fn no_parameter(spec: &Spec, name: &str) -> Message {
    let mut message = Message::new("")
        .name(spec.name)
        .text(" has no parameter ")
        .name(name);
    let (mut nearest, mut least, mut total) = ("", usize::MAX, 0);
    while let Some(parameter) = spec.nth(total) {
        let distance = distance(parameter.name, name);
        if distance < least {
            (nearest, least) = (parameter.name, distance);
        }
        total += 1;
    }
    if least <= 1 + name.len() / 4 {
        return message.text("; did you mean ").name(nearest).text("?");
    }
    if eq(name, "mostly") {
        message = message.text(", which is for the values of one column");
    }
    message = message.text("; it takes ");
    let mut i = 0;
    while let Some(parameter) = spec.nth(i) {
        message = message.listed(i, total, parameter.name);
        i += 1;
    }
    message
}
