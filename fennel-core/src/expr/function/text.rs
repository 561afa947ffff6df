//! Functions of texts. Null in, null out. What restricts a text, by a pattern or a set of options,
//! doesn't matter here: each is a `String`.

#[cfg(feature = "eval")]
mod eval;
#[cfg(feature = "eval")]
mod json;

use super::call::{Call, lifted};
use super::{format, functions, json_path, zone};
use crate::expr::fault::{fault, part};
use crate::expr::typing::too_deep;
use crate::expr::wire::{Reader, encode_type};
use crate::expr::{Expr, Fault, Typed};
use crate::literal::Literal;
use crate::ty::Computed;
use crate::wire::Decoded;
use crate::wire::proto::expression::{self as proto, expr::Node, string_op::FnType};

functions! {
    /// The text in lower case.
    Lower = "lower"() -> "String",
    /// The text in upper case.
    Upper = "upper"() -> "String",
    /// How many characters it has.
    Len = "len"() -> "i64",
    /// Whether `part` stands in it. The empty text stands in each.
    Contains = "contains"("part") -> "bool",
    /// Whether it begins with `prefix`.
    StartsWith = "starts_with"("prefix") -> "bool",
    /// Whether it ends with `suffix`.
    EndsWith = "ends_with"("suffix") -> "bool",
    /// The text and `other` behind it.
    Concat = "concat"("other") -> "String",
    /// The pieces between `separator`s, a constant; its characters, if that is empty.
    Split = "split"("separator") -> "Vec<String>",
    /// What stands at a JSON path, a constant such as `"$.user.name"`, as text; null if nothing does.
    JsonExtract = "json_extract"("path") -> "Option<String>",
    /// The value that the text is the JSON of.
    Parse = "parse"("T") -> "T",
    /// The instant that the text says in a constant format, such as `"%Y-%m-%d %H:%M"`; local to
    /// `timezone`, which is UTC, unless the text says its offset.
    Strptime = "strptime"("format"; "timezone") -> "DateTime<Utc>",
}

