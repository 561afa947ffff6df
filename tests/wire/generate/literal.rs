use fennel_core::literal::Literal;
use fennel_core::ty::{Between, Bound, Type};

use super::Generator;

impl<'a> Generator<'a> {
    /// A constant of a type, written the way that a message is read.
    pub(super) fn literal(&mut self, ty: &Type<'a>) -> Literal<'a> {
        match ty {
            Type::Optional(_) if self.rarely(3) => Literal::Null,
            Type::Optional(inner) => self.literal(inner),
            Type::Bool => Literal::Bool(self.rarely(2)),
            Type::Int => Literal::Int(self.pick(&[0, 1, -7, 1 << 53, i64::MIN, i64::MAX])),
            Type::Float => Literal::Float(self.pick(&[0.0, 1.0, -0.25, 1e-7, 1e22, 0.1 + 0.2])),
            Type::String => Literal::Str(self.pick(&["", "a", "é\"\n\u{1f600}", "null"])),
            Type::Bytes => Literal::Str(self.pick(&["", "AQID"])),
            Type::Timestamp => {
                Literal::Str(self.pick(&["2024-02-29 01:02:03", "1970-01-01 00:00:00.000001"]))
            }
            Type::Date => Literal::Str(self.pick(&["2024-02-29", "1969-12-31"])),
            Type::Decimal { .. } => Literal::Str(self.pick(&["1.5", "-0.1"])),
            Type::Embedding { dim } => {
                let floats = vec![Literal::Float(0.5); *dim as usize];
                Literal::List(self.slice(&floats))
            }
            Type::List(element) => {
                let mut elements = Vec::new();
                for _ in 0..self.below(3) {
                    elements.push(self.literal(element));
                }
                Literal::List(self.slice(&elements))
            }
            Type::Map(value) => {
                let mut entries = Vec::new();
                for key in ["b", "a"].into_iter().take(self.below(3)) {
                    entries.push((key, self.literal(value)));
                }
                Literal::Object(self.slice(&entries))
            }
            Type::Record(record) => {
                let fields = record.fields.iter();
                let fields: Vec<_> = fields
                    .map(|field| (field.name, self.literal(&field.ty)))
                    .collect();
                Literal::Object(self.slice(&fields))
            }
            Type::Between(Between {
                min: Bound::Int(_), ..
            }) => Literal::Int(self.pick(&[0, 5])),
            Type::Between(_) => Literal::Float(self.pick(&[0.5, 1e3])),
            Type::OneOfInt(options) => Literal::Int(self.pick(options)),
            Type::OneOfString(options) => Literal::Str(self.pick(options)),
            Type::Regex(_) => Literal::Str(self.pick(&["abc", "xé"])),
        }
    }
}
