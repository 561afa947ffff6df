//! Types, expressions, windows and aggregates as messages.

use fennel_core::wire::proto::expression::{self, expr::Node};
use fennel_core::wire::proto::schema::{self, data_type::Dtype};
use fennel_core::wire::proto::spec::{self, PreSpec, pre_spec::Variant as Kept};
use fennel_core::wire::proto::window::{self, window::Variant as Stretch};

use super::{Column, Expr, Function, Micros, Op, Spec, Ty, Window};
use crate::value::V;

impl Spec {
    pub(super) fn message(&self) -> PreSpec {
        let (of, name) = (self.of.clone(), self.name.clone());
        let window = Some(self.window.message(self.lookback));
        let or_null = |default: &Option<f64>| (default.unwrap_or_default(), default.is_none());
        let kept = match &self.function {
            Function::Count { unique, dropnull } => Kept::Count(spec::Count {
                name,
                window,
                unique: *unique,
                approx: *unique,
                of,
                dropnull: *dropnull,
            }),
            Function::Sum => Kept::Sum(spec::Sum { of, name, window }),
            Function::Average(default) => {
                let (default, default_null) = or_null(default);
                Kept::Average(spec::Average {
                    of,
                    name,
                    window,
                    default,
                    default_null,
                })
            }
            Function::Min(default) => {
                let (default, default_null) = or_null(default);
                Kept::Min(spec::Min {
                    of,
                    name,
                    window,
                    default,
                    default_null,
                })
            }
            Function::Max(default) => {
                let (default, default_null) = or_null(default);
                Kept::Max(spec::Max {
                    of,
                    name,
                    window,
                    default,
                    default_null,
                })
            }
            Function::Stddev(default) => {
                let (default, default_null) = or_null(default);
                Kept::Stddev(spec::Stddev {
                    of,
                    name,
                    window,
                    default,
                    default_null,
                })
            }
            Function::Quantile { p, default } => Kept::Quantile(spec::Quantile {
                of,
                name,
                window,
                default: *default,
                quantile: *p,
                approx: true,
            }),
            Function::Distinct { dropnull } => Kept::Distinct(spec::Distinct {
                of,
                name,
                window,
                dropnull: *dropnull,
            }),
            Function::LastK {
                limit,
                dedup,
                dropnull,
            } => Kept::LastK(spec::LastK {
                of,
                name,
                limit: *limit,
                dedup: *dedup,
                window,
                dropnull: *dropnull,
            }),
            Function::FirstK {
                limit,
                dedup,
                dropnull,
            } => Kept::FirstK(spec::FirstK {
                of,
                name,
                limit: *limit,
                dedup: *dedup,
                window,
                dropnull: *dropnull,
            }),
            Function::DecaySum(half_life) => Kept::ExpDecay(spec::ExponentialDecayAggregate {
                of,
                name,
                window,
                half_life_seconds: *half_life,
            }),
        };
        PreSpec {
            variant: Some(kept),
        }
    }
}

impl Window {
    pub(super) fn message(self, lookback: Micros) -> window::Window {
        let lookback = Some(duration(lookback));
        let stretch = match self {
            Window::Continuous(length) => Stretch::Sliding(window::Sliding {
                duration: Some(duration(length)),
            }),
            Window::Forever => Stretch::Forever(window::Forever {}),
            Window::Tumbling(length) => Stretch::Tumbling(window::Tumbling {
                duration: Some(duration(length)),
                lookback,
            }),
            Window::Hopping(length, stride) => Stretch::Hopping(window::Hopping {
                duration: Some(duration(length)),
                stride: Some(duration(stride)),
                lookback,
            }),
            Window::ForeverHopping(stride) => Stretch::ForeverHopping(window::ForeverHopping {
                stride: Some(duration(stride)),
                lookback,
            }),
            Window::Session(gap) => Stretch::Session(window::Session {
                gap: Some(duration(gap)),
            }),
        };
        window::Window {
            variant: Some(stretch),
        }
    }
}

