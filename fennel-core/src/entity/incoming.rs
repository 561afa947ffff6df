//! Expressions over the rows that a source takes in.

use super::{Dataset, Preproc, PreprocValue, Source};
use crate::expr::{Expr, Fault, Names, Scope, advice};
use crate::message::{Check, Message};
use crate::text::eq;
use crate::ty::Type;

impl<'a> Source<'a> {
    /// The names that its expressions can use: the dataset's columns, and those that it adds.
    #[must_use]
    pub const fn scope<'s>(&self, dataset: &'s Dataset<'a>) -> Scope<'s, 'a> {
        Scope::new(Names::Incoming(dataset, self.columns))
    }

    /// Checks that the filter is a `bool` over the columns.
    ///
    /// # Errors
    ///
    /// What is wrong with which part.
    pub const fn check_filter(&self, dataset: &Dataset<'a>) -> Result<(), Fault> {
        let Some(filter) = &self.filter else {
            return Ok(());
        };
        let computed = match exact_type(filter, &self.scope(dataset)) {
            Ok(computed) => computed,
            Err(fault) => return Err(fault),
        };
        if computed.is_unknown() || computed.is(&Type::Bool) {
            return Ok(());
        }
        let message = Message::new("a filter is a `bool`, and this is ").computed(&computed);
        Err(Fault::new(if computed.is_bool() {
            message.text(advice::NULL_IS_FALSE)
        } else {
            message
        }))
    }

    /// Checks the expression that makes the `i`th column of preproc, if it is one.
    ///
    /// # Errors
    ///
    /// What is wrong with which part; another type than the column's.
    pub const fn check_preproc_expr(&self, dataset: &Dataset<'a>, i: usize) -> Result<(), Fault> {
        let Preproc {
            column,
            value: PreprocValue::Expr(expr),
        } = &self.preproc[i]
        else {
            return Ok(());
        };
        let Some(at) = dataset.position(column) else {
            return Ok(());
        };
        if matches!(dataset.timestamp(), Some(timestamp) if timestamp == at) {
            return Err(Fault::new(
                Message::new("the event time ")
                    .name(column)
                    .text(" is read or a constant: it can't be computed"),
            ));
        }
        let computed = match exact_type(expr, &self.scope(dataset)) {
            Ok(computed) => computed,
            Err(fault) => return Err(fault),
        };
        let ty = &dataset.fields[at].ty;
        if computed.is_unknown() || computed.is(ty) {
            return Ok(());
        }
        Err(Fault::new(
            Message::new("")
                .member(dataset.name, column)
                .text(" is ")
                .ty(ty)
                .text(", but preproc makes it ")
                .computed(&computed),
        ))
    }

    /// Checks the `i`th column that the source adds for its expressions.
    ///
    /// # Errors
    ///
    /// It is named twice, or the dataset has it with another type.
    pub const fn check_column(&self, dataset: &Dataset<'_>, i: usize) -> Check {
        let column = &self.columns[i];
        let mut j = 0;
        while j < i {
            if eq(self.columns[j].name, column.name) {
                return Err(Message::new("")
                    .name(column.name)
                    .text(" is given twice in `schema`"));
            }
            j += 1;
        }
        if let Some(field) = dataset.field(column.name)
            && !field.ty.is(&column.ty)
        {
            return Err(Message::new("")
                .member(dataset.name, column.name)
                .text(" is ")
                .ty(&field.ty)
                .text(", but `schema` has it as ")
                .ty(&column.ty));
        }
        column.ty.check()
    }
}

/// The type of a whole expression; one that `as` declares is that very one.
const fn exact_type<'a>(expr: &Expr<'a>, scope: &Scope<'_, 'a>) -> crate::expr::Typed<'a> {
    let computed = match expr.declared_in(scope) {
        Ok(computed) => computed,
        Err(fault) => return Err(fault),
    };
    if let Expr::Cast(inner, ty) = expr
        && !matches!(inner, Expr::Literal(_))
        && let Ok(inner) = inner.type_in(scope)
        && !inner.is_unknown()
        && !inner.is(ty)
    {
        return Err(Fault::new(
            Message::new("this is ")
                .computed(&inner)
                .text(", and `as` declares another type: ")
                .ty(ty),
        ));
    }
    Ok(computed)
}
