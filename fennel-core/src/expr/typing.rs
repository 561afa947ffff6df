//! The type of an expression.

use super::fault::{fault, part};
use super::function::{self, Call};
use super::{Branch, Expr, Fault, FieldExpr, Scope, Typed, branches_size, fields_size};
use crate::literal::Literal;
use crate::message::Message;
use crate::text::eq;
use crate::ty::{Computed, Record, Type};

impl<'a> Expr<'a> {
    /// The expression's type where names mean what `scope` says.
    ///
    /// # Errors
    ///
    /// What is wrong with which part.
    pub const fn type_in(&self, scope: &Scope<'_, 'a>) -> Typed<'a> {
        match self {
            Expr::Name(name) => scope.type_of(name),
            Expr::Variable(name) => scope.variable(name),
            Expr::Literal(literal) => literal_type(literal),
            Expr::Unary(op, operand) => op.result(operand, part!(1, operand.type_in(scope))),
            Expr::Binary(op, left, right) => {
                let a = part!(1, left.type_in(scope));
                let b = part!(1 + left.size(), right.type_in(scope));
                op.result((left, a), (right, b))
            }
            Expr::If(branches, otherwise) => if_type(branches, *otherwise, scope),
            Expr::Call(name, args) => function::result(name, &Call { args, scope }),
            Expr::Field(operand, name) => {
                field_type(operand, name, part!(1, operand.type_in(scope)))
            }
            Expr::Record(ty, fields) => record_type(ty, fields, scope, false),
            Expr::Zip(ty, fields) => record_type(ty, fields, scope, true),
            Expr::Cast(inner, ty) => match inner {
                Expr::Literal(literal) => match literal.check(ty) {
                    Ok(()) => Ok(Computed::of(ty)),
                    Err(message) => Err(Fault::new(message).within(1)),
                },
                _ => fault!(Message::new(
                    "`as` declares the type of a whole expression or of a constant, not of a part"
                )),
            },
            Expr::Named(_, _) => fault!(Message::new("`name = value` is no value here")),
            Expr::Closure(_, _) => fault!(Message::new(
                "a closure is an argument of a list's `map` or `filter` alone"
            )),
            Expr::Type(_) => fault!(Message::new("a type is no value here")),
        }
    }

    /// The type of a whole expression, which `as` may declare.
    ///
    /// # Errors
    ///
    /// What is wrong with which part.
    pub const fn declared_in(&self, scope: &Scope<'_, 'a>) -> Typed<'a> {
        let Expr::Cast(inner, ty) = self else {
            return self.type_in(scope);
        };
        if matches!(inner, Expr::Literal(_)) {
            return self.type_in(scope);
        }
        let computed = part!(1, inner.type_in(scope));
        if computed.matches(ty) {
            return Ok(Computed::of(ty));
        }
        fault!(
            Message::new("this is ")
                .computed(&computed)
                .text(", which can't be declared ")
                .ty(ty)
        )
    }

    /// The expression without the type that is declared around it.
    #[must_use]
    pub const fn undeclared(&self) -> Expr<'a> {
        match self {
            Expr::Cast(Expr::Literal(_), _) => *self,
            Expr::Cast(inner, _) => **inner,
            other => *other,
        }
    }
}

const fn literal_type<'a>(literal: &Literal<'a>) -> Typed<'a> {
    Ok(match literal {
        Literal::Null => Computed::NULL,
        Literal::Bool(_) => Computed::BOOL,
        Literal::Int(_) => Computed::INT,
        Literal::Float(_) => Computed::FLOAT,
        Literal::Str(_) => Computed::STRING,
        Literal::List(_) | Literal::Object(_) => fault!(Message::new(
            "give this constant its type, as in `[1, 2] as Vec<i64>`"
        )),
    })
}

