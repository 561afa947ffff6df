//! The functions of expressions, one file for each kind of operand.
//!
//! A file holds its functions' names, parameters, docs, typing rules and wire form, and an `eval.rs`
//! beneath it what they make of columns. Adding a function is an entry in its file's table and the arms that the compiler
//! then asks for: its type and its message there, and what it makes of columns in `eval.rs`. `len`, `contains` and
//! the like mean what the type of their operand makes of them.
//!
//! Null makes null, where nothing else is said. A column restricted by bounds, options or a pattern
//! counts as what it restricts: an `i64`, an `f64` or a `String`.
//!
#![doc = include_str!("functions.md")]

mod call;
mod format;
mod general;
mod json_path;
mod list;
mod map;
mod number;
mod text;
mod time;
mod unit;
mod zone;

pub use call::{Call, Signature};
pub use unit::TimeUnit;
pub use zone::TIME_ZONES;

#[cfg(feature = "eval")]
use super::eval::{Compiler, Node, coerced, null};
use super::fault::{fault, part};
use super::repair::Needed;
use super::wire::Reader;
use super::{Expr, Fault, Scope, Typed};
use crate::message::Message;
use crate::text::{closest, eq};
use crate::ty::{Computed, Type};
use crate::wire::Decoded;
use crate::wire::proto::expression as proto;

/// Writes the enum of a file's functions from their table: variant, signature, docs.
macro_rules! functions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal ($($required:literal),* $(; $($optional:literal),+)?) -> $result:literal,)*) => {
        /// A function of this family.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Function {
            /// All of them.
            pub const ALL: &'static [Function] = &[$(Function::$variant),*];

            /// How it is called.
            #[must_use]
            pub const fn signature(self) -> $crate::expr::function::Signature {
                match self {
                    $(Function::$variant => $crate::expr::function::Signature {
                        name: $name,
                        required: &[$($required),*],
                        optional: &[$($($optional),+)?],
                        result: $result,
                        docs: concat!($($doc),+),
                    },)*
                }
            }

            /// The function of that name.
            #[must_use]
            pub const fn find(name: &str) -> Option<Function> {
                let digest = $crate::text::digest(name);
                $(if digest == const { $crate::text::digest($name) }
                    && $crate::text::eq(name, $name)
                {
                    return Some(Function::$variant);
                })*
                None
            }
        }
    };
}
use functions;

/// The table of families: variant, module, and what their operand is called.
macro_rules! families {
    ($($(#[$doc:meta])* $variant:ident $module:ident $operand:literal,)*) => {
        /// A function of expressions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function {
            $($(#[$doc])* $variant($module::Function),)*
        }

        impl Function {
            /// Each function, with what its operand is.
            pub fn all() -> impl Iterator<Item = (&'static str, Function)> {
                let all = std::iter::empty();
                $(let all = all.chain(
                    $module::Function::ALL
                        .iter()
                        .map(|function| ($operand, Function::$variant(*function))),
                );)*
                all
            }

            /// How it is called.
            #[must_use]
            pub const fn signature(self) -> Signature {
                match self {
                    $(Function::$variant(function) => function.signature(),)*
                }
            }

            const fn result<'a>(self, call: &Call<'_, 'a>, operand: Computed<'a>) -> Typed<'a> {
                match self {
                    $(Function::$variant(function) => function.result(call, operand),)*
                }
            }

            #[cfg(feature = "eval")]
            fn compile<'a>(
                self,
                call: &Call<'_, 'a>,
                ty: Computed<'a>,
                compiler: &mut Compiler<'_, 'a>,
            ) -> Result<Node, Message> {
                match self {
                    $(Function::$variant(function) => function.compile(call, ty, compiler),)*
                }
            }

            fn encode(self, call: &Call<'_, '_>) -> proto::expr::Node {
                match self {
                    $(Function::$variant(function) => function.encode(call),)*
                }
            }
        }

        /// The first function of that name.
        const fn anywhere(name: &str) -> Option<Function> {
            $(if let Some(function) = $module::Function::find(name) {
                return Some(Function::$variant(function));
            })*
            None
        }

        /// Appends what the operand of a function of that name is.
        const fn operands(name: &str, mut message: Message) -> Message {
            let (mut count, mut i) = (0, 0);
            $(count += $module::Function::find(name).is_some() as usize;)*
            $(if $module::Function::find(name).is_some() {
                i += 1;
                let separator = match i {
                    1 => "",
                    _ if i == count => " or ",
                    _ => ", ",
                };
                message = message.text(separator).text($operand);
            })*
            message
        }

        /// A function whose name is one slip away.
        const fn similar(name: &str) -> Option<&'static str> {
            $({
                let mut i = 0;
                while i < $module::Function::ALL.len() {
                    let known = $module::Function::ALL[i].signature().name;
                    if closest(known, name) {
                        return Some(known);
                    }
                    i += 1;
                }
            })*
            None
        }
    };
}