impl Ty {
    pub(super) fn message(&self) -> schema::DataType {
        let dtype = match self {
            Ty::Int => Dtype::IntType(schema::IntType {}),
            Ty::Float => Dtype::DoubleType(schema::DoubleType {}),
            Ty::Str => Dtype::StringType(schema::StringType {}),
            Ty::Bool => Dtype::BoolType(schema::BoolType {}),
            Ty::Time => Dtype::TimestampType(schema::TimestampType {}),
            Ty::Window => Dtype::StructType(schema::StructType {
                name: "Window".into(),
                fields: ["begin", "end"]
                    .map(|name| field(&Column::new(name, Ty::Time)))
                    .to_vec(),
            }),
            Ty::List(of) => Dtype::ArrayType(Box::new(schema::ArrayType {
                of: Some(Box::new(of.message())),
            })),
            Ty::Optional(of) => Dtype::OptionalType(Box::new(schema::OptionalType {
                of: Some(Box::new(of.message())),
            })),
        };
        schema::DataType { dtype: Some(dtype) }
    }
}

pub(super) fn field(column: &Column) -> schema::Field {
    schema::Field {
        name: column.name.clone(),
        dtype: Some(column.ty.message()),
    }
}

impl Expr {
    pub(super) fn message(&self) -> expression::Expr {
        let boxed = |expr: &Expr| Some(Box::new(expr.message()));
        let node = match self {
            Expr::Column(name) => Node::Ref(expression::Ref { name: name.clone() }),
            Expr::Literal(value) => Node::JsonLiteral(literal(value)),
            Expr::Not(operand) => Node::Unary(Box::new(expression::Unary {
                op: expression::UnaryOp::Not.into(),
                operand: boxed(operand),
            })),
            Expr::IsNull(operand) => Node::Isnull(Box::new(expression::IsNull {
                operand: boxed(operand),
            })),
            Expr::FillNull(operand, fill) => Node::Fillnull(Box::new(expression::FillNull {
                operand: boxed(operand),
                fill: boxed(&Expr::Literal(fill.clone())),
            })),
            Expr::Len(text) => Node::StringFn(Box::new(expression::StringFn {
                string: boxed(text),
                r#fn: Some(Box::new(expression::StringOp {
                    fn_type: Some(expression::string_op::FnType::Len(expression::Len {})),
                })),
            })),
            Expr::Binary(op, left, right) => Node::Binary(Box::new(expression::Binary {
                left: boxed(left),
                right: boxed(right),
                op: op.message().into(),
            })),
            Expr::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                Node::Case(Box::new(expression::Case {
                    when_then: vec![expression::WhenThen {
                        when: Some(condition.message()),
                        then: Some(then.message()),
                    }],
                    otherwise: boxed(otherwise),
                }))
            }
        };
        expression::Expr { node: Some(node) }
    }
}

fn literal(value: &V) -> expression::JsonLiteral {
    let ty = match value {
        V::Bool(_) => Ty::Bool,
        V::Int(_) => Ty::Int,
        V::Float(_) => Ty::Float,
        V::Str(_) => Ty::Str,
        other => panic!("{other} is no literal of these expressions"),
    };
    expression::JsonLiteral {
        literal: value.to_json().to_string(),
        dtype: Some(ty.message()),
    }
}

impl Op {
    fn message(self) -> expression::BinOp {
        match self {
            Op::Add => expression::BinOp::Add,
            Op::Sub => expression::BinOp::Sub,
            Op::Mul => expression::BinOp::Mul,
            Op::Div => expression::BinOp::Div,
            Op::Eq => expression::BinOp::Eq,
            Op::Ne => expression::BinOp::Ne,
            Op::Gt => expression::BinOp::Gt,
            Op::Ge => expression::BinOp::Gte,
            Op::Lt => expression::BinOp::Lt,
            Op::Le => expression::BinOp::Lte,
            Op::And => expression::BinOp::And,
            Op::Or => expression::BinOp::Or,
        }
    }
}

pub(super) fn duration(micros: Micros) -> prost_types::Duration {
    prost_types::Duration {
        seconds: micros / 1_000_000,
        nanos: (micros % 1_000_000) as i32 * 1_000,
    }
}
