//! Functions of any value, and of none.

#[cfg(feature = "eval")]
mod eval;

use super::call::Call;
use super::unit::TimeUnit;
use super::{functions, zone};
use crate::expr::fault::{fault, part};
use crate::expr::repair::repair;
use crate::expr::wire::Reader;
use crate::expr::{Expr, Fault, Typed};
use crate::literal::Literal;
use crate::message::Message;
use crate::ty::Computed;
use crate::wire::Decoded;
use crate::wire::proto::expression::{self as proto, expr::Node};

functions! {
    /// Whether it is null; never null itself.
    IsNull = "is_null"() -> "bool",
    /// The value, or `fill` where it is null; the type that both have in common.
    FillNull = "fill_null"("fill") -> "T",
    /// The instant at which the expression is computed.
    Now = "now"() -> "DateTime<Utc>",
    /// An instant written out, in UTC without a `timezone`.
    DateTime = "datetime"("year", "month", "day"; "hour", "minute", "second", "microsecond", "timezone") -> "DateTime<Utc>",
    /// The instant so many `"second"`s, `"millisecond"`s or `"microsecond"`s after 1970.
    FromEpoch = "from_epoch"("unit") -> "DateTime<Utc>",
    /// A list of the value, `count` times, which is 65536 at most.
    Repeat = "repeat"("count") -> "Vec<T>",
}

/// The parts of [`Function::DateTime`] with their ranges.
const PARTS: [(&str, i64, i64); 7] = [
    ("year", 1, 9999),
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 23),
    ("minute", 0, 59),
    ("second", 0, 59),
    ("microsecond", 0, 999_999),
];

/// The most elements that [`Function::Repeat`] makes of one value.
const MAX_COUNT: i64 = 1 << 16;

impl Function {
    /// Whether its first argument is a value to work on.
    pub(super) const fn takes_operand(self) -> bool {
        !matches!(self, Function::Now | Function::DateTime)
    }

    /// Whether it reads best behind its operand.
    pub(super) const fn is_method(self) -> bool {
        matches!(self, Function::IsNull | Function::FillNull)
    }