families! {
    /// Of anything, or of nothing.
    General general "any value",
    /// Of numbers.
    Number number "a number",
    /// Of texts.
    Text text "a `String`",
    /// Of instants.
    Time time "a `DateTime<Utc>`",
    /// Of lists and embeddings.
    List list "a list",
    /// Of maps.
    Map map "a map",
}

impl Function {
    /// Whether its first argument is a value to work on.
    const fn takes_operand(self) -> bool {
        match self {
            Function::General(function) => function.takes_operand(),
            _ => true,
        }
    }
}

/// Finds a name in a file's table.
macro_rules! of {
    ($family:ident $module:ident $name:expr) => {
        match $module::Function::find($name) {
            Some(function) => Some(Function::$family(function)),
            None => None,
        }
    };
}

/// The function that a name means for an operand of that type.
const fn find(name: &str, operand: &Computed<'_>) -> Option<Function> {
    if let Some(function) = general::Function::find(name) {
        return Some(Function::General(function));
    }
    let ty = operand.required();
    if ty.is_unknown() {
        return anywhere(name);
    }
    if ty.element().is_some() {
        return of!(List list name);
    }
    if ty.map_value().is_some() {
        return of!(Map map name);
    }
    match ty.base() {
        Some(Type::Int | Type::Float) => of!(Number number name),
        Some(Type::String) => of!(Text text name),
        Some(Type::Timestamp) => of!(Time time name),
        _ => None,
    }
}

/// The type of `operand.name(..)` and `name(..)`.
pub(super) const fn result<'a>(
    name: &str,
    args: &'a [Expr<'a>],
    scope: &Scope<'_, 'a>,
) -> Typed<'a> {
    let Some(first) = anywhere(name) else {
        let operand = if args.is_empty() {
            Ok(Computed::UNKNOWN)
        } else {
            args[0].unnamed().typed(scope)
        };
        fault!(unknown(name, operand));
    };
    if args.is_empty() && first.takes_operand() {
        fault!(without_operand(name));
    }
    let mut call = Call::new(args, scope);
    let mut operand = Computed::UNKNOWN;
    if first.takes_operand() {
        operand = part!(call.node(0), args[0].unnamed().typed(scope));
        call.types[0] = operand;
    }
    let Some(function) = find(name, &operand) else {
        return Err(misplaced(name, first, &args[0], &operand));
    };
    let first = function.takes_operand() as usize;
    if let Err(fault) = function.signature().check(&call, first == 1) {
        return Err(fault);
    }
    let mut k = first;
    while k < args.len() {
        let at = call.node(k);
        call.types[k] = match (args[k].unnamed(), function) {
            (Expr::Type(_), Function::Text(text::Function::Parse)) => Computed::UNKNOWN,
            (Expr::Closure(variable, body), Function::List(list)) if list.takes_closure() => {
                let Some(scope) = list.closure(scope, variable, &operand) else {
                    fault!(list::nested());
                };
                part!(at + 1, body.typed(&scope))
            }
            (argument, _) => part!(at, argument.typed(scope)),
        };
        k += 1;
    }
    if operand.is_unknown() && !matches!(function, Function::General(_)) {
        return Ok(Computed::UNKNOWN);
    }
    function.result(&call, operand)
}

/// Whether a call reads best as `operand.name(..)`.
pub(super) const fn is_method(name: &str) -> bool {
    match anywhere(name) {
        Some(Function::General(function)) => function.is_method(),
        _ => true,
    }
}

/// Whether a name is that of a function which works on no value.
pub(super) const fn is_of_nothing(name: &str) -> bool {
    match anywhere(name) {
        Some(function) => !function.takes_operand(),
        None => false,
    }
}

