//! `changelog`: makes a stream of the changes of a table.

use super::{Args, Operands, Operator, Other, Received, no_name};
use crate::expr::wire::Reader;
use crate::expr::{Expr, Name};
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Kernel, Row};
use crate::message::Message;
use crate::schema::{Column, Schema};
use crate::ty::Computed;
use crate::wire::Decoded;
use crate::wire::proto::dataset as proto;

/// Makes a stream of the changes of a table.
#[derive(Clone, Copy, Debug)]
pub struct Changelog<'a> {
    /// The column that tells what a row is.
    pub column: &'a str,
    /// Whether it is true for deletes, rather than for inserts.
    pub deletes: bool,
    site: u32,
}

impl<'a> Flow<'a> {
    /// Makes a stream of the changes of a table: the keys become values, and a column tells
    /// deletes from inserts, as `.changelog(delete = gone)` or `.changelog(insert = is_new)`.
    #[must_use]
    pub const fn changelog(self, args: Args<'a>) -> Self {
        match args.list {
            [Expr::Named(kind, Expr::Name(column))]
                if crate::text::eq(kind, "delete") || crate::text::eq(kind, "insert") =>
            {
                self.then(
                    Operator::Changelog(Changelog {
                        column,
                        deletes: crate::text::eq(kind, "delete"),
                        site: args.site_of(0) + 1,
                    }),
                    &args,
                )
            }
            [Expr::Named(kind, value)]
                if crate::text::eq(kind, "delete") || crate::text::eq(kind, "insert") =>
            {
                self.wrong(args.site_of(0) + 1, no_name(value))
            }
            _ => {
                let i = args.list.len().saturating_sub(1);
                let site = if args.list.is_empty() {
                    args.site
                } else {
                    args.site_of(i)
                };
                let message =
                    "`changelog` takes one new column, `delete = is_gone` or `insert = is_new`";
                self.wrong(site, Message::new(message))
            }
        }
    }
}

impl<'a> Changelog<'a> {
    pub(super) const TAKES_TWO: bool = false;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        if schema.keys() == 0 && !schema.is_open() {
            mistakes.push(
                site,
                Message::new("`changelog` needs rows with a key, and these have none"),
            );
        }
        schema.drop_keys();
        if schema.role(self.column).is_some() {
            let message = Message::new("there is a column ")
                .name(self.column)
                .text(" already: choose another name");
            mistakes.push(self.site, message);
            schema.spoil();
            return;
        }
        let column = Column {
            name: self.column,
            ty: Computed::BOOL,
            site: self.site,
        };
        if !schema.push_column(column) {
            mistakes.push(site, super::assign::too_many());
        }
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        let row = Row::Changelog {
            column: self.column,
            deletes: self.deletes,
        };
        Kernel::row(row, before)
    }

    pub(super) fn call(&self, _: &str) -> String {
        let kind = if self.deletes { "delete" } else { "insert" };
        format!(".changelog({kind} = {})", Name(self.column))
    }

    pub(super) fn encode(&self, _: &Schema<'a>, [operand, _]: [&str; 2]) -> Option<super::Kind> {
        Some(super::Kind::Changelog(proto::Changelog {
            operand_id: operand.into(),
            kind_column: self.column.into(),
            deletes: self.deletes,
            ..Default::default()
        }))
    }
}

impl Received for proto::Changelog {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        if self.kind_column.is_empty() {
            return Err("its `changelog` names no column".into());
        }
        Ok(Operator::Changelog(Changelog {
            column: reader.arena().name(&self.kind_column)?,
            deletes: self.deletes,
            site: 0,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::{rows, shown};
    use crate::ty::Type;

    const USERS: Flow<'static> = rows("User", &[("uid", Type::Int)], &[("city", Type::String)]);

    #[test]
    fn keys_become_values_before_the_others() {
        let log = |column| {
            let column: &'static Expr<'static> = Box::leak(Box::new(Expr::Name(column)));
            let args = Vec::leak(vec![Expr::Named("delete", column)]);
            shown(&USERS.changelog(Args::new(3, args)))
        };
        assert_eq!(log("gone"), "| uid i64, city String, gone bool @ at");
        assert_eq!(
            log("uid"),
            "5: there is a column `uid` already: choose another name"
        );
    }
}
