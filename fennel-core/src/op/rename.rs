//! `rename`: renames columns.

use super::{Args, Operands, Operator, Other, Received, no_name};
use crate::expr::Expr;
use crate::expr::wire::Reader;
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Kernel, Row};
use crate::message::Message;
use crate::schema::{Column, MAX_COLUMNS, Role, Schema};
use crate::text::eq;
use crate::wire::Decoded;
use crate::wire::proto::dataset as proto;

/// Renames columns.
#[derive(Clone, Copy, Debug)]
pub struct Rename<'a> {
    /// `new = old` each.
    args: Args<'a>,
}

impl<'a> Flow<'a> {
    /// Renames columns: `.rename(user_id = uid, sold_at = at)` gives `uid` the name `user_id`. Keys
    /// and the event time can be renamed too. A name can be given on, as in
    /// `.rename(old_price = price, price = discounted)`, and two can't be swapped.
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
    pub(super) const TAKES_TWO: bool = false;

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
        if self.args.list.len() > MAX_COLUMNS {
            mistakes.push(self.args.site, super::assign::too_many());
            return;
        }
        // A message has the pairs in no order: each waits until its new name is free and its old
        // one is there. What a rename of one pair lets go on is tried next.
        let mut done = [false; MAX_COLUMNS];
        let mut next = [0; 2 * MAX_COLUMNS + 1];
        let mut start = 0;
        while start < self.args.list.len() {
            next[0] = start;
            let mut waiting = 1;
            while waiting > 0 {
                waiting -= 1;
                let i = next[waiting];
                if done[i] || self.is_repeated(i) || !self.rename(i, schema) {
                    continue;
                }
                done[i] = true;
                let mut k = 0;
                while k < self.args.list.len() {
                    if !done[k] && waiting < next.len() && self.lets_go_on(i, k) {
                        next[waiting] = k;
                        waiting += 1;
                    }
                    k += 1;
                }
            }
            start += 1;
        }
        let mut i = 0;
        while i < self.args.list.len() {
            if !done[i] {
                self.refuse(i, schema, mistakes);
            }
            i += 1;
        }
    }

    /// Renames the `i`th column, if its new name is free; whether it did.
    const fn rename(&self, i: usize, schema: &mut Schema<'a>) -> bool {
        let Some((old, new)) = self.pair(i) else {
            return false;
        };
        if schema.role(new).is_some() {
            return false;
        }
        match (schema.position(old), schema.role(old)) {
            (Some(at), _) => {
                let site = self.args.site_of(i);
                let column = schema.get(at);
                schema.set(
                    at,
                    Column {
                        name: new,
                        site,
                        ..column
                    },
                );
                true
            }
            (None, Some(Role::Timestamp)) => {
                schema.rename_timestamp(new);
                true
            }
            _ => false,
        }
    }

    /// Whether the `k`th column takes the `i`th one's old name, or gives its new one on.
    const fn lets_go_on(&self, i: usize, k: usize) -> bool {
        match (self.pair(i), self.pair(k)) {
            (Some((old, new)), Some((next_old, next_new))) => {
                eq(next_new, old) || eq(next_old, new)
            }
            _ => false,
        }
    }

    /// Whether a column before the `i`th one has the same old or the same new name.
    const fn is_repeated(&self, i: usize) -> bool {
        let mut j = 0;
        while j < i {
            if let (Some((old, new)), Some((other_old, other_new))) = (self.pair(i), self.pair(j))
                && (eq(old, other_old) || eq(new, other_new))
            {
                return true;
            }
            j += 1;
        }
        false
    }

    /// Notes why the `i`th column was not renamed.
    const fn refuse(&self, i: usize, schema: &mut Schema<'_>, mistakes: &mut Mistakes) {
        let site = self.args.site_of(i);
        match self.pair(i) {
            None => {
                let (offset, message) = no_pair(&self.args.list[i]);
                mistakes.push(site + offset, message);
                schema.spoil();
            }
            Some(_) if self.is_repeated(i) => mistakes.push(
                site,
                Message::new(
                    "each column is renamed once, to a name of its own: write a second `rename` behind it",
                ),
            ),
            Some((old, _)) if schema.role(old).is_none() => {
                schema.missing(old, site + 1, mistakes);
            }
            Some((old, new)) => {
                let message = if eq(old, new) {
                    Message::new("").name(new).text(" has this name already")
                } else {
                    Message::new("there is a column ")
                        .name(new)
                        .text(" already: choose another name")
                };
                mistakes.push(site, message);
                schema.spoil();
            }
        }
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::row(Row::Rename(self.pairs().collect()), before)
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!(".rename({})", self.args)
    }

    pub(super) fn encode(&self, _: &Schema<'a>, [operand, _]: [&str; 2]) -> Option<super::Kind> {
        let pairs = self.pairs();
        Some(super::Kind::Rename(proto::Rename {
            operand_id: operand.into(),
            column_map: pairs.map(|(old, new)| (old.into(), new.into())).collect(),
            ..Default::default()
        }))
    }
}

impl Received for proto::Rename {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.column_map.len()
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let arena = reader.arena();
        if self.column_map.is_empty() {
            return Err("its `rename` names no column".into());
        }
        let pairs = self.column_map.iter().map(|(old, new)| {
            let old = arena.value(Expr::Name(arena.text(old)));
            Ok(Expr::Named(arena.name(new)?, old))
        });
        let list = pairs.collect::<Decoded<Vec<_>>>()?;
        Ok(Operator::Rename(Rename {
            args: Args::new(0, arena.slice(&list)),
        }))
    }
}

/// Why an argument is not `new = old`, and at which of its nodes.
const fn no_pair(argument: &Expr<'_>) -> (u32, Message) {
    match argument {
        Expr::Named(_, value) => (1, no_name(value)),
        _ => (0, Message::new("write `rename(new_name = old_name)`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::{rows, shown};
    use crate::ty::Type;

    const USERS: Flow<'static> = rows(
        "User",
        &[("uid", Type::Int)],
        &[("name", Type::String), ("city", Type::String)],
    );

    fn renamed(pairs: &[(&'static str, &'static str)]) -> String {
        let named = pairs.iter().map(|(new, old)| {
            let old: &'static Expr<'static> = Box::leak(Box::new(Expr::Name(old)));
            Expr::Named(new, old)
        });
        shown(&USERS.rename(Args::new(3, Vec::leak(named.collect()))))
    }

    #[test]
    fn columns_are_renamed_in_place() {
        assert_eq!(
            renamed(&[
                ("id", "uid"),
                ("seen_at", "at"),
                ("town", "city"),
                ("city", "name")
            ]),
            "id i64 | city String, town String @ seen_at"
        );
        assert_eq!(
            renamed(&[("city", "name")]),
            "4: there is a column `city` already: choose another name"
        );
        assert_eq!(renamed(&[("uid", "uid")]), "4: `uid` has this name already");
    }
}