impl Function {
    pub(super) const fn result<'a>(self, call: &Call<'_, 'a>, operand: Computed<'a>) -> Typed<'a> {
        let signature = self.signature();
        match self {
            Function::Lower | Function::Upper => lifted(Computed::STRING, &operand),
            Function::Len => lifted(Computed::INT, &operand),
            Function::Contains | Function::StartsWith | Function::EndsWith | Function::Concat => {
                let argument = match call.typed(&signature, 0) {
                    Some((_, ty)) if ty.is_text() => ty,
                    _ => {
                        return Err(call.fault(
                            &signature,
                            0,
                            "a `String` as its argument",
                            &Computed::STRING,
                        ));
                    }
                };
                let result = match self {
                    Function::Concat => Computed::STRING,
                    _ => Computed::BOOL,
                };
                lifted(result.optional_if(argument.is_optional()), &operand)
            }
            Function::Split => {
                part!(0, call.literal_text(&signature, 0, "its separator"));
                match Computed::STRING.list() {
                    Some(list) => lifted(list, &operand),
                    None => fault!(too_deep()),
                }
            }
            Function::JsonExtract => {
                if let Some((at, path)) = part!(0, call.literal_text(&signature, 0, "its path"))
                    && let Err(message) = json_path::check(path)
                {
                    return Err(Fault::new(message).within(at));
                }
                Ok(Computed::STRING.optional())
            }
            Function::Parse => match call.argument(&signature, 0) {
                Some((at, Expr::Type(ty))) => match ty.check() {
                    Ok(()) => lifted(Computed::of(&ty), &operand),
                    Err(message) => Err(Fault::new(message).within(at)),
                },
                _ => fault!(signature.missing(super::call::TYPE)),
            },
            Function::Strptime => {
                if let Some((at, format)) = part!(0, call.literal_text(&signature, 0, "its format"))
                    && let Err(message) = format::check(format, format::Use::Parse)
                {
                    return Err(Fault::new(message).within(at));
                }
                part!(0, zone::check_argument(call, &signature, 1));
                lifted(Computed::TIMESTAMP, &operand)
            }
        }
    }

    pub(super) fn encode(self, call: &Call<'_, '_>) -> Node {
        let signature = self.signature();
        let argument = || call.encode_argument(&signature, 0);
        let text = |i| call.text(&signature, i).unwrap_or_default().to_owned();
        let function = match self {
            Function::Lower => FnType::Tolower(proto::ToLower {}),
            Function::Upper => FnType::Toupper(proto::ToUpper {}),
            Function::Len => FnType::Len(proto::Len {}),
            Function::Contains => FnType::Contains(Box::new(proto::Contains {
                element: argument(),
            })),
            Function::StartsWith => {
                FnType::Startswith(Box::new(proto::StartsWith { key: argument() }))
            }
            Function::EndsWith => FnType::Endswith(Box::new(proto::EndsWith { key: argument() })),
            Function::Concat => FnType::Concat(Box::new(proto::Concat { other: argument() })),
            Function::Split => FnType::Split(proto::Split { sep: text(0) }),
            Function::JsonExtract => FnType::JsonExtract(proto::JsonExtract { path: text(0) }),
            Function::Parse => FnType::JsonDecode(proto::JsonDecode {
                dtype: match call.argument(&signature, 0) {
                    Some((_, Expr::Type(ty))) => Some(encode_type(Computed::of(&ty))),
                    _ => None,
                },
            }),
            Function::Strptime => FnType::Strptime(proto::Strptime {
                format: text(0),
                timezone: zone::encode(call, &signature, 1),
            }),
        };
        Node::StringFn(Box::new(proto::StringFn {
            string: call.encode_operand(),
            r#fn: Some(Box::new(proto::StringOp {
                fn_type: Some(function),
            })),
        }))
    }

    /// The call that a message makes.
    pub(in crate::expr) fn decode<'a>(
        message: &proto::StringFn,
        reader: &mut Reader<'a>,
    ) -> Decoded<Expr<'a>> {
        let operand = reader.expr(message.string.as_deref())?;
        let text = |reader: &Reader<'a>, text: &str| {
            Some(Expr::Literal(Literal::Str(reader.arena().text(text))))
        };
        let mut zone = None;
        let function = message.r#fn.as_deref().and_then(|op| op.fn_type.as_ref());
        let (function, argument) = match function.ok_or("it names no function of texts")? {
            FnType::Tolower(_) => (Function::Lower, None),
            FnType::Toupper(_) => (Function::Upper, None),
            FnType::Len(_) => (Function::Len, None),
            FnType::Contains(call) => (
                Function::Contains,
                Some(reader.expr(call.element.as_deref())?),
            ),
            FnType::Startswith(call) => (
                Function::StartsWith,
                Some(reader.expr(call.key.as_deref())?),
            ),
            FnType::Endswith(call) => (Function::EndsWith, Some(reader.expr(call.key.as_deref())?)),
            FnType::Concat(call) => (Function::Concat, Some(reader.expr(call.other.as_deref())?)),
            FnType::Split(call) => (Function::Split, text(reader, &call.sep)),
            FnType::JsonExtract(call) => (Function::JsonExtract, text(reader, &call.path)),
            FnType::JsonDecode(call) => (
                Function::Parse,
                Some(Expr::Type(reader.ty(call.dtype.as_ref())?)),
            ),
            FnType::Strptime(call) => {
                zone = zone::decode(reader, call.timezone.as_ref());
                (Function::Strptime, text(reader, &call.format))
            }
            FnType::ToInt(_) => {
                return Err("it calls `to_int`, which is none: use `parse::<i64>()`".into());
            }
        };
        let arguments = argument.into_iter().chain(zone);
        Ok(reader.call(function.signature().name, operand, arguments))
    }
}
