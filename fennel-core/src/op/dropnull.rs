//! `dropnull`: removes rows with nulls.

use super::{Args, Columns, Operands, Operator, Other, Received};
use crate::expr::wire::Reader;
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Kernel, Row};
use crate::message::Message;
use crate::schema::{Column, Schema};
use crate::text::eq;
use crate::wire::Decoded;
use crate::wire::proto::dataset as proto;

/// Removes rows with nulls.
#[derive(Clone, Copy, Debug)]
pub struct Dropnull<'a> {
    /// The columns to look at; none for all that are optional.
    pub columns: Columns<'a>,
}

impl<'a> Flow<'a> {
    /// Removes rows that are null in one of these columns, which stop to be optional:
    /// `.dropnull(country)`. Without columns it looks at all that are optional.
    #[must_use]
    pub const fn dropnull(self, args: Args<'a>) -> Self {
        let columns = Columns(args);
        self.then(Operator::Dropnull(Dropnull { columns }), &args)
    }
}

impl<'a> Dropnull<'a> {
    pub(super) const TAKES_TWO: bool = false;

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
            let (name, site) = (self.columns.get(i), self.columns.site_of(i));
            match schema.position(name) {
                Some(at) => {
                    let column = schema.get(at);
                    if column.ty.is_optional() {
                        require(schema, at, site);
                    } else if !column.ty.is_unknown() {
                        let message = Message::new("").name(name).text(" is ");
                        let message = message.computed(&column.ty).text(" and never null");
                        mistakes.push(site, message);
                    }
                }
                None if name.is_empty() => {}
                None if eq(name, schema.timestamp()) => mistakes.push(
                    site,
                    Message::new("")
                        .name(name)
                        .text(" is the event time and never null"),
                ),
                None => schema.missing(name, site, mistakes),
            }
            i += 1;
        }
        if !self.columns.is_empty() {
            return;
        }
        let (mut dropped, mut i) = (0, 0);
        while i < schema.columns() {
            if schema.get(i).ty.is_optional() {
                require(schema, i, site);
                dropped += 1;
            }
            i += 1;
        }
        if dropped == 0 && !schema.is_open() {
            mistakes.push(
                site,
                Message::new("there is nothing to drop: no column is optional here"),
            );
        }
    }

    /// The columns to look at, of these.
    fn columns(&self, schema: &Schema<'a>) -> Vec<&'a str> {
        if !self.columns.is_empty() {
            return self.columns.iter().collect();
        }
        let columns = (0..schema.columns()).map(|i| schema.get(i));
        let optional = columns.filter(|column| column.ty.is_optional());
        optional.map(|column| column.name).collect()
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::row(Row::Dropnull(self.columns(before)), before)
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!(".dropnull({})", self.columns)
    }

    /// Without columns all that are optional are sent.
    pub(super) fn encode(
        &self,
        schema: &Schema<'a>,
        [operand, _]: [&str; 2],
    ) -> Option<super::Kind> {
        let columns = self.columns(schema).into_iter();
        Some(super::Kind::Dropnull(proto::Dropnull {
            operand_id: operand.into(),
            columns: columns.map(Into::into).collect(),
            ..Default::default()
        }))
    }
}

impl Received for proto::Dropnull {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.columns.len()
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let columns = Columns::decode_some(reader.arena(), &self.columns, "dropnull")?;
        Ok(Operator::Dropnull(Dropnull { columns }))
    }
}

/// Takes null away from the `i`th column.
const fn require(schema: &mut Schema<'_>, i: usize, site: u32) {
    let column = schema.get(i);
    let ty = column.ty.required();
    schema.set(i, Column { ty, site, ..column });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expr;
    use crate::flow::tests::{rows, shown};
    use crate::ty::Type;

    const OPTIONAL: Type<'static> = Type::Optional(&Type::Int);
    const ORDERS: Flow<'static> = rows("Order", &[], &[("a", OPTIONAL), ("b", OPTIONAL)]);

    #[test]
    fn columns_stop_to_be_optional() {
        let some = ORDERS.dropnull(Args::new(3, const { &[Expr::Name("b")] }));
        assert_eq!(shown(&some), "| a Option<i64>, b i64 @ at");
        let all = ORDERS.dropnull(Args::new(3, &[]));
        assert_eq!(shown(&all), "| a i64, b i64 @ at");
        assert_eq!(
            shown(&all.dropnull(Args::new(5, &[]))),
            "5: there is nothing to drop: no column is optional here"
        );
    }
}
