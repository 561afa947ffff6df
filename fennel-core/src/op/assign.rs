//! `assign`: adds and replaces columns.

use super::{Args, Operands, Operator, Other, Received};
use crate::expr::wire::Reader;
use crate::expr::{Expr, Names, Scope};
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Assigned, Kernel, Row};
use crate::message::Message;
use crate::schema::{Column, MAX_COLUMNS, Role, Schema};
use crate::ty::Computed;
use crate::wire::proto::dataset as proto;
use crate::wire::{Decoded, encode_expr, encode_type, types};

/// Adds and replaces columns.
#[derive(Clone, Copy, Debug)]
pub struct Assign<'a> {
    args: Args<'a>,
}

impl<'a> Flow<'a> {
    /// Adds columns, or replaces values: `.assign(usd = amount * RATE, big = amount > 100.0)`.
    ///
    /// Each is computed from the columns before this step; those assigned beside it are not there
    /// yet. `as` declares a wider type: `usd = (a + b) as f64`.
    #[must_use]
    pub const fn assign(self, args: Args<'a>) -> Self {
        if args.list.is_empty() {
            return self.wrong(
                args.site,
                Message::new(
                    "`assign` needs at least one column, as in `assign(total = price * count)`",
                ),
            );
        }
        self.then(Operator::Assign(Assign { args }), &args)
    }
}

impl<'a> Assign<'a> {
    pub(super) const TAKES_TWO: bool = false;

    /// The columns with their expressions, in the order they were written.
    pub fn columns(&self) -> impl Iterator<Item = (&'a str, &'a Expr<'a>)> {
        self.args.list.iter().filter_map(|arg| match arg {
            Expr::Named(name, value) => Some((*name, *value)),
            _ => None,
        })
    }

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        _: u32,
        mistakes: &mut Mistakes,
    ) {
        let before = *schema;
        let scope = Scope::new(Names::Schema(&before));
        let (mut next, mut i) = (self.args.site_of(0), 0);
        while i < self.args.list.len() {
            let site = next;
            next += self.args.list[i].size() as u32;
            let Expr::Named(name, value) = self.args.list[i] else {
                if !schema.is_spoilt() {
                    mistakes.push(
                        site,
                        Message::new("name the column, as in `assign(total = price * count)`"),
                    );
                }
                schema.spoil();
                i += 1;
                continue;
            };
            let ty = match value.declared_in(&scope) {
                Ok(ty) if ty.is_null() => {
                    mistakes.push(
                        site + 1,
                        Message::new(
                            "null alone has no type: write `None as Option<i64>` or the like",
                        ),
                    );
                    Computed::UNKNOWN
                }
                Ok(ty) => ty,
                Err(fault) => {
                    mistakes.push(
                        site + 1 + fault.at as u32,
                        self.beside(i, &scope, fault.message),
                    );
                    Computed::UNKNOWN
                }
            };
            let column = Column { name, ty, site };
            match before.role(name) {
                Some(Role::Key) => mistakes.push(
                    site,
                    Message::new("")
                        .name(name)
                        .text(" is a key, which stays: assign a column of another name"),
                ),
                Some(Role::Timestamp) => mistakes.push(
                    site,
                    Message::new("")
                        .name(name)
                        .text(" is the event time, which stays: assign a column of another name"),
                ),
                _ if self.is_repeated(i, name) => {
                    mistakes.push(site, Message::new("").name(name).text(" is assigned twice"))
                }
                _ => match schema.position(name) {
                    Some(at) => schema.set(at, column),
                    None => {
                        if !schema.push_column(column) {
                            mistakes.push(site, too_many());
                        }
                    }
                },
            }
            i += 1;
        }
    }

    const fn is_repeated(&self, i: usize, name: &str) -> bool {
        let mut j = 0;
        while j < i {
            if let Expr::Named(other, _) = self.args.list[j]
                && crate::text::eq(other, name)
            {
                return true;
            }
            j += 1;
        }
        false
    }

    /// What is wrong with the `i`th column; another sentence where it misses one that is assigned
    /// beside it.
    const fn beside(&self, i: usize, scope: &Scope<'_, 'a>, message: Message) -> Message {
        let mut j = 0;
        while j < self.args.list.len() {
            if let Expr::Named(name, _) = self.args.list[j]
                && j != i
                && let Err(missing) = scope.type_of(name)
                && crate::text::eq(missing.message.as_str(), message.as_str())
            {
                return Message::new("").name(name).text(
                    " is assigned in this same step and not there yet: write a second `assign` behind it",
                );
            }
            j += 1;
        }
        message
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        let scope = Scope::new(Names::Schema(before));
        let columns = self.columns().map(|(name, value)| Assigned {
            name,
            value: *value,
            ty: value.declared_in(&scope).unwrap_or(Computed::UNKNOWN),
        });
        Kernel::row(Row::Assign(columns.collect()), before)
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!(".assign({})", self.args)
    }

    pub(super) fn encode(
        &self,
        schema: &Schema<'a>,
        [operand, _]: [&str; 2],
    ) -> Option<super::Kind> {
        let scope = Scope::new(Names::Schema(schema));
        let mut message = proto::AssignExpr {
            operand_id: operand.into(),
            ..Default::default()
        };
        for (name, value) in self.columns() {
            let ty = value.declared_in(&scope).unwrap_or(Computed::UNKNOWN);
            message
                .exprs
                .insert(name.into(), encode_expr(value, &scope));
            message.output_types.insert(name.into(), encode_type(ty));
        }
        Some(super::Kind::AssignExpr(message))
    }
}

impl Received for proto::AssignExpr {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.exprs.len()
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        if self.exprs.is_empty() {
            return Err("its `assign` names no column".into());
        }
        let mut list = Vec::with_capacity(self.exprs.len());
        for (name, expr) in &self.exprs {
            let value = reader.expr(Some(expr))?;
            let ty = self
                .output_types
                .get(name)
                .ok_or_else(|| format!("`{name}` has no type"))?;
            let ty = types::decode(reader.arena(), Some(ty))?;
            let value = match value {
                Expr::Cast(..) => value,
                value => Expr::Cast(reader.arena().value(value), ty),
            };
            list.push(Expr::Named(
                reader.arena().name(name)?,
                reader.arena().value(value),
            ));
        }
        if let Some(stray) = self
            .output_types
            .keys()
            .find(|name| !self.exprs.contains_key(*name))
        {
            return Err(format!("`{stray}` has a type and no expression"));
        }
        Ok(Operator::Assign(Assign {
            args: Args::new(0, reader.arena().slice(&list)),
        }))
    }
}

pub(super) const fn too_many() -> Message {
    Message::new("there are more than ")
        .int(MAX_COLUMNS as i64)
        .text(" columns here, the most in a pipeline: drop some before")
}