/// Names that Rust and other languages have for functions, and theirs here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("as_str", "to_string"),
    ("average", "mean"),
    ("avg", "mean"),
    ("count", "len"),
    ("fillna", "fill_null"),
    ("indexof", "contains"),
    ("is_none", "is_null"),
    ("isna", "is_null"),
    ("length", "len"),
    ("ln", "log"),
    ("lowercase", "lower"),
    ("nth", "at"),
    ("parse_from_str", "strptime"),
    ("powf", "pow"),
    ("powi", "pow"),
    ("size", "len"),
    ("to_ascii_lowercase", "lower"),
    ("to_ascii_uppercase", "upper"),
    ("to_int", "parse"),
    ("to_lowercase", "lower"),
    ("to_uppercase", "upper"),
    ("tolower", "lower"),
    ("toupper", "upper"),
    ("unwrap", "fill_null"),
    ("unwrap_or", "fill_null"),
    ("unwrap_or_default", "fill_null"),
    ("uppercase", "upper"),
];

/// What is said where a function has nothing to work on.
const fn without_operand(name: &str) -> Message {
    let message = Message::new("").name(name);
    if !is_method(name) {
        return message
            .text(" needs what it works on, as in `")
            .text(name)
            .text("(a, ..)`");
    }
    operands(name, message.text(" is a function of "))
        .text(": write it behind one, as in `a.")
        .text(name)
        .text("(..)`")
}

/// What is said where a function has nothing for an operand of that type, with what to write instead.
const fn misplaced(
    name: &str,
    function: Function,
    value: &Expr<'_>,
    operand: &Computed<'_>,
) -> Fault {
    let message = operands(name, Message::new("").name(name).text(" needs "));
    let message = super::operator::but(message, value, operand);
    Fault::new(instead(function, value, operand, message)).within(1)
}

/// What is said of a function that there is none of, called on that operand.
const fn unknown(name: &str, operand: Typed<'_>) -> Message {
    let floor_div = super::Binary::FloorDiv.text();
    if eq(name, floor_div) {
        return Message::new("")
            .name(name)
            .text(" takes one argument, as in `a.floor_div(b)`");
    }
    let message = Message::new("there is no function ").name(name);
    if let Some(known) = similar(name) {
        return message.text("; did you mean ").name(known).text("?");
    }
    if closest(floor_div, name) {
        return message.text("; did you mean ").name(floor_div).text("?");
    }
    let mut i = 0;
    while i < ELSEWHERE.len() {
        let (elsewhere, here) = ELSEWHERE[i];
        if eq(elsewhere, name) {
            return message.text("; it is called ").name(here).text(" here");
        }
        i += 1;
    }
    match operand {
        Ok(operand) => of_operand(name, &operand, message),
        Err(_) => message,
    }
}

/// Appends the functions that there are for an operand of that type.
const fn of_operand(name: &str, operand: &Computed<'_>, message: Message) -> Message {
    macro_rules! all {
        ($module:ident $what:literal) => {{
            let all = $module::Function::ALL;
            let mut message = message.text($what);
            let mut i = 0;
            while i < all.len() {
                message = message.listed(i, all.len(), all[i].signature().name);
                i += 1;
            }
            message
        }};
    }
    let ty = operand.required();
    if let Some(record) = ty.record()
        && record.field(name).is_some()
    {
        return message.text(": a field is read without parentheses");
    }
    if ty.element().is_some() {
        return all!(list "; a list has ");
    }
    if ty.map_value().is_some() {
        return all!(map "; a map has ");
    }
    match ty.base() {
        Some(Type::Int | Type::Float) => all!(number "; a number has "),
        Some(Type::String) => all!(text "; a `String` has "),
        Some(Type::Timestamp) => all!(time "; a `DateTime<Utc>` has "),
        _ => message,
    }
}

/// Appends what to write where an operand is of a type that the function has nothing for.
const fn instead(
    function: Function,
    value: &Expr<'_>,
    operand: &Computed<'_>,
    message: Message,
) -> Message {
    let ty = operand.required();
    match function {
        Function::List(list::Function::At) if ty.map_value().is_some() => {
            message.text(": `.get(\"key\")` reads a value of a map")
        }
        Function::List(list::Function::At) | Function::Map(map::Function::Get)
            if ty.record().is_some() =>
        {
            message.text(": a field of a record is read as in `a.name`")
        }
        Function::Map(map::Function::Get) if ty.element().is_some() => {
            message.text(": `a[0]` reads an element of a list")
        }
        Function::Number(_) => message.text(Needed::Number.of(value, operand)),
        Function::Text(_) => message.text(Needed::Text.of(value, operand)),
        Function::Time(_) => message.text(Needed::Instant.of(value, operand)),
        _ => message,
    }
}

