use fennel_core::ty::{Between, Bound, Computed, Parts, Record, RecordField, Type};

use super::Generator;

impl<'a> Generator<'a> {
    /// Any type that a column can have, nested at most `depth` times.
    pub(super) fn ty(&mut self, depth: usize) -> Type<'a> {
        if depth > 0 && self.rarely(3) {
            let inner = self.ty(depth - 1);
            return match self.below(4) {
                0 => Type::List(self.value(inner)),
                1 => Type::Map(self.value(inner)),
                2 => self.record(depth - 1),
                _ if inner.is_optional() => inner,
                _ => Type::Optional(self.value(inner)),
            };
        }
        match self.below(7) {
            0 => Type::Int,
            1 => Type::Float,
            2 => Type::String,
            3 => Type::Bool,
            4 => {
                let scalar = self.scalar();
                Type::Optional(self.value(scalar))
            }
            5 => self.restricted(),
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Type<'a> {
        let scale = u32::try_from(self.between(1, 28)).expect("a scale");
        self.pick(&[
            Type::Int,
            Type::Float,
            Type::String,
            Type::Bool,
            Type::Bytes,
            Type::Timestamp,
            Type::Date,
            Type::Decimal { scale },
            Type::Embedding { dim: scale },
        ])
    }

    fn restricted(&mut self) -> Type<'a> {
        let (strict_min, strict_max) = (self.rarely(2), self.rarely(2));
        match self.below(5) {
            0 => Type::Between(Between {
                min: Bound::Int(-3),
                max: Bound::Int(7),
                strict_min,
                strict_max,
            }),
            1 => Type::Between(Between {
                min: Bound::Float(-0.5),
                max: Bound::Float(1e9),
                strict_min,
                strict_max,
            }),
            2 => Type::OneOfInt(&[1, -2, 1 << 40]),
            3 => Type::OneOfString(&["a", "b c", "é"]),
            _ => Type::Regex("[a-z]+é?"),
        }
    }

    fn record(&mut self, depth: usize) -> Type<'a> {
        let mut fields = Vec::new();
        for _ in 0..self.between(1, 3) {
            fields.push(RecordField {
                name: self.name("f"),
                ty: self.ty(depth),
            });
        }
        let name = self.name("Record");
        let fields = self.slice(&fields);
        Type::Record(self.value(Record { name, fields }))
    }

    /// A type that a key can have: an `i64` most often, so that keys and columns meet.
    pub(super) fn key_type(&mut self) -> Type<'a> {
        match self.below(6) {
            0..=2 => Type::Int,
            3 => Type::String,
            _ => {
                let ty = self.ty(1);
                if ty.can_be_key() { ty } else { Type::Int }
            }
        }
    }

    /// The type that a dataset declares for a computed column.
    pub(super) fn declared(&self, ty: Computed<'a>) -> Option<Type<'a>> {
        Some(match ty.parts() {
            Parts::Optional(inner) => Type::Optional(self.value(self.declared(inner)?)),
            Parts::List(inner) => Type::List(self.value(self.declared(inner)?)),
            Parts::Map(inner) => Type::Map(self.value(self.declared(inner)?)),
            Parts::Plain(ty) => ty,
            Parts::Unknown => return None,
        })
    }
}
