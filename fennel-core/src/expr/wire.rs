//! Expressions on the wire.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::function;
use super::{Binary, Branch, Expr, FieldExpr, MAX_DEPTH, Scope, Unary};
use crate::literal::Literal;
use crate::ty::{Computed, Parts, Type};
use crate::wire::proto::expression::{self as proto, expr::Node};
use crate::wire::proto::schema;
use crate::wire::{Arena, Decoded, types};

/// The message of an expression that [`Expr::type_in`] has typed in `scope`.
pub(crate) fn encode<'a>(expr: &Expr<'a>, scope: &Scope<'_, 'a>) -> proto::Expr {
    let boxed = |expr: &Expr<'a>| Some(Box::new(encode(expr, scope)));
    let node = match expr {
        Expr::Name(name) => Node::Ref(proto::Ref {
            name: (*name).into(),
        }),
        Expr::Variable(name) => Node::Var(proto::Var {
            name: (*name).into(),
        }),
        Expr::Literal(literal) => Node::JsonLiteral(untyped_literal(literal)),
        Expr::Cast(Expr::Literal(literal), ty) => Node::JsonLiteral(literal_of(literal, ty)),
        Expr::Cast(inner, _)
        | Expr::Named(_, inner)
        | Expr::Closure(_, inner)
        | Expr::Shared(inner) => {
            return encode(inner, scope);
        }
        Expr::Unary(op, operand) => Node::Unary(Box::new(proto::Unary {
            op: match op {
                Unary::Neg => proto::UnaryOp::Neg,
                Unary::Not => proto::UnaryOp::Not,
            }
            .into(),
            operand: boxed(operand),
        })),
        Expr::Binary(op, left, right) => Node::Binary(Box::new(proto::Binary {
            left: boxed(left),
            right: boxed(right),
            op: op.encode().into(),
        })),
        Expr::If(branches, otherwise) => Node::Case(Box::new(proto::Case {
            when_then: branches
                .iter()
                .map(|branch| proto::WhenThen {
                    when: Some(encode(&branch.condition, scope)),
                    then: Some(encode(&branch.value, scope)),
                })
                .collect(),
            otherwise: otherwise.and_then(boxed),
        })),
        Expr::Call(name, args) => function::encode(name, args, scope),
        Expr::Field(operand, name) => Node::StructFn(Box::new(proto::StructFn {
            r#struct: boxed(operand),
            r#fn: Some(proto::StructOp {
                fn_type: Some(proto::struct_op::FnType::Field((*name).into())),
            }),
        })),
        Expr::Record(ty, fields) => Node::MakeStruct(proto::MakeStruct {
            struct_type: record(ty),
            fields: encode_fields(fields, scope),
        }),
        Expr::Zip(ty, fields) => Node::Zip(proto::Zip {
            struct_type: record(ty),
            fields: encode_fields(fields, scope),
        }),
        // Typing lets these stand in calls alone, which send what they mean.
        Expr::Type(_) => return proto::Expr { node: None },
    };
    proto::Expr { node: Some(node) }
}

fn record(ty: &Type<'_>) -> Option<schema::StructType> {
    match ty {
        Type::Record(record) => Some(types::encode_record(record)),
        _ => None,
    }
}

fn encode_fields<'a, C: FromIterator<(String, proto::Expr)>>(
    fields: &[FieldExpr<'a>],
    scope: &Scope<'_, 'a>,
) -> C {
    let fields = fields.iter();
    fields
        .map(|field| (field.name.into(), encode(&field.value, scope)))
        .collect()
}

fn untyped_literal(literal: &Literal<'_>) -> proto::JsonLiteral {
    let ty = match literal {
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Float(_) => Type::Float,
        Literal::Str(_) => Type::String,
        Literal::Null | Literal::List(_) | Literal::Object(_) => {
            return proto::JsonLiteral {
                literal: "null".into(),
                dtype: Some(schema::DataType {
                    dtype: Some(schema::data_type::Dtype::NullType(schema::NullType {})),
                }),
            };
        }
    };
    literal_of(literal, &ty)
}

