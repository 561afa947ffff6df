//! `first`: keeps the first row of each group.

use super::group_by::{group_call, regroup};
use super::{Args, Columns, Grouped, Operands, Operator, Other, Received, keyless};
use crate::expr::wire::Reader;
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Among, Kernel, Pick, Which};
use crate::message::Message;
use crate::schema::Schema;
use crate::wire::Decoded;
use crate::wire::proto::dataset as proto;

/// Keeps the first row of each group.
#[derive(Clone, Copy, Debug)]
pub struct First<'a> {
    /// The columns of the group.
    pub by: Columns<'a>,
}

impl<'a> Grouped<'a> {
    /// Keeps the row of each group with the earliest event time, the first to arrive of several:
    /// `.group_by(uid).first()`.
    #[must_use]
    pub const fn first(self, args: Args<'a>) -> Flow<'a> {
        let by = self.by;
        one_of_group(self, Operator::First(First { by }), args)
    }
}

/// Ends a group with an operator that keeps one of its rows.
pub(super) const fn one_of_group<'a>(
    grouped: Grouped<'a>,
    operator: Operator<'a>,
    args: Args<'a>,
) -> Flow<'a> {
    let mut flow = grouped.flow;
    if grouped.window.is_some() {
        let message = Message::new("only `aggregate` can follow a `group_by` with a window");
        flow.mistakes.push(args.site, message);
    }
    if !args.list.is_empty() {
        let message = Message::new("")
            .name(operator.name())
            .text(" takes no argument: its columns are those of `group_by`");
        flow.mistakes.push(args.site_of(0), message);
    }
    flow.then(operator, &args)
}

/// Makes the groups' columns the key and keeps the others as values.
pub(super) const fn one_row<'a>(
    name: &str,
    by: &Columns<'a>,
    schema: &mut Schema<'a>,
    site: u32,
    mistakes: &mut Mistakes,
) {
    keyless(name, schema, site, mistakes);
    let before = *schema;
    regroup(schema, by, false, site, mistakes);
    let mut i = 0;
    while i < before.columns() {
        let column = before.get(i);
        if !by.contains(column.name) {
            schema.push_column(column);
        }
        i += 1;
    }
}

impl<'a> First<'a> {
    pub(super) const TAKES_TWO: bool = false;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        one_row("`first`", &self.by, schema, site, mistakes);
    }

    pub(super) fn lower(&self, _: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::Pick(Pick {
            by: self.by.iter().collect(),
            among: Among::All,
            which: Which::First,
        })
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!("{}.first()", group_call(&self.by, None))
    }

    pub(super) fn encode(&self, _: &Schema<'a>, [operand, _]: [&str; 2]) -> Option<super::Kind> {
        Some(super::Kind::First(proto::First {
            operand_id: operand.into(),
            by: self.by.iter().map(Into::into).collect(),
            ..Default::default()
        }))
    }
}

impl Received for proto::First {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.by.len()
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let by = Columns::decode_some(reader.arena(), &self.by, "group_by")?;
        Ok(Operator::First(First { by }))
    }
}
