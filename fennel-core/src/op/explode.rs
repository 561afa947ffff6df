//! `explode`: makes a row of each element of a list.

use super::{Args, Columns, Operands, Operator, Other, Received, keyless};
use crate::expr::wire::Reader;
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Kernel, Row};
use crate::message::Message;
use crate::schema::{Column, Role, Schema};
use crate::ty::Computed;
use crate::wire::Decoded;
use crate::wire::proto::dataset as proto;

/// Makes a row of each element of a list.
#[derive(Clone, Copy, Debug)]
pub struct Explode<'a> {
    /// The lists; those of one row have one length.
    pub columns: Columns<'a>,
}

impl<'a> Flow<'a> {
    /// Makes a row of each element of these lists, side by side: `.explode(skus, prices)`. The
    /// columns become optional: an empty list makes one row with null.
    #[must_use]
    pub const fn explode(self, args: Args<'a>) -> Self {
        if args.list.is_empty() {
            return self.wrong(
                args.site,
                Message::new("`explode` needs at least one column"),
            );
        }
        let columns = Columns(args);
        self.then(Operator::Explode(Explode { columns }), &args)
    }
}

impl<'a> Explode<'a> {
    pub(super) const TAKES_TWO: bool = false;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        keyless("`explode`", schema, site, mistakes);
        self.columns.check(mistakes);
        let mut i = 0;
        while i < self.columns.len() {
            let name = self.columns.get(i);
            let site = self.columns.site_of(i);
            match (schema.role(name), schema.position(name)) {
                _ if name.is_empty() => {}
                (Some(Role::Value), Some(at)) => {
                    let column = schema.get(at);
                    match column.ty.element() {
                        Some(element) if column.ty.is_list() => {
                            schema.set(
                                at,
                                Column {
                                    ty: element.optional(),
                                    site,
                                    ..column
                                },
                            );
                        }
                        _ if column.ty.is_unknown() => {}
                        _ => {
                            mistakes.push(
                                site,
                                Message::new("`explode` needs lists, and ")
                                    .name(name)
                                    .text(" is ")
                                    .computed(&column.ty),
                            );
                            schema.set(
                                at,
                                Column {
                                    ty: Computed::UNKNOWN,
                                    ..column
                                },
                            );
                        }
                    }
                }
                (Some(role), _) => mistakes.push(
                    site,
                    Message::new("`explode` needs lists, and ")
                        .name(name)
                        .text(match role {
                            Role::Timestamp => " is the event time",
                            _ => " is a key",
                        }),
                ),
                (None, _) => schema.missing(name, site, mistakes),
            }
            i += 1;
        }
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::row(Row::Explode(self.columns.iter().collect()), before)
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!(".explode({})", self.columns)
    }

    pub(super) fn encode(&self, _: &Schema<'a>, [operand, _]: [&str; 2]) -> Option<super::Kind> {
        Some(super::Kind::Explode(proto::Explode {
            operand_id: operand.into(),
            columns: self.columns.iter().map(Into::into).collect(),
            ..Default::default()
        }))
    }
}

impl Received for proto::Explode {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.columns.len()
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let columns = Columns::decode_some(reader.arena(), &self.columns, "explode")?;
        Ok(Operator::Explode(Explode { columns }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expr;
    use crate::flow::tests::{rows, shown};
    use crate::ty::Type;

    const TEXTS: Type<'static> = Type::List(&Type::String);
    const ORDERS: Flow<'static> = rows("Order", &[], &[("skus", TEXTS), ("uid", Type::Int)]);

    #[test]
    fn elements_become_optional() {
        let exploded = ORDERS.explode(Args::new(3, const { &[Expr::Name("skus")] }));
        assert_eq!(shown(&exploded), "| skus Option<String>, uid i64 @ at");
        let exploded = ORDERS.explode(Args::new(3, const { &[Expr::Name("uid")] }));
        assert_eq!(
            shown(&exploded),
            "4: `explode` needs lists, and `uid` is `i64`"
        );
    }
}