fn literal_of(literal: &Literal<'_>, ty: &Type<'_>) -> proto::JsonLiteral {
    proto::JsonLiteral {
        literal: crate::wire::json_text::to_text(&literal.to_json(ty)),
        dtype: Some(types::encode(ty)),
    }
}

/// The message of a computed type.
pub(crate) fn encode_type(ty: Computed<'_>) -> schema::DataType {
    use schema::data_type::Dtype;

    let boxed = |inner| Some(Box::new(encode_type(inner)));
    let dtype = match ty.parts() {
        _ if ty.is_null() => Dtype::NullType(schema::NullType {}),
        Parts::Optional(inner) => {
            Dtype::OptionalType(Box::new(schema::OptionalType { of: boxed(inner) }))
        }
        Parts::List(inner) => Dtype::ArrayType(Box::new(schema::ArrayType { of: boxed(inner) })),
        Parts::Map(inner) => Dtype::MapType(Box::new(schema::MapType {
            key: Some(Box::new(types::encode(&Type::String))),
            value: boxed(inner),
        })),
        Parts::Plain(ty) => return types::encode(&ty),
        Parts::Unknown => Dtype::NullType(schema::NullType {}),
    };
    schema::DataType { dtype: Some(dtype) }
}

const TOO_DEEP: &str = "the expression nests too deep: compute a part of it in a step before";

