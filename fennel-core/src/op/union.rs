//! `union`: takes the rows of both inputs.

use core::marker::PhantomData;

use super::{Args, Operands, Operator, Other, Received, keyless};
use crate::expr::wire::Reader;
use crate::flow::{Flow, Mistakes};
use crate::kernel::Kernel;
use crate::message::Message;
use crate::schema::Schema;
use crate::text::eq;
use crate::wire::Decoded;
use crate::wire::proto::dataset as proto;

/// Takes the rows of both inputs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Union<'a>(PhantomData<&'a ()>);

impl<'a> Flow<'a> {
    /// Takes the rows of both: `clicks.union(views)`. Neither has a key, and both have the same
    /// columns.
    #[must_use]
    pub const fn union(mut self, other: Flow<'a>, args: Args<'a>) -> Self {
        if !args.list.is_empty() {
            self.mistakes.push(
                args.site_of(0),
                Message::new("`union` takes one flow: chain a second `union` for a third flow"),
            );
        }
        self.with(&other, Union::operator(), &args)
    }
}

impl<'a> Union<'a> {
    pub(super) const TAKES_TWO: bool = true;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        other: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        let Some((other, _)) = other else {
            return;
        };
        if other.is_terminal() {
            mistakes.push(site, super::after_terminal(other));
            schema.spoil();
        }
        keyless("`union`", schema, site, mistakes);
        if other.keys() > 0 && !other.is_open() && !schema.is_open() {
            let message =
                Message::new("`union` needs rows without a key, and the other ones have the key ");
            mistakes.push(site, other.list(0, other.keys(), message));
            schema.spoil();
        }
        if schema.is_open() || schema.is_spoilt() || other.is_open() {
            schema.spoil();
            return;
        }
        let differences = differences(schema, other);
        if !differences.as_str().is_empty() {
            let message = Message::new("`union` needs the same columns: ");
            mistakes.push(site, message.text(differences.as_str()));
            schema.spoil();
        }
    }

    pub(super) fn lower(&self, _: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::Merge
    }

    pub(super) fn call(&self, right: &str) -> String {
        format!(".union({right})")
    }

    pub(super) fn encode(&self, _: &Schema<'a>, operands: [&str; 2]) -> Option<super::Kind> {
        Some(super::Kind::Union(proto::Union {
            operand_ids: operands.map(Into::into).into(),
            ..Default::default()
        }))
    }

    pub(crate) const fn operator() -> Operator<'a> {
        Operator::Union(Union(PhantomData))
    }
}

impl Received for proto::Union {
    fn operands(&self) -> Decoded<Operands<'_>> {
        match self.operand_ids.as_slice() {
            [left, right] => Ok([Some(left), Some(right)]),
            _ => Err("a union has two operands; chain one behind the other for more".into()),
        }
    }

    fn read<'a>(&self, _: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        Ok(Union::operator())
    }
}

/// The columns that only one of both has, or that have another type there.
const fn differences(here: &Schema<'_>, there: &Schema<'_>) -> Message {
    let mut message = Message::new("");
    let mut i = 0;
    while i < here.columns() {
        let column = here.get(i);
        match there.position(column.name) {
            None => message = message.also("").name(column.name).text(" is only here"),
            Some(j)
                if there.get(j).ty.same(&column.ty)
                    || there.get(j).ty.is_unknown()
                    || column.ty.is_unknown() => {}
            Some(j) => {
                message = message
                    .also("")
                    .name(column.name)
                    .text(" is ")
                    .computed(&column.ty)
                    .text(" here and ")
                    .computed(&there.get(j).ty)
                    .text(" there");
            }
        }
        i += 1;
    }
    let mut i = 0;
    while i < there.columns() {
        let name = there.get(i).name;
        if here.position(name).is_none() {
            message = message.also("").name(name).text(" is only there");
        }
        i += 1;
    }
    if !eq(here.timestamp(), there.timestamp()) {
        message = message
            .also("the event time is ")
            .name(here.timestamp())
            .text(" here and ")
            .name(there.timestamp())
            .text(" there");
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::{rows, shown};
    use crate::ty::Type;

    const CLICKS: Flow<'static> = rows("Click", &[], &[("uid", Type::Int), ("page", Type::String)]);

    #[test]
    fn columns_may_stand_in_any_order() {
        const VIEWS: Flow<'static> =
            rows("View", &[], &[("page", Type::String), ("uid", Type::Int)]);
        let both = CLICKS.union(VIEWS, Args::new(3, &[]));
        assert_eq!(shown(&both), "| uid i64, page String @ at");
    }

    #[test]
    fn every_column_that_differs_is_told() {
        const VIEWS: Flow<'static> =
            rows("View", &[], &[("uid", Type::Float), ("seconds", Type::Int)]);
        let both = CLICKS.union(VIEWS, Args::new(3, &[]));
        assert_eq!(
            shown(&both),
            "3: `union` needs the same columns: `uid` is `i64` here and `f64` there; `page` is only here; `seconds` is only there"
        );
    }

    #[test]
    fn neither_side_has_a_key() {
        const USERS: Flow<'static> = rows("User", &[("uid", Type::Int)], &[("page", Type::String)]);
        assert_eq!(
            shown(&CLICKS.union(USERS, Args::new(3, &[]))),
            "3: `union` needs rows without a key, and the other ones have the key `uid`"
        );
        assert_eq!(
            shown(&USERS.union(CLICKS, Args::new(3, &[]))),
            "3: `union` needs rows without a key, and these have the key `uid`"
        );
    }
}
