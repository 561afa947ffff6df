use fennel_core::expr::{Binary, Branch, Expr, FieldExpr, Unary};
use fennel_core::literal::Literal;
use fennel_core::schema::Schema;
use fennel_core::ty::{Computed, Type};

use super::Generator;

impl<'a> Generator<'a> {
    /// An expression over some columns; not each of them checks.
    pub(super) fn expr(&mut self, schema: &Schema<'a>, depth: usize) -> Expr<'a> {
        match self.below(9) {
            0 => self.number(schema, depth),
            1 => self.condition(schema, depth),
            2 => self.column(schema, |_| true),
            3 => {
                let ty = self.ty(2);
                self.constant(&ty)
            }
            4 if depth > 0 => {
                let branches = [
                    self.branch(schema, depth - 1),
                    self.branch(schema, depth - 1),
                ];
                let branches = self.some(&branches);
                let otherwise = self.number(schema, depth - 1);
                let otherwise = self.rarely(2).then(|| self.value(otherwise));
                Expr::If(self.slice(&branches), otherwise)
            }
            5 => {
                let operand = self.column(schema, |ty| ty.is_optional());
                let fill = self.column(schema, |ty| !ty.is_optional());
                Expr::Call("fill_null", self.slice(&[operand, fill]))
            }
            6 => self.of_record(schema),
            7 => self.instant(schema),
            _ => {
                let operand = self.column(schema, |ty| !ty.is_list());
                let count = Expr::Literal(Literal::Int(2));
                Expr::Call("repeat", self.slice(&[operand, count]))
            }
        }
    }

    /// A column whose type suits, else a constant.
    fn column(&mut self, schema: &Schema<'a>, suits: fn(&Computed<'a>) -> bool) -> Expr<'a> {
        let columns = (0..schema.columns()).map(|i| schema.get(i));
        let columns: Vec<_> = columns.filter(|column| suits(&column.ty)).collect();
        if columns.is_empty() {
            return Expr::Literal(Literal::Int(1));
        }
        Expr::Name(self.pick(&columns).name)
    }

    /// A constant, with its type where it has none by itself.
    fn constant(&mut self, ty: &Type<'a>) -> Expr<'a> {
        let literal = self.literal(ty);
        match ty {
            Type::Bool | Type::Int | Type::Float | Type::String => Expr::Literal(literal),
            _ => Expr::Cast(self.value(Expr::Literal(literal)), *ty),
        }
    }

    fn branch(&mut self, schema: &Schema<'a>, depth: usize) -> Branch<'a> {
        Branch {
            condition: self.condition(schema, depth),
            value: self.number(schema, depth),
        }
    }

    fn number(&mut self, schema: &Schema<'a>, depth: usize) -> Expr<'a> {
        const OF_TWO: [Binary; 6] = [
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::Div,
            Binary::Rem,
            Binary::FloorDiv,
        ];
        const OF_ONE: [&str; 12] = [
            "abs", "ceil", "floor", "round", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan",
            "log",
        ];
        let is_plain = |ty: &Computed<'a>| ty.is_number() && !ty.is_optional();
        match self.below(6) {
            0 => self.column(schema, |ty| ty.is_number()),
            1 => {
                let ty = self.pick(&[Type::Int, Type::Float]);
                self.constant(&ty)
            }
            2 if depth > 0 => {
                let op = self.pick(&OF_TWO);
                let left = self.number(schema, depth - 1);
                let right = self.number(schema, depth - 1);
                Expr::Binary(op, self.value(left), self.value(right))
            }
            3 if depth > 0 => {
                let operand = self.number(schema, depth - 1);
                Expr::Call(self.pick(&OF_ONE), self.slice(&[operand]))
            }
            4 if depth > 0 => {
                let operand = self.number(schema, depth - 1);
                let (name, argument) = self.pick(&[
                    ("round", Literal::Int(2)),
                    ("log", Literal::Float(2.0)),
                    ("pow", Literal::Int(2)),
                ]);
                Expr::Call(name, self.slice(&[operand, Expr::Literal(argument)]))
            }
            5 if depth > 0 => {
                let operand = self.number(schema, depth - 1);
                Expr::Unary(Unary::Neg, self.value(operand))
            }
            _ => self.column(schema, is_plain),
        }
    }

    /// An expression that is a bool, for the most part.
    pub(super) fn condition(&mut self, schema: &Schema<'a>, depth: usize) -> Expr<'a> {
        const COMPARE: [Binary; 6] = [
            Binary::Gt,
            Binary::Ge,
            Binary::Lt,
            Binary::Le,
            Binary::Eq,
            Binary::Ne,
        ];
        match self.below(5) {
            0 => {
                let column = self.column(schema, |_| true);
                Expr::Call("is_null", self.slice(&[column]))
            }
            1 if depth > 0 => {
                let op = self.pick(&COMPARE);
                let left = self.column(schema, |ty| ty.is_number() && !ty.is_optional());
                let right = self.number(schema, depth - 1);
                Expr::Binary(op, self.value(left), self.value(right))
            }
            2 if depth > 0 => {
                let operand = self.condition(schema, depth - 1);
                Expr::Unary(Unary::Not, self.value(operand))
            }
            3 if depth > 0 => {
                let op = self.pick(&[Binary::And, Binary::Or]);
                let left = self.condition(schema, depth - 1);
                let right = self.condition(schema, depth - 1);
                Expr::Binary(op, self.value(left), self.value(right))
            }
            _ => {
                let bools = |ty: &Computed<'a>| ty.is_bool() && !ty.is_optional();
                match self.column(schema, bools) {
                    Expr::Literal(_) => Expr::Literal(Literal::Bool(true)),
                    column => column,
                }
            }
        }
    }

    /// A record made of columns, one made of lists of them, or a field of a column.
    fn of_record(&mut self, schema: &Schema<'a>) -> Expr<'a> {
        let column = self.column(schema, |ty| ty.record().is_some());
        if let Expr::Name(name) = column
            && let Some(record) = schema.column(name).and_then(|column| column.ty.record())
        {
            return Expr::Field(self.value(column), self.pick(record.fields).name);
        }
        let columns: Vec<_> = (0..schema.columns()).map(|i| schema.get(i)).collect();
        if columns.is_empty() {
            return column;
        }
        let columns = self.some(&columns);
        let zip = columns.iter().all(|column| column.ty.is_list());
        let mut fields = Vec::new();
        let mut values = Vec::new();
        for column in columns {
            let ty = if zip {
                column.ty.element()
            } else {
                Some(column.ty)
            };
            let Some(ty) = ty.and_then(|ty| self.declared(ty)) else {
                continue;
            };
            let name = self.name("f");
            fields.push(fennel_core::ty::RecordField { name, ty });
            let value = Expr::Name(column.name);
            values.push(FieldExpr { name, value });
        }
        let record = fennel_core::ty::Record {
            name: self.name("Made"),
            fields: self.slice(&fields),
        };
        let (ty, values) = (Type::Record(self.value(record)), self.slice(&values));
        if zip {
            Expr::Zip(ty, values)
        } else {
            Expr::Record(ty, values)
        }
    }

    fn instant(&mut self, schema: &Schema<'a>) -> Expr<'a> {
        let int = |int| Expr::Literal(Literal::Int(int));
        match self.below(3) {
            0 => Expr::Call("now", &[]),
            1 => {
                let zone = Expr::Literal(Literal::Str("Europe/Paris"));
                let parts = [
                    int(2024),
                    int(2),
                    int(29),
                    int(12),
                    self.named("timezone", zone),
                ];
                Expr::Call("datetime", self.slice(&parts))
            }
            _ => {
                let operand = self.column(schema, |ty| ty.is_whole());
                let unit = self.pick(&["second", "millisecond", "microsecond"]);
                let unit = Expr::Literal(Literal::Str(unit));
                Expr::Call("from_epoch", self.slice(&[operand, unit]))
            }
        }
    }
}
