//! The type of an expression.

use super::fault::{fault, part};
use super::function;
use super::repair::{Needed, repair};
use super::{Branch, Expr, Fault, FieldExpr, MAX_DEPTH, Scope, Typed};
use crate::literal::Literal;
use crate::message::{Check, Message, ensure};
use crate::text::{closest, eq};
use crate::ty::{Computed, Record, Type};

impl<'a> Expr<'a> {
    /// The expression's type where names mean what `scope` says.
    ///
    /// # Errors
    ///
    /// What is wrong with which part.
    pub const fn type_in(&self, scope: &Scope<'_, 'a>) -> Typed<'a> {
        if !self.fits(MAX_DEPTH) {
            fault!(Message::new(
                "this expression nests too deep: compute a part of it in a step before"
            ));
        }
        self.typed(scope)
    }

    /// The type of an expression that nests no deeper than it may.
    pub(super) const fn typed(&self, scope: &Scope<'_, 'a>) -> Typed<'a> {
        match self {
            Expr::Name(name) => scope.type_of(name),
            Expr::Variable(name) => scope.variable(name),
            Expr::Literal(literal) => literal_type(literal),
            Expr::Unary(op, operand) => op.result(operand, part!(1, operand.typed(scope))),
            Expr::Binary(op, left, right) => {
                let a = part!(1, left.typed(scope));
                let b = part!(1 + left.size(), right.typed(scope));
                op.result((left, a), (right, b))
            }
            Expr::If(branches, otherwise) => if_type(branches, *otherwise, scope),
            Expr::Call(name, args) => function::result(name, args, scope),
            Expr::Field(operand, name) => field_type(operand, name, part!(1, operand.typed(scope))),
            Expr::Record(ty, fields) => record_type(ty, fields, scope, false),
            Expr::Zip(ty, fields) => record_type(ty, fields, scope, true),
            Expr::Cast(inner, ty) => match inner {
                Expr::Literal(literal) => match checked(literal, ty) {
                    Ok(()) if matches!(literal, Literal::Null) => Ok(Computed::of(ty)),
                    // What is there is not null, whatever it is declared.
                    Ok(()) => Ok(Computed::of(ty).required()),
                    Err(message) => Err(Fault::new(message).within(1)),
                },
                _ => fault!(Message::new(
                    "`as` declares the type of a whole expression or of a constant, not of a part: leave it away, or put it at the end, as in `(a + b) as f64`"
                )),
            },
            Expr::Shared(inner) => match inner.typed(scope) {
                Ok(ty) => Ok(ty),
                Err(fault) => Err(Fault::new(fault.message)),
            },
            Expr::Named(_, _) => fault!(Message::new(
                "`name = value` is an argument of a function alone: compare with `==`"
            )),
            Expr::Closure(_, _) => fault!(Message::new(
                "a closure is an argument of a list's `map` or `filter` alone, as in `a.map(|x| x + 1)`"
            )),
            Expr::Type(_) => fault!(Message::new(
                "a type is an argument of a text's `parse` alone"
            )),
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
            part!(0, self.type_in(scope));
            return Ok(Computed::of(ty));
        }
        let computed = part!(1, inner.type_in(scope));
        if computed.matches(ty) {
            return Ok(Computed::of(ty));
        }
        let message = match inner.as_name() {
            Some(name) => Message::new("").name(name),
            None => Message::new("this"),
        };
        fault!(
            message
                .text(" is ")
                .computed(&computed)
                .text(", which can't be declared ")
                .ty(ty)
                .text(repair(inner, &computed, &Computed::of(ty)))
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
        Literal::Float(float) if !float.is_finite() => fault!(Message::new(
            "a constant of an expression is a finite number"
        )),
        Literal::Float(_) => Computed::FLOAT,
        Literal::Str(_) => Computed::STRING,
        Literal::List(_) => fault!(Message::new(
            "give this constant its type, as in `[1, 2] as Vec<i64>`"
        )),
        Literal::Object(_) => fault!(Message::new(
            "give this constant its type, as in `[(\"a\", 1)] as BTreeMap<String, i64>`"
        )),
    })
}