const fn if_type<'a>(
    branches: &'a [Branch<'a>],
    otherwise: Option<&'a Expr<'a>>,
    scope: &Scope<'_, 'a>,
) -> Typed<'a> {
    let mut result: Option<Computed<'a>> = None;
    let mut i = 0;
    while i <= branches.len() {
        let (at, ty) = if i < branches.len() {
            let at = 1 + branches_size(branches, i);
            let condition = &branches[i].condition;
            let ty = part!(at, condition.type_in(scope));
            if !ty.is_bool() {
                let message =
                    super::operator::but(Message::new("a condition is a `bool`"), condition, &ty);
                return Err(Fault::new(message).within(at));
            }
            let at = at + condition.size();
            (at, part!(at, branches[i].value.type_in(scope)))
        } else if let Some(otherwise) = otherwise {
            let at = 1 + branches_size(branches, i);
            (at, part!(at, otherwise.type_in(scope)))
        } else {
            (0, Computed::NULL)
        };
        result = match result {
            None => Some(ty),
            Some(before) => match before.common(ty) {
                Some(common) => Some(common),
                None => {
                    let message = Message::new("the branches of `if` have one type: this is ")
                        .computed(&ty)
                        .text(", and before it is ")
                        .computed(&before);
                    return Err(Fault::new(message).within(at));
                }
            },
        };
        i += 1;
    }
    match result {
        Some(ty) => Ok(ty),
        None => Ok(Computed::NULL),
    }
}

const fn field_type<'a>(operand: &Expr<'a>, name: &str, ty: Computed<'a>) -> Typed<'a> {
    if ty.is_unknown() {
        return Ok(Computed::UNKNOWN);
    }
    let Some(record) = ty.required().record() else {
        let message = Message::new("`.").text(name).text("` needs a record");
        return Err(Fault::new(super::operator::but(message, operand, &ty)).within(1));
    };
    let mut i = 0;
    while i < record.fields.len() {
        if eq(record.fields[i].name, name) {
            return Ok(Computed::of(&record.fields[i].ty).optional_if(ty.is_optional()));
        }
        i += 1;
    }
    fault!(no_field(record, name))
}

const fn no_field(record: &Record<'_>, name: &str) -> Message {
    let mut message = Message::new("record ")
        .name(record.name)
        .text(" has no field ")
        .name(name)
        .text("; it has ");
    let mut i = 0;
    while i < record.fields.len() {
        message = message.listed(i, record.fields.len(), record.fields[i].name);
        i += 1;
    }
    message
}

/// `Point { x: a }`, or with lists `Point::zip(x = a)`.
const fn record_type<'a>(
    ty: &Type<'a>,
    fields: &'a [FieldExpr<'a>],
    scope: &Scope<'_, 'a>,
    zip: bool,
) -> Typed<'a> {
    let Type::Record(record) = ty else {
        fault!(Message::new("").ty(ty).text(" is no record"));
    };
    let mut i = 0;
    while i < fields.len() {
        let at = 1 + fields_size(fields, i);
        let mut known = None;
        let mut j = 0;
        while j < record.fields.len() {
            if eq(record.fields[j].name, fields[i].name) {
                known = Some(record.fields[j].ty);
            }
            j += 1;
        }
        let Some(field) = known else {
            return Err(Fault::new(no_field(record, fields[i].name)).within(at));
        };
        let value = part!(at, fields[i].value.type_in(scope));
        let element = if zip {
            if !value.is_list() {
                let message = Message::new("`zip` needs lists, and this is ").computed(&value);
                return Err(Fault::new(message).within(at));
            }
            match value.element() {
                Some(element) => element,
                None => Computed::UNKNOWN,
            }
        } else {
            value
        };
        if !element.promotes_to(&Computed::of(&field)) {
            let message = Message::new("field ")
                .member(record.name, fields[i].name)
                .text(" is ")
                .ty(&field)
                .text(if zip {
                    ", and the elements here are "
                } else {
                    ", and this is "
                })
                .computed(&element);
            return Err(Fault::new(message).within(at));
        }
        i += 1;
    }
    let mut i = 0;
    while i < record.fields.len() {
        let mut given = 0;
        let mut j = 0;
        while j < fields.len() {
            given += eq(record.fields[i].name, fields[j].name) as usize;
            j += 1;
        }
        if given != 1 {
            let message = Message::new("record ")
                .name(record.name)
                .text(if given == 0 {
                    " needs its field "
                } else {
                    " is given twice its field "
                })
                .name(record.fields[i].name);
            fault!(match given {
                0 if record.fields[i].ty.is_optional() => message.text(", which may be `None`"),
                _ => message,
            });
        }
        i += 1;
    }
    let computed = Computed::of(ty);
    if !zip {
        return Ok(computed);
    }
    match computed.list() {
        Some(list) => Ok(list),
        None => fault!(too_deep()),
    }
}

/// What is said of lists nested too deep.
pub(crate) const fn too_deep() -> Message {
    Message::new("lists, maps and options nest at most ")
        .int(crate::ty::MAX_NESTING as i64)
        .text(" deep")
}
