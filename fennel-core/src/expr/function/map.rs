//! Functions of maps. A null map makes null.

#[cfg(feature = "eval")]
mod eval;

use super::call::{Call, lifted};
use super::functions;
use crate::expr::repair::repair;
use crate::expr::wire::Reader;
use crate::expr::{Expr, Fault, Typed};
use crate::message::Message;
use crate::ty::Computed;
use crate::wire::Decoded;
use crate::wire::proto::expression::{self as proto, dict_op::FnType, expr::Node};

functions! {
    /// The value under `key`; where there is none, `default`, or null without one.
    Get = "get"("key"; "default") -> "Option<T>",
    /// How many entries it has.
    Len = "len"() -> "i64",
    /// Whether there is a value under `key`.
    Contains = "contains"("key") -> "bool",
}

impl Function {
    pub(super) const fn result<'a>(self, call: &Call<'_, 'a>, operand: Computed<'a>) -> Typed<'a> {
        let signature = self.signature();
        if let Function::Len = self {
            return lifted(Computed::INT, &operand);
        }
        let key = match call.typed(&signature, 0) {
            Some((_, key)) if key.is_text() => key,
            _ => return Err(call.fault(&signature, 0, "a `String` as its key", &Computed::STRING)),
        };
        if let Function::Contains = self {
            return lifted(Computed::BOOL.optional_if(key.is_optional()), &operand);
        }
        let value = match operand.required().map_value() {
            Some(value) => value,
            None => Computed::UNKNOWN,
        };
        let (Some((at, default)), Some((_, written))) =
            (call.typed(&signature, 1), call.argument(&signature, 1))
        else {
            return Ok(value.optional());
        };
        let plain = value
            .required()
            .unrestricted()
            .optional_if(value.is_optional());
        if !default.promotes_to(&plain) {
            let message = Message::new("the values of this map are ").computed(&value);
            let message = message.text(", and the default is ").computed(&default);
            let message = message.text(repair(&written, &default, &plain));
            return Err(Fault::new(message).within(at));
        }
        // A default that is no more than a plain value may be outside the values' restriction.
        let result = if default.same(&value) { value } else { plain };
        lifted(result.optional_if(key.is_optional()), &operand)
    }

    pub(super) fn encode(self, call: &Call<'_, '_>) -> Node {
        let signature = self.signature();
        let function = match self {
            Function::Get => FnType::Get(Box::new(proto::DictGet {
                field: call.encode_argument(&signature, 0),
                default_value: call.encode_argument(&signature, 1),
            })),
            Function::Len => FnType::Len(proto::Len {}),
            Function::Contains => FnType::Contains(Box::new(proto::Contains {
                element: call.encode_argument(&signature, 0),
            })),
        };
        Node::DictFn(Box::new(proto::DictFn {
            dict: call.encode_operand(),
            r#fn: Some(Box::new(proto::DictOp {
                fn_type: Some(function),
            })),
        }))
    }

    /// The call that a message makes.
    pub(in crate::expr) fn decode<'a>(
        message: &proto::DictFn,
        reader: &mut Reader<'a>,
    ) -> Decoded<Expr<'a>> {
        let operand = reader.expr(message.dict.as_deref())?;
        let function = message.r#fn.as_deref().and_then(|op| op.fn_type.as_ref());
        let mut default = None;
        let (function, key) = match function.ok_or("it names no function of maps")? {
            FnType::Get(call) => {
                let key = reader.expr(call.field.as_deref())?;
                if let Some(value) = call.default_value.as_deref() {
                    default = Some(reader.expr(Some(value))?);
                }
                (Function::Get, Some(key))
            }
            FnType::Len(_) => (Function::Len, None),
            FnType::Contains(call) => {
                let key = reader.expr(call.element.as_deref())?;
                (Function::Contains, Some(key))
            }
        };
        let arguments = key.into_iter().chain(default);
        Ok(reader.call(function.signature().name, operand, arguments))
    }
}
