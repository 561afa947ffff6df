//! `rename`: renames columns.

use super::{Args, Operator, Other};
use crate::expr::Expr;
use crate::flow::{Flow, Mistakes};
use crate::message::Message;
use crate::schema::{Column, Role, Schema};
use crate::wire::proto::dataset as proto;
use crate::wire::{Arena, Part};

/// Renames columns.
#[derive(Clone, Copy, Debug)]
pub struct Rename<'a> {
    /// `new = old` each.
    args: Args<'a>,
}

impl<'a> Flow<'a> {
    /// Renames columns, one after the other: `.rename(user_id = uid, sold_at = at)` gives `uid` the
    /// name `user_id`. Keys and the event time can be renamed too.
    #[must_use]
    pub const fn rename(self, args: Args<'a>) -> Self {
        if args.list.is_empty() {
            return self.wrong(
                args.site,
                Message::new(
                    "`rename` needs at least one column, as in `rename(new_name = old_name)`",
                ),
            );
        }
        self.then(Operator::Rename(Rename { args }), &args)
    }
}

impl<'a> Rename<'a> {
    /// The old and the new name of the `i`th column.
    const fn pair(&self, i: usize) -> Option<(&'a str, &'a str)> {
        match self.args.list[i] {
            Expr::Named(new, Expr::Name(old)) => Some((old, new)),
            _ => None,
        }
    }

    /// The old and the new names.
    pub fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let rename = *self;
        (0..self.args.list.len()).filter_map(move |i| rename.pair(i))
    }

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        _: u32,
        mistakes: &mut Mistakes,
    ) {
        let mut i = 0;
        while i < self.args.list.len() {
            let site = self.args.site_of(i);
            match self.pair(i) {
                None => mistakes.push(site, Message::new("write `rename(new_name = old_name)`")),
                Some((old, _)) if schema.role(old).is_none() => {
                    mistakes.push(site + 1, schema.no_column(old));
                }
                Some((_, new)) if schema.role(new).is_some() => mistakes.push(
                    site,
                    Message::new("there is a column ")
                        .name(new)
                        .text(" already"),
                ),
                Some((old, new)) => match schema.position(old) {
                    Some(at) => schema.set(
                        at,
                        Column {
                            name: new,
                            site,
                            ..schema.get(at)
                        },
                    ),
                    None => {
                        if let Some(Role::Timestamp) = schema.role(old) {
                            schema.rename_timestamp(new);
                        }
                    }
                },
            }
            i += 1;
        }
    }

    pub(super) fn encode(&self, _: &Schema<'a>, [operand, _]: [&str; 2]) -> Option<super::Kind> {
        let pairs = self.pairs();
        Some(super::Kind::Rename(proto::Rename {
            operand_id: operand.into(),
            column_map: pairs.map(|(old, new)| (old.into(), new.into())).collect(),
            ..Default::default()
        }))
    }

    pub(super) fn decode(message: &proto::Rename, arena: Arena<'a>) -> Part<Operator<'a>> {
        if message.column_map.is_empty() {
            return Err("a rename names no column".into());
        }
        let pairs = message.column_map.iter().map(|(old, new)| {
            Expr::Named(arena.text(new), arena.value(Expr::Name(arena.text(old))))
        });
        let list: Vec<_> = pairs.collect();
        Ok(Operator::Rename(Rename {
            args: Args::new(0, arena.slice(&list)),
        }))
    }
}
