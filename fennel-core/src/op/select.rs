//! `select`: keeps some columns.

use super::{Args, Columns, Operator, Other};
use crate::flow::{Flow, Mistakes};
use crate::message::Message;
use crate::schema::{Role, Schema};
use crate::wire::proto::dataset as proto;

/// Keeps some columns.
#[derive(Clone, Copy, Debug)]
pub struct Select<'a> {
    /// The columns to keep; the event time stays by itself.
    pub columns: Columns<'a>,
}

impl<'a> Flow<'a> {
    /// Keeps these columns: `.select(uid, amount)`. Every key is among them; the event time stays
    /// by itself.
    #[must_use]
    pub const fn select(self, args: Args<'a>) -> Self {
        if args.list.is_empty() {
            return self.wrong(
                args.site,
                Message::new("`select` needs at least one column"),
            );
        }
        let columns = Columns(args);
        self.then(Operator::Select(Select { columns }), &args)
    }
}

impl<'a> Select<'a> {
    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        self.columns.check(mistakes);
        let mut i = 0;
        while i < self.columns.len() {
            let name = self.columns.get(i);
            if !name.is_empty() && schema.role(name).is_none() {
                mistakes.push(self.columns.site_of(i), schema.no_column(name));
            }
            i += 1;
        }
        let mut i = 0;
        while i < schema.columns() {
            let name = schema.get(i).name;
            if self.columns.contains(name) {
                i += 1;
                continue;
            }
            if matches!(schema.role(name), Some(Role::Key)) {
                mistakes.push(site, Message::new("`select` must keep the key ").name(name));
                i += 1;
                continue;
            }
            schema.remove(i);
        }
    }

    /// A select is sent as a drop of the other columns; where there are none it does nothing.
    pub(super) fn encode(
        &self,
        schema: &Schema<'a>,
        [operand, _]: [&str; 2],
    ) -> Option<super::Kind> {
        let columns = (0..schema.columns()).map(|i| schema.get(i).name);
        let dropped: Vec<String> = columns
            .filter(|name| !self.columns.contains(name))
            .map(Into::into)
            .collect();
        (!dropped.is_empty()).then(|| {
            super::Kind::Drop(proto::Drop {
                operand_id: operand.into(),
                dropcols: dropped,
                ..Default::default()
            })
        })
    }
}
