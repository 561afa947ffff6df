//! `latest`: keeps the latest row of each group.

use super::first::{one_of_group, one_row};
use super::group_by::group_call;
use super::{Args, Columns, Grouped, Operands, Operator, Other, Received};
use crate::expr::wire::Reader;
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Among, Kernel, Pick, Which};
use crate::schema::Schema;
use crate::wire::Decoded;
use crate::wire::proto::dataset as proto;

/// Keeps the latest row of each group.
#[derive(Clone, Copy, Debug)]
pub struct Latest<'a> {
    /// The columns of the group.
    pub by: Columns<'a>,
}

impl<'a> Grouped<'a> {
    /// Keeps the row of each group with the latest event time, the last to arrive of several:
    /// `.group_by(uid).latest()` makes a table of a stream.
    #[must_use]
    pub const fn latest(self, args: Args<'a>) -> Flow<'a> {
        let by = self.by;
        one_of_group(self, Operator::Latest(Latest { by }), args)
    }
}

impl<'a> Latest<'a> {
    pub(super) const TAKES_TWO: bool = false;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        one_row("`latest`", &self.by, schema, site, mistakes);
    }

    pub(super) fn lower(&self, _: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::Pick(Pick {
            by: self.by.iter().collect(),
            among: Among::All,
            which: Which::Latest,
        })
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!("{}.latest()", group_call(&self.by, None))
    }

    pub(super) fn encode(&self, _: &Schema<'a>, [operand, _]: [&str; 2]) -> Option<super::Kind> {
        Some(super::Kind::Latest(proto::Latest {
            operand_id: operand.into(),
            by: self.by.iter().map(Into::into).collect(),
            ..Default::default()
        }))
    }
}

impl Received for proto::Latest {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.by.len()
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let by = Columns::decode_some(reader.arena(), &self.by, "group_by")?;
        Ok(Operator::Latest(Latest { by }))
    }
}
