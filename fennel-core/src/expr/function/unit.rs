//! Units of time, as texts in expressions.

use crate::message::{Check, Message};
use crate::text::{closest, eq};
use crate::wire::proto::expression as proto;

macro_rules! units {
    ($($(#[$doc:meta])+ $variant:ident $name:literal,)*) => {
        /// A unit of time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum TimeUnit {
            $($(#[$doc])+ $variant,)*
        }

        impl TimeUnit {
            /// The unit that a text names.
            #[must_use]
            pub const fn find(name: &str) -> Option<TimeUnit> {
                $(if eq(name, $name) {
                    return Some(TimeUnit::$variant);
                })*
                None
            }

            /// The text that names it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(TimeUnit::$variant => $name,)*
                }
            }

            pub(crate) const fn encode(self) -> proto::TimeUnit {
                match self {
                    $(TimeUnit::$variant => proto::TimeUnit::$variant,)*
                }
            }

            /// The unit of a message; `None` where it names none.
            pub(crate) const fn decode(unit: proto::TimeUnit) -> Option<TimeUnit> {
                match unit {
                    proto::TimeUnit::Unknown => None,
                    $(proto::TimeUnit::$variant => Some(TimeUnit::$variant),)*
                }
            }
        }
    };
}

/// All but the month, which is no length of time.
const ALL: [TimeUnit; 8] = [
    TimeUnit::Year,
    TimeUnit::Week,
    TimeUnit::Day,
    TimeUnit::Hour,
    TimeUnit::Minute,
    TimeUnit::Second,
    TimeUnit::Millisecond,
    TimeUnit::Microsecond,
];

impl TimeUnit {
    /// How many microseconds it has; `None` for the month, which is no length of time.
    #[cfg(feature = "eval")]
    pub(super) const fn micros(self) -> Option<i64> {
        const SECOND: i64 = 1_000_000;
        Some(match self {
            TimeUnit::Year => 365 * 86_400 * SECOND,
            TimeUnit::Month => return None,
            TimeUnit::Week => 7 * 86_400 * SECOND,
            TimeUnit::Day => 86_400 * SECOND,
            TimeUnit::Hour => 3_600 * SECOND,
            TimeUnit::Minute => 60 * SECOND,
            TimeUnit::Second => SECOND,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1,
        })
    }

    /// Checks that a text names a unit that time between two instants can be counted in.
    pub(super) const fn check_length(name: &str) -> Check {
        match TimeUnit::find(name) {
            Some(TimeUnit::Month) => Err(Message::new(
                "months differ in length: count in \"day\" or \"week\"",
            )),
            Some(_) => Ok(()),
            None => {
                let message = Message::new("there is no unit of time ").quoted(name);
                let mut i = 0;
                while i < ALL.len() {
                    let known = ALL[i].name();
                    if closest(known, name) {
                        return Err(message.text("; did you mean ").quoted(known).text("?"));
                    }
                    i += 1;
                }
                Err(message.text(
                    "; there is \"year\", \"week\", \"day\", \"hour\", \"minute\", \"second\", \"millisecond\" and \"microsecond\"",
                ))
            }
        }
    }
}

units! {
    /// 365 days.
    Year "year",
    /// A month of the calendar; no length of time.
    Month "month",
    /// 7 days; as a part of a date its ISO week.
    Week "week",
    /// 24 hours.
    Day "day",
    /// 60 minutes.
    Hour "hour",
    /// 60 seconds.
    Minute "minute",
    /// A second.
    Second "second",
    /// A thousandth of a second.
    Millisecond "millisecond",
    /// A millionth of a second.
    Microsecond "microsecond",
}
