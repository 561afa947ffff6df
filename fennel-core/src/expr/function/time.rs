//! Functions of instants. Null in, null out.

#[cfg(feature = "eval")]
mod eval;

use super::call::{Call, lifted};
use super::unit::TimeUnit;
use super::{format, functions, zone};
use crate::expr::fault::part;
use crate::expr::wire::Reader;
use crate::expr::{Expr, Fault, Typed};
use crate::literal::Literal;
use crate::ty::{Computed, Type};
use crate::wire::Decoded;
use crate::wire::proto::expression::{self as proto, date_time_op::FnType, expr::Node};

functions! {
    /// The year, in `timezone` or UTC, as the other parts.
    Year = "year"(; "timezone") -> "i64",
    /// The month, 1 to 12.
    Month = "month"(; "timezone") -> "i64",
    /// The week of ISO 8601, 1 to 53.
    Week = "week"(; "timezone") -> "i64",
    /// The day of the month, 1 to 31.
    Day = "day"(; "timezone") -> "i64",
    /// The hour, 0 to 23.
    Hour = "hour"(; "timezone") -> "i64",
    /// The minute, 0 to 59.
    Minute = "minute"(; "timezone") -> "i64",
    /// The second, 0 to 59.
    Second = "second"(; "timezone") -> "i64",
    /// The whole milliseconds behind the second, 0 to 999.
    Millisecond = "millisecond"(; "timezone") -> "i64",
    /// The microseconds behind the second, 0 to 999999.
    Microsecond = "microsecond"(; "timezone") -> "i64",
    /// The time since another instant, in whole units; in seconds without a `unit`. A year is 365
    /// days; a month is no unit here.
    Since = "since"("other"; "unit") -> "i64",
    /// The time since 1970 in UTC, in whole units; in seconds without a `unit`.
    SinceEpoch = "since_epoch"(; "unit") -> "i64",
    /// The instant as text in a constant format, such as `"%Y-%m-%d"`, in `timezone` or UTC.
    Strftime = "strftime"("format"; "timezone") -> "String",
}

impl Function {
    /// The part of a date or time of day that it is.
    const fn part(self) -> Option<TimeUnit> {
        Some(match self {
            Function::Year => TimeUnit::Year,
            Function::Month => TimeUnit::Month,
            Function::Week => TimeUnit::Week,
            Function::Day => TimeUnit::Day,
            Function::Hour => TimeUnit::Hour,
            Function::Minute => TimeUnit::Minute,
            Function::Second => TimeUnit::Second,
            Function::Millisecond => TimeUnit::Millisecond,
            Function::Microsecond => TimeUnit::Microsecond,
            Function::Since | Function::SinceEpoch | Function::Strftime => return None,
        })
    }

    /// Which of its parameters behind the operand is a unit.
    const fn unit(self) -> Option<usize> {
        match self {
            Function::Since => Some(1),
            Function::SinceEpoch => Some(0),
            _ => None,
        }
    }

    pub(super) const fn result<'a>(self, call: &Call<'_, 'a>, operand: Computed<'a>) -> Typed<'a> {
        let signature = self.signature();
        if let Some(i) = self.unit()
            && let Some((at, unit)) = part!(0, call.literal_text(&signature, i, "its unit"))
            && let Err(message) = TimeUnit::check_length(unit)
        {
            return Err(Fault::new(message).within(at));
        }
        match self {
            Function::Since => match call.typed(&signature, 0) {
                Some((_, other)) if is_instant(&other) => {
                    lifted(Computed::INT.optional_if(other.is_optional()), &operand)
                }
                _ => Err(call.fault(
                    &signature,
                    0,
                    "a `DateTime<Utc>` as its argument",
                    &Computed::TIMESTAMP,
                )),
            },
            Function::SinceEpoch => lifted(Computed::INT, &operand),
            Function::Strftime => {
                if let Some((at, format)) = part!(0, call.literal_text(&signature, 0, "its format"))
                    && let Err(message) = format::check(format, format::Use::Print)
                {
                    return Err(Fault::new(message).within(at));
                }
                part!(0, zone::check_argument(call, &signature, 1));
                lifted(Computed::STRING, &operand)
            }
            _ => {
                part!(0, zone::check_argument(call, &signature, 0));
                lifted(Computed::INT, &operand)
            }
        }
    }

    pub(super) fn encode(self, call: &Call<'_, '_>) -> Node {
        let signature = self.signature();
        let unit = |i| {
            let unit = call.text(&signature, i).and_then(TimeUnit::find);
            unit.unwrap_or(TimeUnit::Second).encode().into()
        };
        let function = match self {
            Function::Since => FnType::Since(Box::new(proto::Since {
                other: call.encode_argument(&signature, 0),
                unit: unit(1),
            })),
            Function::SinceEpoch => FnType::SinceEpoch(proto::SinceEpoch { unit: unit(0) }),
            Function::Strftime => FnType::Strftime(proto::Strftime {
                format: call.text(&signature, 0).unwrap_or_default().into(),
                timezone: zone::encode(call, &signature, 1),
            }),
            part => FnType::Part(proto::Part {
                unit: part
                    .part()
                    .map_or(proto::TimeUnit::Unknown, TimeUnit::encode)
                    .into(),
                timezone: zone::encode(call, &signature, 0),
            }),
        };
        Node::DatetimeFn(Box::new(proto::DateTimeFn {
            datetime: call.encode_operand(),
            r#fn: Some(Box::new(proto::DateTimeOp {
                fn_type: Some(function),
            })),
        }))
    }

    /// The call that a message makes.
    pub(in crate::expr) fn decode<'a>(
        message: &proto::DateTimeFn,
        reader: &mut Reader<'a>,
    ) -> Decoded<Expr<'a>> {
        let operand = reader.expr(message.datetime.as_deref())?;
        let unit = |unit| TimeUnit::decode(unit).ok_or("it names no unit of time");
        // Seconds are what is counted where no unit is written.
        let written = |unit: TimeUnit| match unit {
            TimeUnit::Second => None,
            unit => Some(Expr::Literal(Literal::Str(unit.name()))),
        };
        let function = message.r#fn.as_deref().and_then(|op| op.fn_type.as_ref());
        let (function, first, second) = match function.ok_or("it names no function of instants")? {
            FnType::Since(call) => {
                let unit = unit(call.unit())?;
                let other = reader.expr(call.other.as_deref())?;
                (Function::Since, Some(other), written(unit))
            }
            FnType::SinceEpoch(call) => (Function::SinceEpoch, written(unit(call.unit())?), None),
            FnType::Strftime(call) => {
                let format = Expr::Literal(Literal::Str(reader.arena().text(&call.format)));
                let zone = zone::decode(reader, call.timezone.as_ref());
                (Function::Strftime, Some(format), zone)
            }
            FnType::Part(call) => {
                let part = Some(unit(call.unit())?);
                let all = Function::ALL.iter().copied();
                let function = all.into_iter().find(|function| function.part() == part);
                let zone = zone::decode(reader, call.timezone.as_ref());
                (
                    function.ok_or("it names no part of an instant")?,
                    None,
                    zone,
                )
            }
        };
        let arguments = first.into_iter().chain(second);
        Ok(reader.call(function.signature().name, operand, arguments))
    }
}

/// Whether it is an instant, or null.
const fn is_instant(ty: &Computed<'_>) -> bool {
    ty.is_unknown() || ty.is_null() || matches!(ty.required().as_scalar(), Some(Type::Timestamp))
}
