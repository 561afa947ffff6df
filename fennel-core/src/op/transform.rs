//! `transform`: makes each row another one, by a Rust function.

use super::{Args, Operands, Operator, Other, Python, Received};
use crate::entity::Native;
use crate::expr::wire::Reader;
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Kernel, Row};
use crate::message::Message;
use crate::schema::{Column, Schema};
use crate::text::eq;
use crate::ty::{Computed, Record, RecordField, Type};
use crate::wire::proto::dataset as proto;
use crate::wire::{Arena, Decoded, native, types};

/// Makes each row another one.
#[derive(Clone, Copy, Debug)]
pub struct Transform<'a> {
    /// The function.
    pub function: RowFunction<'a>,
    site: u32,
}

/// A Rust function from rows to rows, as `#[transform]` describes it.
#[derive(Clone, Copy, Debug)]
pub struct RowFunction<'a> {
    /// What is called.
    pub native: Native<'a>,
    /// The columns that it takes, by name; `None` where a message does not tell.
    pub takes: Option<Type<'a>>,
    /// The columns of the rows that it makes.
    pub makes: Type<'a>,
}

/// A function marked `#[transform]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function from rows to rows",
    label = "expected a function marked `#[transform]`"
)]
pub trait Transforms {
    /// What the function is.
    const FUNCTION: RowFunction<'static>;
}

impl<'a> Flow<'a> {
    /// Makes each row another one by a Rust function: `.transform(with_fee)`.
    ///
    /// The function is marked `#[transform]`; it takes a record whose fields are columns of these
    /// rows and makes one whose fields are all the columns of the rows behind it. Keys and the event
    /// time are among them, with their types.
    #[must_use]
    pub const fn transform(self, function: RowFunction<'a>, args: Args<'a>) -> Self {
        if args.list.len() != 1 {
            return self.wrong(
                args.site,
                Message::new("`transform` takes one function, such as `transform(with_fee)`"),
            );
        }
        let site = args.site_of(0);
        self.then(Operator::Transform(Transform { function, site }), &args)
    }
}

impl<'a> Transform<'a> {
    pub(super) const TAKES_TWO: bool = false;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        _: u32,
        mistakes: &mut Mistakes,
    ) {
        let Type::Record(makes) = self.function.makes else {
            mistakes.push(
                self.site,
                Message::new("the function makes ")
                    .ty(&self.function.makes)
                    .text(": let it make a struct that derives `Record`"),
            );
            return;
        };
        if let Some(takes) = &self.function.takes
            && let Err(message) = check_taken(schema, takes)
        {
            mistakes.push(self.site, message);
        }
        remake(schema, makes, self.site, mistakes);
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::row(Row::Transform(self.function), before)
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!(".transform({})", self.function.native.symbol)
    }

    pub(super) fn encode(&self, _: &Schema<'a>, [operand, _]: [&str; 2]) -> Option<super::Kind> {
        let fields = match self.function.makes {
            Type::Record(record) => record.fields,
            _ => &[],
        };
        let fields = fields.iter();
        Some(super::Kind::Transform(proto::Transform {
            operand_id: operand.into(),
            schema: fields
                .map(|field| (field.name.into(), types::encode(&field.ty)))
                .collect(),
            pycode: Some(native::encode(&self.function.native)),
            ..Default::default()
        }))
    }
}

impl Received for proto::Transform {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.schema.len()
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let arena = reader.arena();
        let code = self.pycode.as_ref();
        let Some(native) = code.and_then(|code| native::decode(arena, code)) else {
            return Python::read_transform(self, arena);
        };
        let makes = made(self, arena)?;
        Ok(Operator::Transform(Transform {
            function: RowFunction {
                native,
                takes: None,
                makes: Type::Record(makes),
            },
            site: 0,
        }))
    }
}

/// The columns that a message says are made.
pub(super) fn made<'a>(message: &proto::Transform, arena: Arena<'a>) -> Decoded<&'a Record<'a>> {
    let fields = message.schema.iter().map(|(name, ty)| {
        Ok(RecordField {
            name: arena.text(name),
            ty: types::decode(arena, Some(ty))?,
        })
    });
    let fields = fields.collect::<Decoded<Vec<_>>>()?;
    Ok(arena.value(Record {
        name: "Row",
        fields: arena.slice(&fields),
    }))
}

