//! The parameters of aggregates.

use crate::expr::fault::part;
use crate::expr::function::{Call, Signature};
use crate::expr::{Expr, Fault};
use crate::literal::Literal;
use crate::message::{Check, Message};
use crate::op::no_name;
use crate::time::Duration;
use crate::ty::{Computed, Type};
use crate::window::Window;
use crate::wire::proto::window as proto;
use crate::wire::{Arena, Decoded};

/// The arguments of a call that fit its signature.
pub(super) struct Params<'s, 'a> {
    pub(super) call: Call<'s, 'a>,
    pub(super) signature: Signature,
}

/// What all messages of aggregates have.
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) of: String,
    pub(super) window: Option<proto::Window>,
}

/// What stands where there is no value.
#[derive(Clone, Copy, Debug)]
pub enum Default<'a> {
    /// Null.
    Null,
    /// A constant of the column's type.
    Literal(Literal<'a>),
    /// As a message has it: a date is its days since 1970, an instant its microseconds.
    Number(f64),
}

impl PartialEq for Default<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Default::Null, Default::Null) => true,
            (Default::Literal(one), Default::Literal(other)) => one == other,
            (Default::Number(one), Default::Number(other)) => one.to_bits() == other.to_bits(),
            _ => false,
        }
    }
}

impl Eq for Default<'_> {}

/// The parameter that holds [`Default::Number`]; no definition can write it.
pub(super) const DEFAULT_NUMBER: &str = "default:number";

/// The arguments of an aggregate as a definition writes them, without its column and window.
pub(super) struct Written {
    /// Those between column and window.
    pub(super) positional: Vec<String>,
    /// Those behind.
    pub(super) named: Vec<String>,
}

impl Written {
    pub(super) fn new() -> Self {
        Written {
            positional: Vec::new(),
            named: Vec::new(),
        }
    }

    pub(super) fn positional(mut self, value: String) -> Self {
        self.positional.push(value);
        self
    }

    /// `name = value`, left out where there is none.
    pub(super) fn named(mut self, name: &str, value: Option<String>) -> Self {
        self.named
            .extend(value.map(|value| format!("{name} = {value}")));
        self
    }

    /// `name = true`, left out where it is false.
    pub(super) fn flag(self, name: &str, flag: bool) -> Self {
        self.named(name, flag.then(|| "true".into()))
    }
}

/// A default as it is written, `None` where it is that of calls without one.
pub(super) fn float_default(default: Option<f64>, if_absent: Option<f64>) -> Option<String> {
    (default != if_absent)
        .then(|| default.map_or_else(|| "None".into(), |default| format!("{default:?}")))
}

impl Default<'_> {
    /// It as it is written; `None` for null, which is that of calls without one.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Default::Null => None,
            Default::Literal(literal) => Some(Expr::Literal(*literal).to_string()),
            Default::Number(number) => Some(format!("{number:?}")),
        }
    }
}