/// Reads expressions into an arena.
pub(crate) struct Reader<'a> {
    arena: Arena<'a>,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(arena: Arena<'a>) -> Self {
        Reader { arena, depth: 0 }
    }

    /// Where what is read lives.
    pub(crate) const fn arena(&self) -> Arena<'a> {
        self.arena
    }

    /// The expression of a message, refused where it nests deeper than [`MAX_DEPTH`].
    pub(crate) fn expr(&mut self, message: Option<&proto::Expr>) -> Decoded<Expr<'a>> {
        let node = message.and_then(|message| message.node.as_ref());
        let node = node.ok_or("a part of the expression is missing")?;
        // Each expression is at least a message and what is in it.
        if self.depth >= MAX_DEPTH / 2 {
            return Err(TOO_DEEP.into());
        }
        self.depth += 1;
        let expr = self.node(node);
        self.depth -= 1;
        let expr = expr?;
        if self.depth == 0 && !expr.fits(MAX_DEPTH) {
            return Err(TOO_DEEP.into());
        }
        Ok(expr)
    }

    /// The type of a message.
    pub(super) fn ty(&self, message: Option<&schema::DataType>) -> Decoded<Type<'a>> {
        types::decode(self.arena, message)
    }

    /// `|variable| body`.
    pub(super) fn closure(
        &mut self,
        variable: &str,
        body: Option<&proto::Expr>,
    ) -> Decoded<Expr<'a>> {
        let variable = self.arena.text(variable);
        Ok(Expr::Closure(variable, self.boxed(body)?))
    }

    fn boxed(&mut self, message: Option<&proto::Expr>) -> Decoded<&'a Expr<'a>> {
        let expr = self.expr(message)?;
        Ok(self.arena.value(expr))
    }

    fn node(&mut self, node: &Node) -> Decoded<Expr<'a>> {
        Ok(match node {
            Node::Ref(column) => Expr::Name(self.arena.text(&column.name)),
            Node::Var(variable) => Expr::Variable(self.arena.text(&variable.name)),
            Node::JsonLiteral(literal) => self.literal(literal)?,
            Node::Unary(unary) => {
                let op = match proto::UnaryOp::try_from(unary.op) {
                    Ok(proto::UnaryOp::Neg) => Unary::Neg,
                    Ok(proto::UnaryOp::Not) => Unary::Not,
                    Err(_) => return Err("an operator of the expression is unknown".into()),
                };
                Expr::Unary(op, self.boxed(unary.operand.as_deref())?)
            }
            Node::Binary(binary) => {
                let op = proto::BinOp::try_from(binary.op);
                let op = op.map_err(|_| "an operator of the expression is unknown")?;
                let left = self.boxed(binary.left.as_deref())?;
                Expr::Binary(
                    Binary::decode(op),
                    left,
                    self.boxed(binary.right.as_deref())?,
                )
            }
            Node::Case(case) => {
                let branches = case.when_then.iter().map(|branch| {
                    Ok(Branch {
                        condition: self.expr(branch.when.as_ref())?,
                        value: self.expr(branch.then.as_ref())?,
                    })
                });
                let branches = branches.collect::<Decoded<Vec<_>>>()?;
                if branches.is_empty() {
                    return Err("a `when` has no branch".into());
                }
                let otherwise = match case.otherwise.as_deref() {
                    Some(otherwise) => Some(self.boxed(Some(otherwise))?),
                    None => None,
                };
                Expr::If(self.arena.slice(&branches), otherwise)
            }
            Node::StructFn(get) => {
                let Some(proto::struct_op::FnType::Field(name)) =
                    get.r#fn.as_ref().and_then(|op| op.fn_type.as_ref())
                else {
                    return Err("it reads no field of a record".into());
                };
                let name = self.arena.text(name);
                Expr::Field(self.boxed(get.r#struct.as_deref())?, name)
            }
            Node::MakeStruct(make) => {
                let (ty, fields) = self.fields(make.struct_type.as_ref(), &make.fields)?;
                Expr::Record(ty, fields)
            }
            Node::Zip(zip) => {
                let (ty, fields) = self.fields(zip.struct_type.as_ref(), &zip.fields)?;
                Expr::Zip(ty, fields)
            }
            call => function::decode(call, self)?,
        })
    }

    /// A record's type, and its fields' expressions in the order of the type.
    fn fields(
        &mut self,
        ty: Option<&schema::StructType>,
        fields: &BTreeMap<String, proto::Expr>,
    ) -> Decoded<(Type<'a>, &'a [FieldExpr<'a>])> {
        let ty = types::decode_record(self.arena, ty.ok_or("a record has no type")?)?;
        let Type::Record(record) = ty else {
            return Err("a record has no fields".into());
        };
        let known: BTreeSet<_> = record.fields.iter().map(|field| field.name).collect();
        let ordered = record.fields.iter().map(|field| field.name);
        let others = fields.keys().map(String::as_str);
        let names = ordered.chain(others.filter(|name| !known.contains(name)));
        let fields = names.filter_map(|name| {
            let value = fields.get(name)?;
            Some(self.expr(Some(value)).map(|value| FieldExpr {
                name: self.arena.text(name),
                value,
            }))
        });
        let fields = fields.collect::<Decoded<Vec<_>>>()?;
        Ok((ty, self.arena.slice(&fields)))
    }

    fn literal(&mut self, message: &proto::JsonLiteral) -> Decoded<Expr<'a>> {
        let json: Json = serde_json::from_str(&message.literal)
            .map_err(|error| format!("a constant of the expression is not JSON: {error}"))?;
        let dtype = message.dtype.as_ref().and_then(|ty| ty.dtype.as_ref());
        if matches!(dtype, Some(schema::data_type::Dtype::NullType(_))) {
            if !json.is_null() {
                return Err("a constant without a type is not null".into());
            }
            return Ok(Expr::Literal(Literal::Null));
        }
        let ty = types::decode(self.arena, message.dtype.as_ref())?;
        let literal = self.arena.literal(&json, &ty)?;
        Ok(match (literal, ty) {
            (Literal::Bool(_), Type::Bool)
            | (Literal::Int(_), Type::Int)
            | (Literal::Float(_), Type::Float)
            | (Literal::Str(_), Type::String) => Expr::Literal(literal),
            _ => Expr::Cast(self.arena.value(Expr::Literal(literal)), ty),
        })
    }

    /// `operand.name(argument)`.
    pub(crate) fn call(
        &self,
        name: &'static str,
        operand: Expr<'a>,
        arguments: impl IntoIterator<Item = Expr<'a>>,
    ) -> Expr<'a> {
        let args: Vec<_> = std::iter::once(operand).chain(arguments).collect();
        Expr::Call(name, self.arena.slice(&args))
    }
}
