//! `select`: keeps some columns.

use super::{Args, Columns, Operator, Other};
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Kernel, Row};
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
    pub(super) const TAKES_TWO: bool = false;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        self.columns.check(mistakes);
        let mut certain = true;
        let mut i = 0;
        while i < self.columns.len() {
            let name = self.columns.get(i);
            certain &= !name.is_empty();
            if !name.is_empty() && schema.role(name).is_none() {
                schema.missing(name, self.columns.site_of(i), mistakes);
            }
            i += 1;
        }
        if certain && !schema.is_open() {
            self.check_keys(schema, site, mistakes);
        } else {
            schema.spoil();
        }
        let mut i = 0;
        while i < schema.columns() {
            let name = schema.get(i).name;
            if self.columns.contains(name) || matches!(schema.role(name), Some(Role::Key)) {
                i += 1;
            } else {
                schema.remove(i);
            }
        }
    }

    /// Notes the keys that are left out.
    const fn check_keys(&self, schema: &Schema<'a>, site: u32, mistakes: &mut Mistakes) {
        let (mut missing, mut i) = (0, 0);
        while i < schema.keys() {
            missing += !self.columns.contains(schema.get(i).name) as usize;
            i += 1;
        }
        if missing == 0 {
            return;
        }
        let mut message = Message::new("`select` must keep the key ");
        let (mut listed, mut i) = (0, 0);
        while i < schema.keys() {
            let name = schema.get(i).name;
            if !self.columns.contains(name) {
                message = message.listed(listed, missing, name);
                listed += 1;
            }
            i += 1;
        }
        mistakes.push(site, message);
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        let columns = (0..before.columns()).map(|i| before.get(i).name);
        let dropped: Vec<_> = columns
            .filter(|name| !self.columns.contains(name))
            .collect();
        if dropped.is_empty() {
            return Kernel::Rows(Vec::new());
        }
        Kernel::row(Row::Drop(dropped), before)
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!(".select({})", self.columns)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expr;
    use crate::flow::tests::{rows, shown};
    use crate::ty::Type;

    const USERS: Flow<'static> = rows(
        "User",
        &[("uid", Type::Int), ("region", Type::String)],
        &[("city", Type::String), ("age", Type::Int)],
    );

    #[test]
    fn keys_stay_and_columns_keep_their_order() {
        let columns = ["age", "region", "uid"].map(Expr::Name);
        let kept = USERS.select(Args::new(3, Vec::leak(columns.into())));
        assert_eq!(shown(&kept), "uid i64, region String | age i64 @ at");
        let kept = USERS.select(Args::new(3, const { &[Expr::Name("age")] }));
        assert_eq!(
            shown(&kept),
            "3: `select` must keep the key `uid`, `region`"
        );
    }
}