impl<'a> Params<'_, 'a> {
    /// The argument of that name and its node.
    pub(super) const fn get(&self, name: &str) -> Option<(usize, Expr<'a>)> {
        match self.signature.position(name) {
            Some(i) => self.call.plain(&self.signature, i),
            None => None,
        }
    }

    /// The column.
    pub(super) const fn of(&self) -> Result<Option<&'a str>, Fault> {
        match self.get("of") {
            None => Ok(None),
            Some((_, Expr::Name(name))) => Ok(Some(name)),
            Some((at, other)) => {
                let message = match other {
                    Expr::Literal(Literal::Str(text)) if Window::is_text(text) => {
                        let name = self.signature.name;
                        Message::new("")
                            .name(name)
                            .text(" needs a column before its window, as in `")
                            .text(name)
                            .text("(amount, \"1d\")`")
                    }
                    Expr::Literal(_) => no_name(&other),
                    _ => Message::new(
                        "an aggregate is of a column: compute it before, with `assign`",
                    ),
                };
                Err(Fault::new(message).within(at))
            }
        }
    }

    pub(super) const fn window(&self) -> Result<Option<Window>, Fault> {
        match self.get("window") {
            None => Ok(None),
            Some((at, window)) => Ok(Some(part!(at, Window::read(&window)))),
        }
    }

    /// `name = true`, `false` where it is not given.
    pub(super) const fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.get(name) {
            None => Ok(false),
            Some((_, Expr::Literal(Literal::Bool(flag)))) => Ok(flag),
            Some((at, _)) => Err(Fault::new(
                Message::new("").name(name).text(" is `true` or `false`"),
            )
            .within(at)),
        }
    }

    /// Refuses a call without `name = true`.
    pub(super) const fn must_be_true(&self, name: &str, why: &str) -> Result<(), Fault> {
        match self.flag(name) {
            Err(fault) => Err(fault),
            Ok(true) => Ok(()),
            Ok(false) => {
                let at = match self.get(name) {
                    Some((at, _)) => at,
                    None => 0,
                };
                Err(Fault::new(Message::new(why)).within(at))
            }
        }
    }

    /// How many values a list has.
    pub(super) const fn limit(&self) -> Result<u32, Fault> {
        match self.get("limit") {
            Some((_, Expr::Literal(Literal::Int(limit))))
                if limit > 0 && limit <= u32::MAX as i64 =>
            {
                Ok(limit as u32)
            }
            Some((at, _)) => {
                Err(Fault::new(Message::new("`limit` is a whole number from 1 on")).within(at))
            }
            None => Ok(0),
        }
    }

    /// A default that is a number; `if_absent` where none is given, `None` where null is.
    pub(super) const fn float_default(&self, if_absent: Option<f64>) -> Result<Option<f64>, Fault> {
        match self.get("default") {
            None => Ok(if_absent),
            Some((_, Expr::Literal(Literal::Null))) => Ok(None),
            Some((_, Expr::Literal(Literal::Float(default)))) => Ok(Some(default)),
            Some((_, Expr::Literal(Literal::Int(default)))) => Ok(Some(default as f64)),
            Some((at, _)) => {
                Err(Fault::new(Message::new("the default is a number or `None`")).within(at))
            }
        }
    }

    /// A default of the column's own type.
    pub(super) const fn default(&self) -> Result<Default<'a>, Fault> {
        match (self.get("default"), self.get(DEFAULT_NUMBER)) {
            (_, Some((_, Expr::Literal(Literal::Float(number))))) => Ok(Default::Number(number)),
            (None | Some((_, Expr::Literal(Literal::Null))), _) => Ok(Default::Null),
            (Some((_, Expr::Literal(literal))), _) => Ok(Default::Literal(literal)),
            (Some((at, _)), _) => {
                Err(Fault::new(Message::new("the default is a constant or `None`")).within(at))
            }
        }
    }
}

/// Checks that an aggregate computes with numbers: `i64`, `f64`, decimals, restricted and optional
/// ones too.
pub(super) const fn numbers(name: &str, of: &Computed<'_>) -> Result<(), Message> {
    if of.is_unknown()
        || (of.is_number() && !of.is_null())
        || matches!(of.required().as_scalar(), Some(Type::Decimal { .. }))
    {
        return Ok(());
    }
    Err(Message::new("").name(name).text(" needs numbers"))
}

/// The elements' type of a list of values.
pub(super) const fn list_of<'a>(of: Computed<'a>, dropnull: bool) -> Result<Computed<'a>, Message> {
    if of.is_unknown() {
        return Ok(of);
    }
    if dropnull && let Err(message) = nullable(&of) {
        return Err(message);
    }
    let element = if dropnull { of.required() } else { of };
    match element.list() {
        Some(list) => Ok(list),
        None => Err(crate::expr::typing::too_deep()),
    }
}