const fn if_type<'a>(
    branches: &'a [Branch<'a>],
    otherwise: Option<&'a Expr<'a>>,
    scope: &Scope<'_, 'a>,
) -> Typed<'a> {
    let mut result: Option<Computed<'a>> = None;
    let (mut next, mut i) = (1, 0);
    while i <= branches.len() {
        let at = next;
        let (at, ty) = if i < branches.len() {
            let condition = &branches[i].condition;
            let ty = part!(at, condition.typed(scope));
            if !ty.is_bool() {
                return Err(no_condition(condition, &ty).within(at));
            }
            let at = at + condition.size();
            next = at + branches[i].value.size();
            (at, part!(at, branches[i].value.typed(scope)))
        } else if let Some(otherwise) = otherwise {
            (at, part!(at, otherwise.typed(scope)))
        } else {
            (0, Computed::NULL)
        };
        result = match result {
            None => Some(ty),
            Some(before) => match before.common(ty) {
                Some(common) => Some(common),
                None => {
                    return Err(Fault::new(no_common(&ty, &before)).within(at));
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

const fn no_condition(condition: &Expr<'_>, ty: &Computed<'_>) -> Fault {
    let message = Message::new("a condition is a `bool`");
    let message = super::operator::but(message, condition, ty);
    Fault::new(message.text(Needed::Bool.of(condition, ty)))
}

const fn no_common(this: &Computed<'_>, before: &Computed<'_>) -> Message {
    Message::new("the branches of `if` have one type: this is ")
        .computed(this)
        .text(", and before it is ")
        .computed(before)
}

const fn field_type<'a>(operand: &Expr<'a>, name: &str, ty: Computed<'a>) -> Typed<'a> {
    if ty.is_unknown() {
        return Ok(Computed::UNKNOWN);
    }
    let Some(record) = ty.required().record() else {
        let message = Message::new("`.").text(name).text("` needs a record");
        let mut message = super::operator::but(message, operand, &ty);
        if let Some(element) = ty.required().element()
            && element.required().record().is_some()
        {
            message = message
                .text(": `.map(|x| x.")
                .text(name)
                .text(")` reads it of each element");
        } else if ty.required().map_value().is_some() {
            message = message
                .text(": `.get(\"")
                .text(name)
                .text("\")` reads a value of a map");
        }
        return Err(Fault::new(message).within(1));
    };
    match record.field(name) {
        Some(field) => Ok(Computed::of(&field).optional_if(ty.is_optional())),
        None => fault!(no_field(record, name)),
    }
}

const fn no_field(record: &Record<'_>, name: &str) -> Message {
    let mut message = Message::new("record ")
        .name(record.name)
        .text(" has no field ")
        .name(name);
    let mut i = 0;
    while i < record.fields.len() {
        if closest(record.fields[i].name, name) {
            return message
                .text("; did you mean ")
                .name(record.fields[i].name)
                .text("?");
        }
        i += 1;
    }
    message = message.text("; it has ");
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
    if let Err(message) = ty.check() {
        fault!(message);
    }
    // Whether the fields are those of the record, in its order.
    let mut same = fields.len() == record.fields.len();
    let (mut next, mut i) = (1, 0);
    while i < fields.len() {
        let at = next;
        next += fields[i].value.size();
        let known = if i < record.fields.len() && eq(record.fields[i].name, fields[i].name) {
            Some(record.fields[i].ty)
        } else {
            same = false;
            record.field(fields[i].name)
        };
        let Some(field) = known else {
            return Err(Fault::new(no_field(record, fields[i].name)).within(at));
        };
        let value = part!(at, fields[i].value.typed(scope));
        let element = if zip && !value.is_unknown() {
            if !value.is_list() {
                let message = Message::new("`zip` needs lists");
                let message = super::operator::but(message, &fields[i].value, &value);
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
            let fault = no_value(record, &fields[i], &element, zip);
            return Err(fault.within(at));
        }
        i += 1;
    }
    let mut i = 0;
    while !same && i < record.fields.len() {
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
                    " has two values for its field "
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

/// What is said where a field of a record is given something of another type.
const fn no_value(
    record: &Record<'_>,
    field: &FieldExpr<'_>,
    given: &Computed<'_>,
    zip: bool,
) -> Fault {
    let Some(declared) = record.field(field.name) else {
        return Fault::new(no_field(record, field.name));
    };
    let message = Message::new("field ")
        .member(record.name, field.name)
        .text(" is ")
        .ty(&declared);
    Fault::new(if zip {
        message.text(", and the elements here are ").computed(given)
    } else {
        message.text(", and this is ").computed(given).text(repair(
            &field.value,
            given,
            &Computed::of(&declared),
        ))
    })
}

/// Checks a constant and the type that it is given.
const fn checked(literal: &Literal<'_>, ty: &Type<'_>) -> Check {
    ensure!(ty.check());
    literal.check(ty)
}

/// What is said of lists nested too deep.
pub(crate) const fn too_deep() -> Message {
    Message::new("lists, maps and options nest at most ")
        .int(crate::ty::MAX_NESTING as i64)
        .text(" deep")
}
