//! Functions of lists, and of embeddings as lists of floats. A null list makes null.

#[cfg(feature = "eval")]
mod eval;

use super::call::Call;
use super::functions;
use crate::expr::fault::fault;
use crate::expr::operator::but;
use crate::expr::repair::{Needed, repair};
use crate::expr::typing::too_deep;
use crate::expr::wire::{Reader, encode};
use crate::expr::{Expr, Fault, Scope, Typed, advice};
use crate::message::Message;
use crate::text::eq;
use crate::ty::{Computed, Type};
use crate::wire::Decoded;
use crate::wire::proto::expression::{self as proto, expr::Node, list_op::FnType};

functions! {
    /// How many elements it has, nulls too.
    Len = "len"() -> "i64",
    /// Whether an element is null.
    HasNull = "has_null"() -> "bool",
    /// Whether `item` is one of its elements; null if none is but a null could be.
    Contains = "contains"("item") -> "bool",
    /// The element at `index`, also written `list[index]`: from 0 on, negative ones from the end;
    /// null beyond either end.
    At = "at"("index") -> "Option<T>",
    /// The sum; 0 of none, null with a null.
    Sum = "sum"() -> "T",
    /// The mean; null of none, and with a null.
    Mean = "mean"() -> "Option<f64>",
    /// The least element; null of none, and with a null.
    Min = "min"() -> "Option<T>",
    /// The greatest element; null of none, and with a null.
    Max = "max"() -> "Option<T>",
    /// Whether all are true; so it is of none.
    All = "all"() -> "bool",
    /// Whether one is true.
    Any = "any"() -> "bool",
    /// The elements for which a closure such as `|x| x > 0` is true.
    Filter = "filter"("predicate") -> "Vec<T>",
    /// What a closure such as `|x| x + 1` makes of each element.
    Map = "map"("function") -> "Vec<U>",
}

impl Function {
    /// Whether its argument is a closure over the elements.
    pub(super) const fn takes_closure(self) -> bool {
        matches!(self, Function::Filter | Function::Map)
    }

    /// What names mean inside its closure; `None` where a closure is around already.
    pub(super) const fn closure<'s, 'a>(
        self,
        scope: &Scope<'s, 'a>,
        variable: &'a str,
        operand: &Computed<'a>,
    ) -> Option<Scope<'s, 'a>> {
        if scope.in_closure() {
            return None;
        }
        Some(scope.with(variable, element(operand)))
    }