/// Checks that there are nulls to drop.
pub(super) const fn nullable(of: &Computed<'_>) -> Result<(), Message> {
    if of.is_optional() || of.is_unknown() {
        return Ok(());
    }
    Err(Message::new("`dropnull` is for optional columns"))
}

/// Checks that values can be told apart, as `name` must.
pub(super) const fn hashable(name: &str, of: &Computed<'_>) -> Check {
    if of.is_unknown() || of.is_hashable() {
        return Ok(());
    }
    Err(Message::new("")
        .name(name)
        .text(" needs values that can be told apart exactly"))
}

/// Writes `output = name(of, arguments.., window)`.
pub(super) fn write<'a>(
    arena: Arena<'a>,
    name: &'static str,
    (output, of, window): (&str, &str, Option<&proto::Window>),
    positional: impl IntoIterator<Item = Expr<'a>>,
    named: impl IntoIterator<Item = (&'static str, Option<Literal<'a>>)>,
) -> Decoded<Expr<'a>> {
    let mut args = Vec::new();
    if !of.is_empty() {
        args.push(Expr::Name(arena.text(of)));
    }
    args.extend(positional);
    if let Some(window) = Window::decode(window)? {
        args.push(window.write(arena));
    }
    for (name, value) in named {
        if let Some(value) = value {
            args.push(Expr::Named(name, arena.value(Expr::Literal(value))));
        }
    }
    let call = Expr::Call(name, arena.slice(&args));
    Ok(Expr::Named(arena.name(output)?, arena.value(call)))
}

/// `name = true`, left out where it is false.
pub(super) fn flag(name: &'static str, flag: bool) -> (&'static str, Option<Literal<'static>>) {
    (name, flag.then_some(Literal::Bool(true)))
}

/// A duration as a definition writes it.
pub(super) fn duration_text<'a>(arena: Arena<'a>, duration: Duration) -> Expr<'a> {
    Expr::Literal(Literal::Str(arena.text(&duration.to_string())))
}

/// The type of a least or greatest value.
pub(super) const fn extreme<'a>(
    name: &str,
    of: Computed<'a>,
    default: &Default<'_>,
) -> Result<Computed<'a>, Message> {
    if of.is_unknown() {
        return Ok(of);
    }
    let ordered = matches!(
        of.required().as_scalar(),
        Some(Type::Timestamp | Type::Date)
    );
    if !ordered && numbers(name, &of).is_err() {
        return Err(Message::new("")
            .name(name)
            .text(" needs numbers, dates or instants"));
    }
    match default {
        Default::Null => Ok(of.optional()),
        _ => Ok(of.required()),
    }
}

/// Checks that a default is a value of the column; a whole number is a float too.
pub(super) const fn check_default(default: &Default<'_>, of: &Computed<'_>) -> Check {
    match (default, of.required().as_scalar()) {
        (Default::Literal(Literal::Int(_)), Some(Type::Float)) => Ok(()),
        (Default::Literal(literal), Some(ty)) => literal.check(&ty),
        _ => Ok(()),
    }
}

/// The default as a message has it.
pub(super) fn default_number(default: &Default<'_>, of: Computed<'_>) -> Option<f64> {
    use crate::value::Value;

    let literal = match default {
        Default::Null => return None,
        Default::Number(number) => return Some(*number),
        Default::Literal(Literal::Int(int)) => return Some(*int as f64),
        Default::Literal(Literal::Float(float)) => return Some(*float),
        Default::Literal(literal) => literal,
    };
    match literal.typed(&of.required().as_scalar()?).ok()? {
        Value::Timestamp(instant) => Some(instant.micros() as f64),
        Value::Date(date) => {
            let days = date
                .signed_duration_since(chrono::NaiveDate::default())
                .num_days();
            Some(days as f64)
        }
        Value::Decimal(number) => number.to_string().parse().ok(),
        _ => None,
    }
}
