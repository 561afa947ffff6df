//! Well-typed expressions made of random bytes.

use bumpalo::Bump;
use fennel_core::expr::function::TIME_ZONES;
use fennel_core::expr::{Binary, Branch, Expr, FieldExpr, Unary};
use fennel_core::literal::Literal;
use fennel_core::ty::{Record, RecordField, Type};

const POINT: Type<'static> = Type::Record(&Record {
    name: "Point",
    fields: &[
        RecordField {
            name: "x",
            ty: Type::Int,
        },
        RecordField {
            name: "y",
            ty: Type::Optional(&Type::Float),
        },
    ],
});

/// The columns that expressions use, one of each type that functions take.
pub(crate) const COLUMNS: &[(&str, Type<'static>)] = &[
    ("flag", Type::Bool),
    ("count", Type::Int),
    ("amount", Type::Float),
    ("name", Type::String),
    ("zip", Type::Regex("[0-9]+")),
    ("at", Type::Timestamp),
    ("counts", Type::List(&Type::Int)),
    ("prices", Type::Map(&Type::Float)),
    ("point", POINT),
    ("maybe", Type::Optional(&Type::Int)),
];

/// Makes expressions of a wanted type out of random bytes.
struct Maker<'a> {
    arena: &'a Bump,
    bytes: std::vec::IntoIter<u8>,
    in_closure: bool,
}

#[derive(Clone, Copy)]
enum Wanted {
    Bool,
    Int,
    Float,
    Text,
    Time,
    Ints,
    Prices,
    Point,
}

impl<'a> Maker<'a> {
    fn pick(&mut self, of: u8) -> u8 {
        self.bytes.next().map_or(0, |byte| byte % of)
    }

    fn make(&mut self, wanted: Wanted, depth: u8) -> &'a Expr<'a> {
        let expr = if depth == 0 {
            self.leaf(wanted)
        } else {
            self.node(wanted, depth - 1)
        };
        self.arena.alloc(expr)
    }

