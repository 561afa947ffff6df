//! `union`: takes the rows of both inputs.

use core::marker::PhantomData;

use super::{Args, Operator, Other, keyless};
use crate::flow::{Flow, Mistakes};
use crate::message::Message;
use crate::schema::Schema;
use crate::text::eq;
use crate::wire::proto::dataset as proto;

/// Takes the rows of both inputs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Union<'a>(PhantomData<&'a ()>);

impl<'a> Flow<'a> {
    /// Takes the rows of both: `clicks.union(views)`. Neither has a key, and both have the same
    /// columns.
    #[must_use]
    pub const fn union(mut self, other: Flow<'a>, args: Args<'a>) -> Self {
        args.refuse_others(0, &[], &[], &mut self.mistakes);
        self.with(&other, Union::operator(), &args)
    }
}

impl<'a> Union<'a> {
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
            mistakes.push(site, super::after_terminal());
        }
        keyless("union", schema, site, mistakes);
        keyless("union", other, site, mistakes);
        if !eq(schema.timestamp(), other.timestamp()) {
            let message = Message::new("`union` needs the same columns: the event time is ")
                .name(schema.timestamp())
                .text(" here and ")
                .name(other.timestamp())
                .text(" there");
            mistakes.push(site, message);
        }
        lacking(schema, other, "here", "there", site, mistakes);
        lacking(other, schema, "there", "here", site, mistakes);
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

/// Notes a column of `a` that `b` lacks or has with another type.
const fn lacking(
    a: &Schema<'_>,
    b: &Schema<'_>,
    in_a: &str,
    in_b: &str,
    site: u32,
    mistakes: &mut Mistakes,
) {
    let mut i = 0;
    while i < a.columns() {
        let column = a.get(i);
        let message = Message::new("`union` needs the same columns: ")
            .name(column.name)
            .text(" is ");
        match b.position(column.name) {
            None => mistakes.push(site, message.text("only ").text(in_a)),
            Some(j)
                if b.get(j).ty.same(&column.ty)
                    || b.get(j).ty.is_unknown()
                    || column.ty.is_unknown() => {}
            Some(j) => mistakes.push(
                site,
                message
                    .computed(&column.ty)
                    .text(" ")
                    .text(in_a)
                    .text(" and ")
                    .computed(&b.get(j).ty)
                    .text(" ")
                    .text(in_b),
            ),
        }
        i += 1;
    }
}
