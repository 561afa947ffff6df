//! `drop`: removes columns.

use super::{Args, Columns, Operands, Operator, Other, Received};
use crate::expr::wire::Reader;
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Kernel, Row};
use crate::message::Message;
use crate::schema::{Role, Schema};
use crate::wire::Decoded;
use crate::wire::proto::dataset as proto;

/// Removes columns.
#[derive(Clone, Copy, Debug)]
pub struct Drop<'a> {
    /// The columns to remove.
    pub columns: Columns<'a>,
}

impl<'a> Flow<'a> {
    /// Removes these columns: `.drop(ip, agent)`. Keys and the event time stay.
    #[must_use]
    pub const fn drop(self, args: Args<'a>) -> Self {
        if args.list.is_empty() {
            return self.wrong(args.site, Message::new("`drop` needs at least one column"));
        }
        let columns = Columns(args);
        self.then(Operator::Drop(Drop { columns }), &args)
    }
}

impl<'a> Drop<'a> {
    pub(super) const TAKES_TWO: bool = false;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        _: u32,
        mistakes: &mut Mistakes,
    ) {
        self.columns.check(mistakes);
        let mut i = 0;
        while i < self.columns.len() {
            let name = self.columns.get(i);
            let site = self.columns.site_of(i);
            match schema.role(name) {
                _ if name.is_empty() => {}
                None => schema.missing(name, site, mistakes),
                Some(Role::Key) => mistakes.push(
                    site,
                    Message::new("")
                        .name(name)
                        .text(" is a key and can't be dropped"),
                ),
                Some(Role::Timestamp) => mistakes.push(
                    site,
                    Message::new("")
                        .name(name)
                        .text(" is the event time and can't be dropped"),
                ),
                Some(Role::Value) => {
                    if let Some(at) = schema.position(name) {
                        schema.remove(at);
                    }
                }
            }
            i += 1;
        }
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::row(Row::Drop(self.columns.iter().collect()), before)
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!(".drop({})", self.columns)
    }

    pub(super) fn encode(&self, _: &Schema<'a>, [operand, _]: [&str; 2]) -> Option<super::Kind> {
        Some(super::Kind::Drop(proto::Drop {
            operand_id: operand.into(),
            dropcols: self.columns.iter().map(Into::into).collect(),
            ..Default::default()
        }))
    }
}

impl Received for proto::Drop {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.dropcols.len()
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let columns = Columns::decode_some(reader.arena(), &self.dropcols, "drop")?;
        Ok(Operator::Drop(Drop { columns }))
    }
}