    fn leaf(&mut self, wanted: Wanted) -> Expr<'a> {
        let other = self.pick(2) == 1;
        match wanted {
            Wanted::Bool if other => Expr::Literal(Literal::Bool(true)),
            Wanted::Bool => Expr::Name("flag"),
            Wanted::Int if self.in_closure && other => Expr::Variable("v"),
            Wanted::Int if other => Expr::Literal(Literal::Int(i64::MAX)),
            Wanted::Int => Expr::Name("count"),
            Wanted::Float if other => Expr::Literal(Literal::Float(0.1)),
            Wanted::Float => Expr::Name("amount"),
            Wanted::Text if other => Expr::Literal(Literal::Str("é \"")),
            Wanted::Text => Expr::Name(if self.pick(2) == 0 { "name" } else { "zip" }),
            Wanted::Time if other => Expr::Call("now", &[]),
            Wanted::Time => Expr::Name("at"),
            Wanted::Ints if other => Expr::Cast(
                &Expr::Literal(Literal::List(&[Literal::Int(1), Literal::Int(2)])),
                Type::List(&Type::Int),
            ),
            Wanted::Ints => Expr::Name("counts"),
            Wanted::Prices => Expr::Name("prices"),
            Wanted::Point => Expr::Name("point"),
        }
    }

    fn call(&mut self, name: &'a str, args: &[&'a Expr<'a>]) -> Expr<'a> {
        let args: Vec<_> = args.iter().map(|argument| **argument).collect();
        Expr::Call(name, self.arena.alloc_slice_copy(&args))
    }

    fn text(&self, text: &'a str) -> &'a Expr<'a> {
        self.arena.alloc(Expr::Literal(Literal::Str(text)))
    }

    fn zone(&mut self) -> &'a Expr<'a> {
        let zone = TIME_ZONES[usize::from(self.pick(200))];
        self.arena.alloc(Expr::Named("timezone", self.text(zone)))
    }

    fn any(&mut self, depth: u8) -> &'a Expr<'a> {
        use Wanted::{Bool, Float, Int, Ints, Point, Prices, Text, Time};

        let all = [Bool, Float, Int, Ints, Point, Prices, Text, Time];
        let wanted = all[usize::from(self.pick(8))];
        self.make(wanted, depth)
    }

    /// `if`, `fill_null` of a missing branch, or what the type alone has.
    fn node(&mut self, wanted: Wanted, depth: u8) -> Expr<'a> {
        match self.pick(6) {
            0 => self.leaf(wanted),
            1 if !matches!(wanted, Wanted::Point) => {
                let branch = Branch {
                    condition: *self.make(Wanted::Bool, depth),
                    value: *self.make(wanted, depth),
                };
                let otherwise = self.make(wanted, depth);
                Expr::If(self.arena.alloc_slice_copy(&[branch]), Some(otherwise))
            }
            2 if !matches!(wanted, Wanted::Point) => {
                let branch = Branch {
                    condition: *self.make(Wanted::Bool, depth),
                    value: *self.make(wanted, depth),
                };
                let branches = self.arena.alloc_slice_copy(&[branch]);
                let missing = self.arena.alloc(Expr::If(branches, None));
                let fill = self.make(wanted, depth);
                self.call("fill_null", &[missing, fill])
            }
            _ => self.own(wanted, depth),
        }
    }

    fn own(&mut self, wanted: Wanted, depth: u8) -> Expr<'a> {
        match wanted {
            Wanted::Bool => self.own_bool(depth),
            Wanted::Int => self.own_int(depth),
            Wanted::Float => match self.pick(6) {
                0 => {
                    let (a, b) = (
                        self.make(Wanted::Float, depth),
                        self.make(Wanted::Int, depth),
                    );
                    Expr::Binary(Binary::Div, a, b)
                }
                1 => {
                    let a = self.make(Wanted::Float, depth);
                    let digits = self.arena.alloc(Expr::Literal(Literal::Int(2)));
                    self.call("round", &[a, digits])
                }
                2 => {
                    let a = self.make(Wanted::Int, depth);
                    let base = self.arena.alloc(Expr::Literal(Literal::Float(2.0)));
                    self.call("log", &[a, base])
                }
                3 => {
                    let (map, key) = (
                        self.make(Wanted::Prices, depth),
                        self.make(Wanted::Text, depth),
                    );
                    let default = self.make(Wanted::Float, depth);
                    self.call("get", &[map, key, default])
                }
                4 => {
                    let list = self.make(Wanted::Ints, depth);
                    let mean = self.arena.alloc(self.call("mean", &[list]));
                    let fill = self.make(Wanted::Float, depth);
                    self.call("fill_null", &[mean, fill])
                }
                _ => Expr::Unary(Unary::Neg, self.make(Wanted::Float, depth)),
            },
            Wanted::Text => match self.pick(6) {
                0 => {
                    let (a, b) = (
                        self.make(Wanted::Text, depth),
                        self.make(Wanted::Text, depth),
                    );
                    self.call("concat", &[a, b])
                }
                1 => {
                    let (at, format) = (self.make(Wanted::Time, depth), self.text("%Y-%m %%"));
                    let zone = self.zone();
                    self.call("strftime", &[at, format, zone])
                }
                2 => {
                    let (a, path) = (self.make(Wanted::Text, depth), self.text("$.a[0]"));
                    let found = self.arena.alloc(self.call("json_extract", &[a, path]));
                    let fill = self.make(Wanted::Text, depth);
                    self.call("fill_null", &[found, fill])
                }
                3 => {
                    let a = self.make(Wanted::Int, depth);
                    self.call("to_string", &[a])
                }
                4 => {
                    let a = self.make(Wanted::Text, depth);
                    self.call("upper", &[a])
                }
                _ => {
                    let a = self.make(Wanted::Text, depth);
                    self.call("lower", &[a])
                }
            },
            Wanted::Time => match self.pick(3) {
                0 => {
                    let (a, unit) = (self.make(Wanted::Int, depth), self.text("millisecond"));
                    self.call("from_epoch", &[a, unit])
                }
                1 => {
                    let (a, format) = (self.make(Wanted::Text, depth), self.text("%F %T"));
                    let zone = self.zone();
                    self.call("strptime", &[a, format, zone])
                }
                _ => {
                    let part = |part| Expr::Literal(Literal::Int(part));
                    let zone = self.zone();
                    let args = [part(2024), part(2), part(29), part(23), *zone];
                    Expr::Call("datetime", self.arena.alloc_slice_copy(&args))
                }
            },
            Wanted::Ints => self.own_ints(depth),
            Wanted::Prices => {
                let a = self.make(Wanted::Text, depth);
                let ty = self.arena.alloc(Expr::Type(Type::Map(&Type::Float)));
                self.call("parse", &[a, ty])
            }
            Wanted::Point => {
                let fields = [
                    FieldExpr {
                        name: "x",
                        value: *self.make(Wanted::Int, depth),
                    },
                    FieldExpr {
                        name: "y",
                        value: *self.make(Wanted::Float, depth),
                    },
                ];
                Expr::Record(POINT, self.arena.alloc_slice_copy(&fields))
            }
        }
    }

    fn own_bool(&mut self, depth: u8) -> Expr<'a> {
        match self.pick(8) {
            0 => Expr::Unary(Unary::Not, self.make(Wanted::Bool, depth)),
            1 => {
                let op = [Binary::And, Binary::Or, Binary::Eq][usize::from(self.pick(3))];
                let (a, b) = (
                    self.make(Wanted::Bool, depth),
                    self.make(Wanted::Bool, depth),
                );
                Expr::Binary(op, a, b)
            }
            2 => {
                let op = [Binary::Lt, Binary::Ge, Binary::Ne][usize::from(self.pick(3))];
                let (a, b) = (
                    self.make(Wanted::Int, depth),
                    self.make(Wanted::Float, depth),
                );
                Expr::Binary(op, a, b)
            }
            3 => {
                let a = self.any(depth);
                self.call("is_null", &[a])
            }
            4 => {
                let name = ["contains", "starts_with", "ends_with"][usize::from(self.pick(3))];
                let (a, b) = (
                    self.make(Wanted::Text, depth),
                    self.make(Wanted::Text, depth),
                );
                self.call(name, &[a, b])
            }
            5 => {
                let (a, b) = (
                    self.make(Wanted::Ints, depth),
                    self.make(Wanted::Int, depth),
                );
                self.call("contains", &[a, b])
            }
            6 => {
                let (a, b) = (
                    self.make(Wanted::Prices, depth),
                    self.make(Wanted::Text, depth),
                );
                self.call("contains", &[a, b])
            }
            _ => {
                let a = self.make(Wanted::Float, depth);
                self.call("is_nan", &[a])
            }
        }
    }

    fn own_int(&mut self, depth: u8) -> Expr<'a> {
        match self.pick(9) {
            0 => {
                let op = [Binary::Add, Binary::FloorDiv, Binary::Rem][usize::from(self.pick(3))];
                let (a, b) = (self.make(Wanted::Int, depth), self.make(Wanted::Int, depth));
                Expr::Binary(op, a, b)
            }
            1 => {
                let wanted =
                    [Wanted::Text, Wanted::Ints, Wanted::Prices][usize::from(self.pick(3))];
                let a = self.make(wanted, depth);
                self.call("len", &[a])
            }
            2 => {
                let (a, zone) = (self.make(Wanted::Time, depth), self.zone());
                let part = ["year", "week", "microsecond"][usize::from(self.pick(3))];
                self.call(part, &[a, zone])
            }
            3 => {
                let (a, b) = (
                    self.make(Wanted::Time, depth),
                    self.make(Wanted::Time, depth),
                );
                let unit = self.text("day");
                self.call("since", &[a, b, unit])
            }
            4 => {
                let a = self.make(Wanted::Time, depth);
                self.call("since_epoch", &[a])
            }
            5 => {
                let (list, index) = (
                    self.make(Wanted::Ints, depth),
                    self.make(Wanted::Int, depth),
                );
                let element = self.arena.alloc(self.call("at", &[list, index]));
                let fill = self.make(Wanted::Int, depth);
                self.call("fill_null", &[element, fill])
            }
            6 => Expr::Field(self.make(Wanted::Point, depth), "x"),
            7 => {
                let a = self.make(Wanted::Float, depth);
                let name = ["round", "ceil", "floor"][usize::from(self.pick(3))];
                self.call(name, &[a])
            }
            _ => {
                let list = self.make(Wanted::Ints, depth);
                self.call("sum", &[list])
            }
        }
    }

    fn own_ints(&mut self, depth: u8) -> Expr<'a> {
        match self.pick(3) {
            which @ (0 | 1) if !self.in_closure => {
                let list = self.make(Wanted::Ints, depth);
                self.in_closure = true;
                let (name, wanted) =
                    [("map", Wanted::Int), ("filter", Wanted::Bool)][usize::from(which)];
                let body = self.make(wanted, depth);
                self.in_closure = false;
                let closure = self.arena.alloc(Expr::Closure("v", body));
                self.call(name, &[list, closure])
            }
            _ => {
                let (a, b) = (self.make(Wanted::Int, depth), self.make(Wanted::Int, depth));
                let few = self.arena.alloc(Expr::Literal(Literal::Int(5)));
                let count = self.arena.alloc(Expr::Binary(Binary::Rem, b, few));
                self.call("repeat", &[a, count])
            }
        }
    }
}

/// A well-typed expression out of random bytes.
pub(crate) fn make(arena: &Bump, bytes: Vec<u8>) -> Expr<'_> {
    let mut maker = Maker {
        arena,
        bytes: bytes.into_iter(),
        in_closure: false,
    };
    *maker.any(4)
}