    pub(super) const fn result<'a>(self, call: &Call<'_, 'a>, operand: Computed<'a>) -> Typed<'a> {
        let signature = self.signature();
        match self {
            Function::IsNull => Ok(Computed::BOOL),
            Function::FillNull => {
                let Some((at, fill)) = call.typed(&signature, 0) else {
                    return Ok(operand);
                };
                if operand.is_null() {
                    return Ok(fill);
                }
                match operand.required().common(fill) {
                    Some(common) => Ok(common),
                    None => Err(Fault::new(
                        Message::new("this fills nulls of ")
                            .computed(&operand)
                            .text(" with ")
                            .computed(&fill)
                            .text(": give a value of its type"),
                    )
                    .within(at)),
                }
            }
            Function::Now => Ok(Computed::TIMESTAMP),
            Function::DateTime => {
                let mut given = [0; PARTS.len()];
                let mut i = 0;
                while i < PARTS.len() {
                    let (name, min, max) = PARTS[i];
                    given[i] = match call.plain(&signature, i) {
                        None => 0,
                        Some((_, Expr::Literal(Literal::Int(part))))
                            if part >= min && part <= max =>
                        {
                            part
                        }
                        Some((at, _)) => {
                            let message = Message::new("")
                                .name(name)
                                .text(" is a constant whole number, ");
                            let message = message.int(min).text(" to ").int(max);
                            return Err(Fault::new(message).within(at));
                        }
                    };
                    i += 1;
                }
                if crate::time::days_from_civil(given[0], given[1], given[2]).is_none() {
                    fault!(
                        Message::new("month ")
                            .int(given[1])
                            .text(" of the year ")
                            .int(given[0])
                            .text(" has no day ")
                            .int(given[2])
                    );
                }
                if let Some((at, zone)) = call.plain(&signature, PARTS.len()) {
                    let checked = match zone {
                        Expr::Literal(Literal::Str(name)) => zone::check(name),
                        _ => Err(Message::new(
                            "the time zone is a constant text, such as \"Europe/Paris\"",
                        )),
                    };
                    if let Err(message) = checked {
                        return Err(Fault::new(message).within(at));
                    }
                }
                Ok(Computed::TIMESTAMP)
            }
            Function::FromEpoch => {
                if !operand.is_whole() && !operand.is_null() && !operand.is_unknown() {
                    let message = Message::new("`from_epoch` needs an `i64`");
                    let message = crate::expr::operator::but(message, &call.operand(), &operand);
                    let message = message.text(repair(&call.operand(), &operand, &Computed::INT));
                    return Err(Fault::new(message).within(1));
                }
                if let Some((at, unit)) = part!(0, call.literal_text(&signature, 0, "its unit"))
                    && !matches!(
                        TimeUnit::find(unit),
                        Some(TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond)
                    )
                {
                    let message = "the unit of `from_epoch` is \"second\", \"millisecond\" or \"microsecond\"";
                    return Err(Fault::new(Message::new(message)).within(at));
                }
                super::call::lifted(Computed::TIMESTAMP, &operand)
            }
            Function::Repeat => {
                let Some((_, count)) = call.typed(&signature, 0) else {
                    return Ok(operand);
                };
                if !count.is_unknown() && (!count.is_whole() || count.is_optional()) {
                    let needs = "an `i64` as its count";
                    return Err(call.fault(&signature, 0, needs, &Computed::INT));
                }
                if let Some((at, Expr::Literal(Literal::Int(count)))) = call.argument(&signature, 0)
                    && (count < 0 || count > MAX_COUNT)
                {
                    let message = if count < 0 {
                        Message::new("nothing is repeated less than 0 times: count from 0 on")
                    } else {
                        Message::new("nothing is repeated more than ")
                            .int(MAX_COUNT)
                            .text(" times")
                    };
                    return Err(Fault::new(message).within(at));
                }
                if operand.required().is_list() {
                    let message =
                        Message::new("`repeat` makes lists of single values, and this is ");
                    return Err(Fault::new(message.computed(&operand)).within(1));
                }
                match operand.list() {
                    Some(list) => Ok(list),
                    None => fault!(crate::expr::typing::too_deep()),
                }
            }
        }
    }

    pub(super) fn encode(self, call: &Call<'_, '_>) -> Node {
        let signature = self.signature();
        let operand = || call.encode_operand();
        match self {
            Function::IsNull => Node::Isnull(Box::new(proto::IsNull { operand: operand() })),
            Function::FillNull => Node::Fillnull(Box::new(proto::FillNull {
                operand: operand(),
                fill: call.encode_argument(&signature, 0),
            })),
            Function::Now => Node::Now(proto::Now {}),
            Function::DateTime => {
                let part = |i| match call.plain(&signature, i) {
                    Some((_, Expr::Literal(Literal::Int(part)))) => {
                        u32::try_from(part).unwrap_or(0)
                    }
                    _ => 0,
                };
                let timezone = match call.plain(&signature, PARTS.len()) {
                    Some((_, Expr::Literal(Literal::Str(name)))) => name,
                    _ => zone::UTC,
                };
                Node::DatetimeLiteral(proto::DatetimeLiteral {
                    year: part(0),
                    month: part(1),
                    day: part(2),
                    hour: part(3),
                    minute: part(4),
                    second: part(5),
                    microsecond: part(6),
                    timezone: Some(proto::Timezone {
                        timezone: timezone.into(),
                    }),
                })
            }
            Function::FromEpoch => {
                let unit = call.text(&signature, 0).and_then(TimeUnit::find);
                Node::FromEpoch(Box::new(proto::FromEpoch {
                    duration: operand(),
                    unit: unit
                        .map_or(proto::TimeUnit::Unknown, TimeUnit::encode)
                        .into(),
                }))
            }
            Function::Repeat => Node::Repeat(Box::new(proto::Repeat {
                expr: operand(),
                count: call.encode_argument(&signature, 0),
            })),
        }
    }

    /// The call that a message makes.
    pub(in crate::expr) fn decode<'a>(node: &Node, reader: &mut Reader<'a>) -> Decoded<Expr<'a>> {
        let text = |text: &str| Expr::Literal(Literal::Str(reader.arena().text(text)));
        let part = |part: u32| Expr::Literal(Literal::Int(part.into()));
        match node {
            Node::Isnull(call) => {
                let operand = reader.expr(call.operand.as_deref())?;
                Ok(reader.call("is_null", operand, None))
            }
            Node::Fillnull(call) => {
                let operand = reader.expr(call.operand.as_deref())?;
                let fill = reader.expr(call.fill.as_deref())?;
                Ok(reader.call("fill_null", operand, Some(fill)))
            }
            Node::Now(_) => Ok(Expr::Call("now", &[])),
            Node::DatetimeLiteral(call) => {
                let parts = [
                    call.month,
                    call.day,
                    call.hour,
                    call.minute,
                    call.second,
                    call.microsecond,
                ];
                let given = parts
                    .iter()
                    .rposition(|part| *part > 0)
                    .map_or(0, |last| last + 1);
                let parts = parts.into_iter().take(given.max(2)).map(part);
                let zone = zone::decode(reader, call.timezone.as_ref());
                Ok(reader.call("datetime", part(call.year), parts.chain(zone)))
            }
            Node::FromEpoch(call) => {
                let unit = TimeUnit::decode(call.unit()).ok_or("it names no unit of time")?;
                let unit = text(unit.name());
                let operand = reader.expr(call.duration.as_deref())?;
                Ok(reader.call("from_epoch", operand, Some(unit)))
            }
            Node::Repeat(call) => {
                let operand = reader.expr(call.expr.as_deref())?;
                let count = reader.expr(call.count.as_deref())?;
                Ok(reader.call("repeat", operand, Some(count)))
            }
            _ => Err("it calls a function that is not known".into()),
        }
    }
}
