//! `filter`: keeps rows for which an expression holds.

use super::{Args, Operands, Operator, Other, Received};
use crate::expr::operator::but;
use crate::expr::wire::Reader;
use crate::expr::{Expr, Names, Scope, advice};
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Kernel, Row};
use crate::message::Message;
use crate::schema::Schema;
use crate::ty::Type;
use crate::wire::proto::dataset as proto;
use crate::wire::{Decoded, encode_expr};

/// Keeps rows for which an expression holds.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'a> {
    /// What must hold: a `bool`, never null.
    pub condition: Expr<'a>,
    site: u32,
}

impl<'a> Flow<'a> {
    /// Keeps the rows for which `condition` holds: `.filter(amount > 0.0)`.
    ///
    /// The condition is a `bool`; where it can be null, say what null means with
    /// `fill_null(false)`.
    #[must_use]
    pub const fn filter(self, args: Args<'a>) -> Self {
        let (i, message) = match args.list {
            [] => (
                None,
                "`filter` needs a condition, such as `filter(amount > 0.0)`",
            ),
            [Expr::Named(..) | Expr::Closure(..), ..] => (
                Some(0),
                "write the condition itself, such as `filter(amount > 0.0)`",
            ),
            [condition] => {
                let site = args.site_of(0);
                let condition = *condition;
                return self.then(Operator::Filter(Filter { condition, site }), &args);
            }
            _ => (
                Some(1),
                "`filter` takes one condition: join two with `&&` or `||`",
            ),
        };
        let site = match i {
            Some(i) => args.site_of(i),
            None => args.site,
        };
        self.wrong(site, Message::new(message))
    }
}

impl<'a> Filter<'a> {
    pub(super) const TAKES_TWO: bool = false;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        _: u32,
        mistakes: &mut Mistakes,
    ) {
        match self.condition.type_in(&Scope::new(Names::Schema(schema))) {
            Err(fault) => mistakes.push(self.site + fault.at as u32, fault.message),
            Ok(ty) if ty.is_unknown() || matches!(ty.as_scalar(), Some(Type::Bool)) => {}
            Ok(ty) => {
                let message = but(
                    Message::new("`filter` needs a `bool`"),
                    &self.condition,
                    &ty,
                );
                let message = if ty.is_bool() && !ty.is_null() {
                    message.text(advice::FILTER_NULL_IS_FALSE)
                } else {
                    message
                };
                mistakes.push(self.site, message);
            }
        }
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::row(Row::Filter(self.condition), before)
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!(".filter({})", self.condition)
    }

    pub(super) fn encode(
        &self,
        schema: &Schema<'a>,
        [operand, _]: [&str; 2],
    ) -> Option<super::Kind> {
        Some(super::Kind::FilterExpr(proto::FilterExpr {
            operand_id: operand.into(),
            expr: Some(encode_expr(
                &self.condition,
                &Scope::new(Names::Schema(schema)),
            )),
            ..Default::default()
        }))
    }
}

impl Received for proto::FilterExpr {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        Ok(Operator::Filter(Filter {
            condition: reader.expr(self.expr.as_ref())?,
            site: 0,
        }))
    }
}