/// The wire form of a call that [`result`] has typed.
pub(super) fn encode<'a>(
    name: &str,
    args: &'a [Expr<'a>],
    scope: &Scope<'_, 'a>,
) -> proto::expr::Node {
    let mut call = Call::new(args, scope);
    let operand = args.first();
    let operand = operand
        .and_then(|operand| operand.unnamed().typed(scope).ok())
        .unwrap_or(Computed::UNKNOWN);
    call.types[0] = operand;
    match find(name, &operand) {
        Some(function) => function.encode(&call),
        // Only what was typed is sent.
        None => proto::expr::Node::Ref(proto::Ref { name: name.into() }),
    }
}

/// The node of a call that [`result`] has typed as `ty`.
#[cfg(feature = "eval")]
pub(super) fn compile<'a>(
    name: &str,
    args: &'a [Expr<'a>],
    ty: Computed<'a>,
    scope: &Scope<'_, 'a>,
    compiler: &mut Compiler<'_, 'a>,
) -> Result<Node, Message> {
    let operand = args.first().map(|operand| operand.unnamed().typed(scope));
    let operand = operand.and_then(Result::ok).unwrap_or(Computed::UNKNOWN);
    match find(name, &operand) {
        // Whatever it is of, it makes null of null.
        Some(function) if operand.is_null() && !matches!(function, Function::General(_)) => {
            coerced(null(), ty)
        }
        Some(function) => function.compile(&Call::new(args, scope), ty, compiler),
        None => Err(unknown(name, Ok(operand))),
    }
}

/// The call that a message makes.
pub(super) fn decode<'a>(node: &proto::expr::Node, reader: &mut Reader<'a>) -> Decoded<Expr<'a>> {
    use proto::expr::Node;

    match node {
        Node::MathFn(call) => number::Function::decode(call, reader),
        Node::StringFn(call) => text::Function::decode(call, reader),
        Node::DatetimeFn(call) => time::Function::decode(call, reader),
        Node::ListFn(call) => list::Function::decode(call, reader),
        Node::DictFn(call) => map::Function::decode(call, reader),
        other => general::Function::decode(other, reader),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// The functions as a table for each kind of operand.
    fn tables() -> String {
        let (mut text, mut before) = (String::new(), "");
        for (operand, function) in Function::all() {
            if operand != before {
                let separator = if before.is_empty() { "" } else { "\n" };
                let heading = operand.split_once(' ').map_or(operand, |(_, noun)| noun);
                writeln!(text, "{separator}# Of {operand}\n").unwrap();
                writeln!(text, "| {heading} | makes | |\n|---|---|---|").unwrap();
                before = operand;
            }
            let Signature {
                name,
                required,
                optional,
                result,
                docs,
            } = function.signature();
            let behind = is_method(name);
            let operand = (function.takes_operand() && !behind).then(|| "a".to_owned());
            let typed = required.contains(&call::TYPE);
            let generic = if typed { "::<T>" } else { "" };
            let required = required.iter().filter(|name| **name != call::TYPE);
            let parameters: Vec<_> = operand
                .into_iter()
                .chain(required.map(ToString::to_string))
                .chain(optional.iter().map(|name| format!("{name}?")))
                .collect();
            let before = if behind { "a." } else { "" };
            let docs = docs.trim().replace('|', "\\|");
            writeln!(
                text,
                "| `{before}{name}{generic}({})` | `{result}` | {docs} |",
                parameters.join(", ")
            )
            .unwrap();
        }
        text
    }

    #[test]
    fn the_tables_are_those_of_the_documentation() {
        let tables = tables();
        if std::env::var_os("FENNEL_REGENERATE").is_some() {
            let file = concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/src/expr/function/functions.md"
            );
            std::fs::write(file, &tables).unwrap();
        }
        assert_eq!(
            tables,
            include_str!("functions.md"),
            "run this test with FENNEL_REGENERATE=1 to write the tables anew"
        );
    }

    #[test]
    fn a_name_means_one_function_for_each_operand() {
        for (operand, function) in Function::all() {
            let name = function.signature().name;
            let same = Function::all()
                .filter(|(other, function)| *other == operand && function.signature().name == name);
            assert_eq!(same.count(), 1, "{name} of {operand}");
            let parameters =
                function.signature().required.len() + function.signature().optional.len();
            assert!(parameters < call::MAX_ARGUMENTS, "{name}");
        }
    }
}
