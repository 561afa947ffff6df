//! `filter`, `assign` and `transform` by Python functions. Rust has no method for them: the public client sends them.

use super::{Operands, Operator, Other, Received, transform};
use crate::entity;
use crate::expr::wire::Reader;
use crate::flow::Mistakes;
use crate::kernel::{Kernel, Row};
use crate::message::Message;
use crate::schema::{Column, Role, Schema};
use crate::ty::{Computed, Record, Type};
use crate::wire::proto::dataset as proto;
use crate::wire::proto::pycode::PyCode;
use crate::wire::{Arena, Decoded, encode_type, python, types};

/// Does something to each row by a Python function.
#[derive(Clone, Copy, Debug)]
pub struct Python<'a> {
    /// What is called.
    pub function: entity::Python<'a>,
    /// What it does.
    pub does: Does<'a>,
}

/// What a Python function does to a row.
#[derive(Clone, Copy, Debug)]
pub enum Does<'a> {
    /// Tells whether it is kept.
    Filter,
    /// Makes this column of it, of this type.
    Assign(&'a str, Type<'a>),
    /// Makes another row of it: of these columns, or of the same ones where there is none.
    Transform(&'a Record<'a>),
}

impl<'a> Python<'a> {
    pub(super) const TAKES_TWO: bool = false;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        match self.does {
            Does::Filter => {}
            Does::Assign(name, ty) => assign(schema, name, &ty, site, mistakes),
            Does::Transform(makes) if makes.fields.is_empty() => {}
            Does::Transform(makes) => transform::remake(schema, makes, site, mistakes),
        }
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::row(Row::Python(*self), before)
    }

    pub(super) fn call(&self, _: &str) -> String {
        let source = self.function.source;
        match self.does {
            Does::Filter => format!(".filter({source})"),
            Does::Assign(name, ty) => format!(".assign({name:?}, {ty}, {source})"),
            Does::Transform(makes) => {
                let fields = makes.fields.iter();
                let fields = fields.map(|field| format!("{}: {}", field.name, field.ty));
                // A message has them in any order.
                let mut fields: Vec<_> = fields.collect();
                fields.sort_unstable();
                format!(".transform({source}, {{{}}})", fields.join(", "))
            }
        }
    }

    pub(super) fn encode(&self, _: &Schema<'a>, [operand, _]: [&str; 2]) -> Option<super::Kind> {
        let (operand_id, pycode) = (operand.into(), Some(python::encode(&self.function)));
        Some(match self.does {
            Does::Filter => super::Kind::Filter(proto::Filter {
                operand_id,
                pycode,
                ..Default::default()
            }),
            Does::Assign(name, ty) => super::Kind::Assign(proto::Assign {
                operand_id,
                pycode,
                column_name: name.into(),
                output_type: Some(encode_type(Computed::of(&ty))),
                ..Default::default()
            }),
            Does::Transform(makes) => super::Kind::Transform(proto::Transform {
                operand_id,
                pycode,
                schema: makes
                    .fields
                    .iter()
                    .map(|field| (field.name.into(), types::encode(&field.ty)))
                    .collect(),
                ..Default::default()
            }),
        })
    }

    /// The operator of a message that has no Rust function.
    pub(super) fn read_transform(
        message: &proto::Transform,
        arena: Arena<'a>,
    ) -> Decoded<Operator<'a>> {
        let does = Does::Transform(transform::made(message, arena)?);
        of(message.pycode.as_ref(), does, arena)
    }
}

impl Received for proto::Filter {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        of(self.pycode.as_ref(), Does::Filter, reader.arena())
    }
}

impl Received for proto::Assign {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let arena = reader.arena();
        let ty = types::decode(arena, self.output_type.as_ref())?;
        let does = Does::Assign(arena.text(&self.column_name), ty);
        of(self.pycode.as_ref(), does, arena)
    }
}

fn of<'a>(code: Option<&PyCode>, does: Does<'a>, arena: Arena<'a>) -> Decoded<Operator<'a>> {
    let code = code.ok_or_else(|| {
        let step = match does {
            Does::Filter => "filter",
            Does::Assign(..) => "assign",
            Does::Transform(_) => "transform",
        };
        format!("its `{step}` has no function; send it along")
    })?;
    let function = python::decode(arena, code)?;
    Ok(Operator::Python(Python { function, does }))
}

const fn assign<'a>(
    schema: &mut Schema<'a>,
    name: &'a str,
    ty: &Type<'a>,
    site: u32,
    mistakes: &mut Mistakes,
) {
    let column = Column {
        name,
        ty: Computed::of(ty),
        site,
    };
    match (schema.role(name), schema.position(name)) {
        (Some(Role::Key), _) => mistakes.push(
            site,
            Message::new("")
                .name(name)
                .text(" is a key, which stays: assign a column of another name"),
        ),
        (Some(Role::Timestamp), _) => mistakes.push(
            site,
            Message::new("")
                .name(name)
                .text(" is the event time, which stays: assign a column of another name"),
        ),
        (_, Some(at)) => schema.set(at, column),
        (_, None) => {
            if !schema.push_column(column) {
                mistakes.push(site, super::assign::too_many());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: entity::Python<'static> = entity::Python {
        entry_point: "Out_wrapper_1",
        source: "lambda df: df.amount * 2",
        code: "",
    };

    fn applied(does: Does<'static>) -> (Schema<'static>, Mistakes) {
        let mut schema = Schema::new("at");
        schema.push_key("uid", Computed::INT);
        schema.push("amount", Computed::FLOAT);
        let mut mistakes = Mistakes::none();
        let step = Python {
            function: FUNCTION,
            does,
        };
        step.apply(&mut schema, None, 1, &mut mistakes);
        (schema, mistakes)
    }

    #[test]
    fn a_column_is_added_or_replaced() {
        let (schema, mistakes) = applied(Does::Assign("twice", Type::Float));
        assert!(mistakes.is_empty() && schema.column("twice").is_some());
        let (schema, mistakes) = applied(Does::Assign("amount", Type::Int));
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert!(schema.column("amount").unwrap().ty.is(&Type::Int));
    }

    #[test]
    fn keys_and_the_event_time_stay() {
        for name in ["uid", "at"] {
            let (_, mistakes) = applied(Does::Assign(name, Type::Int));
            assert!(!mistakes.is_empty(), "{name}");
        }
        const NO_KEY: &Record<'static> = &Record {
            name: "Row",
            fields: &[crate::ty::RecordField {
                name: "amount",
                ty: Type::Float,
            }],
        };
        let (_, mistakes) = applied(Does::Transform(NO_KEY));
        assert!(!mistakes.is_empty());
    }

    #[test]
    fn a_step_reads_as_it_was_written() {
        let step = |does| Python {
            function: FUNCTION,
            does,
        };
        assert_eq!(
            step(Does::Filter).call(""),
            ".filter(lambda df: df.amount * 2)"
        );
        assert_eq!(
            step(Does::Assign("twice", Type::Float)).call(""),
            ".assign(\"twice\", f64, lambda df: df.amount * 2)"
        );
    }
}