    pub(super) const fn result<'a>(self, call: &Call<'_, 'a>, operand: Computed<'a>) -> Typed<'a> {
        let signature = self.signature();
        let element = element(&operand);
        let result = match self {
            Function::Len => Computed::INT,
            Function::HasNull => Computed::BOOL,
            Function::Contains => match call.typed(&signature, 0) {
                Some((_, item)) if item.promotes_to(&unrestricted(element)) => {
                    Computed::BOOL.optional_if(element.is_optional())
                }
                Some((at, item)) => {
                    let message = Message::new("a list of ").computed(&element);
                    let message = message.text(" can't contain ").computed(&item);
                    let repair = match call.argument(&signature, 0) {
                        Some((_, written)) => repair(&written, &item, &unrestricted(element)),
                        None => "",
                    };
                    return Err(Fault::new(message.text(repair)).within(at));
                }
                None => Computed::BOOL,
            },
            Function::At => match call.typed(&signature, 0) {
                Some((_, index))
                    if index.is_unknown() || (index.is_whole() && !index.is_optional()) =>
                {
                    element.optional()
                }
                _ => {
                    return Err(call.fault(&signature, 0, "an `i64` as its index", &Computed::INT));
                }
            },
            Function::Sum | Function::Mean | Function::Min | Function::Max => {
                if !element.is_number() {
                    return Err(needs("a list of numbers", &signature, call, &operand));
                }
                match self {
                    Function::Sum if operand.is_null() => Computed::INT,
                    Function::Sum => unrestricted(element),
                    Function::Mean => Computed::FLOAT.optional(),
                    _ => element.optional(),
                }
            }
            Function::All | Function::Any => {
                if !element.is_bool() {
                    return Err(needs("a list of bools", &signature, call, &operand));
                }
                if operand.is_null() {
                    Computed::BOOL
                } else {
                    element
                }
            }
            Function::Filter => {
                let (at, body, ty) = match body(call, &signature) {
                    Ok(body) => body,
                    Err(fault) => return Err(fault),
                };
                let exact = matches!(ty.as_scalar(), Some(Type::Bool));
                if !exact && !ty.is_unknown() {
                    let message = Message::new("`filter` needs a closure that is a `bool`");
                    let message = message.text(", and this is ").computed(&ty);
                    let message = if ty.is_bool() {
                        message.text(advice::NULL_IS_FALSE)
                    } else {
                        message.text(Needed::Bool.of(&body, &ty))
                    };
                    return Err(Fault::new(message).within(at));
                }
                match element.list() {
                    Some(list) => list,
                    None => fault!(too_deep()),
                }
            }
            Function::Map => {
                let (at, _, ty) = match body(call, &signature) {
                    Ok(body) => body,
                    Err(fault) => return Err(fault),
                };
                if ty.is_null() {
                    let message = Message::new("`map` makes nothing but null of each element");
                    return Err(Fault::new(message).within(at));
                }
                match ty.list() {
                    Some(list) => list,
                    None => fault!(too_deep()),
                }
            }
        };
        Ok(result.optional_if(operand.is_optional()))
    }

    pub(super) fn encode(self, call: &Call<'_, '_>) -> Node {
        let signature = self.signature();
        let argument = || call.encode_argument(&signature, 0);
        let closure = || {
            let (_, Expr::Closure(variable, body)) = call.argument(&signature, 0)? else {
                return None;
            };
            let scope = call.scope.with(variable, element(&call.types[0]));
            Some((variable.to_owned(), Box::new(encode(body, &scope))))
        };
        let function = match self {
            Function::Len => FnType::Len(proto::Len {}),
            Function::HasNull => FnType::HasNull(proto::HasNull {}),
            Function::Contains => FnType::Contains(Box::new(proto::Contains {
                element: argument(),
            })),
            Function::At => match argument() {
                Some(index) => FnType::Get(index),
                None => FnType::Get(Box::default()),
            },
            Function::Sum => FnType::Sum(proto::ListSum {}),
            Function::Mean => FnType::Mean(proto::ListMean {}),
            Function::Min => FnType::Min(proto::ListMin {}),
            Function::Max => FnType::Max(proto::ListMax {}),
            Function::All => FnType::All(proto::ListAll {}),
            Function::Any => FnType::Any(proto::ListAny {}),
            Function::Filter => {
                let (var, predicate) = closure().unzip();
                FnType::Filter(Box::new(proto::ListFilter {
                    var: var.unwrap_or_default(),
                    predicate,
                }))
            }
            Function::Map => {
                let (var, map_expr) = closure().unzip();
                FnType::Map(Box::new(proto::ListMap {
                    var: var.unwrap_or_default(),
                    map_expr,
                }))
            }
        };
        Node::ListFn(Box::new(proto::ListFn {
            list: call.encode_operand(),
            r#fn: Some(Box::new(proto::ListOp {
                fn_type: Some(function),
            })),
        }))
    }

    /// The call that a message makes.
    pub(in crate::expr) fn decode<'a>(
        message: &proto::ListFn,
        reader: &mut Reader<'a>,
    ) -> Decoded<Expr<'a>> {
        let operand = reader.expr(message.list.as_deref())?;
        let function = message.r#fn.as_deref().and_then(|op| op.fn_type.as_ref());
        let (function, argument) = match function.ok_or("it names no function of lists")? {
            FnType::Len(_) => (Function::Len, None),
            FnType::HasNull(_) => (Function::HasNull, None),
            FnType::Contains(call) => {
                let item = reader.expr(call.element.as_deref())?;
                (Function::Contains, Some(item))
            }
            FnType::Get(index) => (Function::At, Some(reader.expr(Some(index))?)),
            FnType::Sum(_) => (Function::Sum, None),
            FnType::Mean(_) => (Function::Mean, None),
            FnType::Min(_) => (Function::Min, None),
            FnType::Max(_) => (Function::Max, None),
            FnType::All(_) => (Function::All, None),
            FnType::Any(_) => (Function::Any, None),
            FnType::Filter(call) => {
                let closure = reader.closure(&call.var, call.predicate.as_deref())?;
                (Function::Filter, Some(closure))
            }
            FnType::Map(call) => {
                let closure = reader.closure(&call.var, call.map_expr.as_deref())?;
                (Function::Map, Some(closure))
            }
        };
        Ok(reader.call(function.signature().name, operand, argument))
    }
}

/// The type of an operand's elements.
const fn element<'a>(operand: &Computed<'a>) -> Computed<'a> {
    match operand.required().element() {
        Some(element) => element,
        None => Computed::UNKNOWN,
    }
}

/// The type without its restriction, an optional one too.
const fn unrestricted(ty: Computed<'_>) -> Computed<'_> {
    ty.required().unrestricted().optional_if(ty.is_optional())
}

const fn needs(
    what: &str,
    signature: &super::Signature,
    call: &Call<'_, '_>,
    operand: &Computed<'_>,
) -> Fault {
    let message = Message::new("").name(signature.name).text(" needs ");
    Fault::new(but(message.text(what), &call.operand(), operand)).within(call.node(0))
}

/// The body of the closure: its node, itself and its type.
const fn body<'a>(
    call: &Call<'_, 'a>,
    signature: &super::Signature,
) -> Result<(usize, Expr<'a>, Computed<'a>), Fault> {
    let needs = if eq(signature.name, Function::Map.signature().name) {
        "a closure, as in `|x| x + 1`"
    } else {
        "a closure, as in `|x| x > 0`"
    };
    match (call.argument(signature, 0), call.typed(signature, 0)) {
        (Some((at, Expr::Closure(_, body))), Some((_, ty))) => Ok((at + 1, *body, ty)),
        _ => Err(call.fault(signature, 0, needs, &Computed::UNKNOWN)),
    }
}

/// What is said of closures in closures.
pub(super) const fn nested() -> Message {
    Message::new(
        "`map` and `filter` can't stand inside the closure of another one: `explode` makes rows of the inner lists before",
    )
}
