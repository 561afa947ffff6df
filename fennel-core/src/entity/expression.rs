//! Features that are computed from the others of their featureset.

use super::{Featureset, Origin};
use crate::expr::{Expr, Fault, Names, Scope};
use crate::message::{Check, Message};

impl<'a> Featureset<'a> {
    /// The names that the expression of the `i`th feature can use: all features but itself.
    #[must_use]
    pub const fn scope(&self, i: usize) -> Scope<'_, 'a> {
        Scope::new(Names::Siblings(self, i))
    }

    /// Checks the expression of the `i`th feature, if it is one.
    ///
    /// # Errors
    ///
    /// What is wrong with which part of the expression.
    pub const fn check_expr(&self, i: usize) -> Result<(), Fault> {
        let Some(extraction) = self.features[i].extraction else {
            return Ok(());
        };
        let Origin::Expr(expr) = extraction.origin else {
            return Ok(());
        };
        if let Expr::Cast(inner, _) = expr
            && !matches!(inner, Expr::Literal(_))
        {
            return Err(Fault::new(Message::new(
                "a feature's type is that of its field: leave `as` out",
            )));
        }
        match expr.type_in(&self.scope(i)) {
            Ok(_) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Checks the type of the `i`th feature against its expression; what
    /// [`Featureset::check_expr`] reports is passed over.
    pub(super) const fn check_computed(
        &self,
        i: usize,
        expr: &Expr<'a>,
        with_default: bool,
    ) -> Check {
        let feature = &self.features[i];
        if with_default {
            return Err(Message::new(
                "an expression has no default: write `.fill_null(..)` in it where it can be null",
            ));
        }
        if self.check_expr(i).is_err() {
            return Ok(());
        }
        let Ok(computed) = expr.type_in(&self.scope(i)) else {
            return Ok(());
        };
        if computed.matches(&feature.ty) {
            return Ok(());
        }
        Err(Message::new("")
            .member(self.name, feature.name)
            .text(" is ")
            .ty(&feature.ty)
            .text(", but its expression is ")
            .computed(&computed))
    }
}
