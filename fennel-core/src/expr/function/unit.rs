//! Units of time, as texts in expressions.

use crate::text::eq;
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