/// The columns behind a step that makes these.
pub(super) const fn remake<'a>(
    schema: &mut Schema<'a>,
    makes: &Record<'a>,
    site: u32,
    mistakes: &mut Mistakes,
) {
    if let Err(message) = check_kept(schema, makes) {
        mistakes.push(site, message);
    }
    let before = *schema;
    *schema = before.empty();
    let mut i = 0;
    while i < before.keys() {
        let key = before.get(i);
        schema.push_key(key.name, key.ty);
        i += 1;
    }
    let mut i = 0;
    while i < makes.fields.len() {
        let RecordField { name, ty } = makes.fields[i];
        if schema.role(name).is_none() {
            let column = Column {
                name,
                ty: Computed::of(&ty),
                site,
            };
            if !schema.push_column(column) {
                mistakes.push(site, super::assign::too_many());
            }
        }
        i += 1;
    }
}

/// Checks that the columns are there that the function takes.
const fn check_taken(schema: &Schema<'_>, takes: &Type<'_>) -> crate::message::Check {
    let Type::Record(record) = takes else {
        return Err(Message::new("the function takes ")
            .ty(takes)
            .text(": let it take a struct that derives `Record`"));
    };
    let mut i = 0;
    while i < record.fields.len() {
        let field = &record.fields[i];
        let Some(column) = schema.column(field.name) else {
            return Err(schema.no_column(field.name));
        };
        if !column.ty.is_unknown() && !column.ty.is(&field.ty) {
            return Err(Message::new("")
                .member(record.name, field.name)
                .text(" is ")
                .ty(&field.ty)
                .text(", and the column is ")
                .computed(&column.ty));
        }
        i += 1;
    }
    Ok(())
}

/// Checks that keys and the event time are among what the function makes.
const fn check_kept(schema: &Schema<'_>, makes: &Record<'_>) -> crate::message::Check {
    let mut i = 0;
    while i <= schema.keys() {
        let is_key = i < schema.keys();
        let (name, ty) = if is_key {
            (schema.get(i).name, schema.get(i).ty)
        } else {
            (schema.timestamp(), Computed::TIMESTAMP)
        };
        let what = if is_key {
            "the key "
        } else {
            "the event time "
        };
        let (mut made, mut k) = (None, 0);
        while k < makes.fields.len() {
            if eq(makes.fields[k].name, name) {
                made = Some(&makes.fields[k].ty);
            }
            k += 1;
        }
        match made {
            None => {
                return Err(Message::new("")
                    .name(makes.name)
                    .text(" must have ")
                    .text(what)
                    .name(name)
                    .text(", which `transform` keeps"));
            }
            Some(made) if !ty.is_unknown() && !ty.is(made) => {
                return Err(Message::new("")
                    .text(what)
                    .name(name)
                    .text(" is ")
                    .computed(&ty)
                    .text(", and ")
                    .name(makes.name)
                    .text(" has it as ")
                    .ty(made));
            }
            Some(_) => {}
        }
        i += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAKES: Record<'static> = Record {
        name: "Paid",
        fields: &[
            RecordField {
                name: "uid",
                ty: Type::Int,
            },
            RecordField {
                name: "fee",
                ty: Type::Float,
            },
            RecordField {
                name: "at",
                ty: Type::Timestamp,
            },
        ],
    };

    fn schema(key: Computed<'static>) -> Schema<'static> {
        let mut schema = Schema::new("at");
        schema.push_key("uid", key);
        schema.push("amount", Computed::FLOAT);
        schema
    }

    fn transform(makes: Record<'static>) -> Transform<'static> {
        Transform {
            function: RowFunction {
                native: Native {
                    symbol: "shop::with_fee",
                    signature: "fn(Order) -> Paid",
                    hash: 7,
                },
                takes: None,
                makes: Type::Record(Box::leak(Box::new(makes))),
            },
            site: 3,
        }
    }

    #[test]
    fn the_columns_are_those_that_the_function_makes() {
        let mut made = schema(Computed::INT);
        let mut mistakes = Mistakes::none();
        transform(MAKES).apply(&mut made, None, 1, &mut mistakes);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(
            (made.keys(), made.columns(), made.timestamp()),
            (1, 2, "at")
        );
        assert!(made.column("amount").is_none() && made.column("fee").is_some());
    }

    #[test]
    fn keys_and_the_event_time_stay_as_they_are() {
        for (key, fields, told) in [
            (Computed::STRING, MAKES.fields, "has it as `i64`"),
            (Computed::INT, &MAKES.fields[1..], "must have the key `uid`"),
            (
                Computed::INT,
                &MAKES.fields[..2],
                "must have the event time `at`",
            ),
        ] {
            let mut mistakes = Mistakes::none();
            let makes = Record { fields, ..MAKES };
            transform(makes).apply(&mut schema(key), None, 1, &mut mistakes);
            let mistake = mistakes.all().next().expect("it is refused");
            assert_eq!(mistake.site, 3);
            assert!(mistake.message.as_str().contains(told), "{mistake:?}");
        }
    }
}
