//! Windows: the stretches of time that aggregates, groups and deduplication look at.

use core::fmt;

use crate::expr::{Expr, Fault, sizes};
use crate::literal::Literal;
use crate::message::Message;
use crate::text::eq;
use crate::time::Duration;
use crate::wire::proto::window::{self as proto, window::Variant};
use crate::wire::{Arena, Decoded, decode_duration, encode_duration};

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Everything up to now.
    Forever,
    /// The time just past, as long as that, both ends included.
    Continuous(Duration),
    /// One stretch behind the other.
    Tumbling {
        /// How long one is.
        duration: Duration,
        /// How far in the past the window that is seen ends.
        lookback: Duration,
    },
    /// Stretches that begin every so often and overlap.
    Hopping {
        /// How long one is; `None` for all that came before.
        duration: Option<Duration>,
        /// How often one begins.
        stride: Duration,
        /// How far in the past the window that is seen ends.
        lookback: Duration,
    },
    /// Rows with no longer silence between them.
    Session {
        /// The silence that ends it.
        gap: Duration,
    },
}

/// What a window's text and calls look like.
pub(crate) const fn forms() -> Message {
    Message::new(FORMS)
}

const FORMS: &str = "a window is a duration such as \"7d\", \"forever\", `tumbling(\"1h\")`, `hopping(\"1d\", \"1h\")` or `session(\"15m\")`";

impl Window {
    /// The window that an argument writes: `"7d"`, `"forever"`, `tumbling("1h", lookback = "1d")`,
    /// `hopping("1d", "1h")`, `session("15m")`.
    pub(crate) const fn read(expr: &Expr<'_>) -> Result<Window, Fault> {
        match expr {
            Expr::Literal(Literal::Str(text)) if eq(text, "forever") => Ok(Window::Forever),
            Expr::Literal(Literal::Str(text)) => match Duration::parse(text) {
                Ok(duration) if duration.micros() > 0 => Ok(Window::Continuous(duration)),
                Ok(_) => Err(Fault::new(Message::new("a window is longer than nothing"))),
                Err(message) => Err(Fault::new(message)),
            },
            Expr::Call(name, args) => Window::call(name, args),
            _ => Err(Fault::new(Message::new(FORMS))),
        }
    }

    /// Whether a word is one of those that windows are written with.
    pub(crate) const fn is_word(word: &str) -> bool {
        eq(word, "forever") || eq(word, "tumbling") || eq(word, "hopping") || eq(word, "session")
    }

    /// Whether a text is a window.
    pub(crate) const fn is_text(text: &str) -> bool {
        eq(text, "forever") || Duration::parse(text).is_ok()
    }

    const fn call(name: &str, args: &[Expr<'_>]) -> Result<Window, Fault> {
        let names: &[&str] = if eq(name, "tumbling") {
            &["duration", "lookback"]
        } else if eq(name, "hopping") {
            &["duration", "stride", "lookback"]
        } else if eq(name, "session") {
            &["gap"]
        } else {
            return Err(Fault::new(Message::new(FORMS)));
        };
        // `None` where it is not given, and then `Some(None)` for forever.
        let mut given: [Option<Option<Duration>>; 3] = [None; 3];
        let mut i = 0;
        while i < args.len() {
            let at = 1 + sizes(args, i);
            let (slot, at, value) = match args[i] {
                Expr::Named(name, value) => {
                    let mut slot = 0;
                    while slot < names.len() && !eq(names[slot], name) {
                        slot += 1;
                    }
                    (slot, at + 1, *value)
                }
                value => (i, at, value),
            };
            if slot >= names.len() || given[slot].is_some() {
                let mut message = Message::new("").name(name).text(" takes ");
                let mut k = 0;
                while k < names.len() {
                    message = message.listed(k, names.len(), names[k]);
                    k += 1;
                }
                let message = if names.len() > 1 {
                    message.text(", each once")
                } else {
                    message.text(" alone")
                };
                // The name, where there is one.
                let at = 1 + sizes(args, i);
                return Err(Fault::new(message).within(at));
            }
            given[slot] = Some(match value {
                Expr::Literal(Literal::Str(text)) if eq(text, "forever") => None,
                Expr::Literal(Literal::Str(text)) => match Duration::parse(text) {
                    Ok(duration) => Some(duration),
                    Err(message) => return Err(Fault::new(message).within(at)),
                },
                _ => {
                    return Err(
                        Fault::new(Message::new("expected a duration such as \"1h\"")).within(at),
                    );
                }
            });
            let zero = matches!(given[slot], Some(Some(duration)) if duration.micros() == 0);
            if zero && !eq(names[slot], "lookback") {
                return Err(Fault::new(
                    Message::new("")
                        .name(names[slot])
                        .text(" must be longer than nothing"),
                )
                .within(at));
            }
            if matches!(given[slot], Some(None)) && !(eq(name, "hopping") && slot == 0) {
                return Err(Fault::new(
                    Message::new("")
                        .name(names[slot])
                        .text(" of ")
                        .name(name)
                        .text(" can't be forever"),
                )
                .within(at));
            }
            i += 1;
        }
        Window::of(name, given)
    }

    const fn of(name: &str, given: [Option<Option<Duration>>; 3]) -> Result<Window, Fault> {
        match (given[0], given[1], given[2]) {
            (Some(Some(gap)), _, _) if eq(name, "session") => Ok(Window::Session { gap }),
            (Some(Some(duration)), lookback, _) if eq(name, "tumbling") => Ok(Window::Tumbling {
                duration,
                lookback: or_zero(lookback),
            }),
            (Some(duration), Some(Some(stride)), lookback) if eq(name, "hopping") => {
                if let Some(duration) = duration
                    && stride.micros() > duration.micros()
                {
                    return Err(Fault::new(Message::new(
                        "`stride` must not be longer than the window: rows between would be lost",
                    )));
                }
                Ok(Window::Hopping {
                    duration,
                    stride,
                    lookback: or_zero(lookback),
                })
            }
            _ => Err(Fault::new(Message::new(if eq(name, "hopping") {
                "`hopping` needs a duration and a stride, as in `hopping(\"1d\", \"1h\")`"
            } else if eq(name, "tumbling") {
                "`tumbling` needs a duration, as in `tumbling(\"1h\")`"
            } else {
                "`session` needs the gap that ends it, as in `session(\"15m\")`"
            }))),
        }
    }

    /// The argument that writes it.
    pub(crate) fn write<'a>(&self, arena: Arena<'a>) -> Expr<'a> {
        let text =
            |duration: Duration| Expr::Literal(Literal::Str(arena.text(&duration.to_string())));
        let forever = || Expr::Literal(Literal::Str("forever"));
        let looking_back = |lookback: Duration| {
            (lookback.micros() > 0).then(|| Expr::Named("lookback", arena.value(text(lookback))))
        };
        let call = |name, args: Vec<Expr<'a>>| Expr::Call(name, arena.slice(&args));
        match *self {
            Window::Forever => forever(),
            Window::Continuous(duration) => text(duration),
            Window::Tumbling { duration, lookback } => {
                let args = std::iter::once(text(duration)).chain(looking_back(lookback));
                call("tumbling", args.collect())
            }
            Window::Hopping {
                duration,
                stride,
                lookback,
            } => {
                let duration = duration.map_or_else(forever, text);
                let args = [duration, text(stride)]
                    .into_iter()
                    .chain(looking_back(lookback));
                call("hopping", args.collect())
            }
            Window::Session { gap } => call("session", vec![text(gap)]),
        }
    }

    /// Whether it ends: rows are emitted for it, rather than computed when they are read.
    #[must_use]
    pub const fn is_discrete(&self) -> bool {
        !matches!(self, Window::Forever | Window::Continuous(_))
    }

    /// How far in the past the window that is seen ends, of those that have a say in it.
    pub(crate) const fn lookback(&self) -> Option<Duration> {
        match self {
            Window::Tumbling { lookback, .. } | Window::Hopping { lookback, .. } => Some(*lookback),
            _ => None,
        }
    }

    /// Whether two are the same.
    pub(crate) const fn is(&self, other: &Window) -> bool {
        match (self, other) {
            (Window::Forever, Window::Forever) => true,
            (Window::Continuous(a), Window::Continuous(b)) => a.micros() == b.micros(),
            (Window::Session { gap: a }, Window::Session { gap: b }) => a.micros() == b.micros(),
            (
                Window::Tumbling {
                    duration: a,
                    lookback: c,
                },
                Window::Tumbling {
                    duration: b,
                    lookback: d,
                },
            ) => a.micros() == b.micros() && c.micros() == d.micros(),
            (
                Window::Hopping {
                    duration: a,
                    stride: c,
                    lookback: e,
                },
                Window::Hopping {
                    duration: b,
                    stride: d,
                    lookback: f,
                },
            ) => {
                let same = match (a, b) {
                    (Some(a), Some(b)) => a.micros() == b.micros(),
                    (None, None) => true,
                    _ => false,
                };
                same && c.micros() == d.micros() && e.micros() == f.micros()
            }
            _ => false,
        }
    }

    pub(crate) fn encode(&self) -> proto::Window {
        let some = |duration| Some(encode_duration(duration));
        let variant = match *self {
            Window::Forever => Variant::Forever(proto::Forever {}),
            Window::Continuous(duration) => Variant::Sliding(proto::Sliding {
                duration: some(duration),
            }),
            Window::Tumbling { duration, lookback } => Variant::Tumbling(proto::Tumbling {
                duration: some(duration),
                lookback: some(lookback),
            }),
            Window::Hopping {
                duration: Some(duration),
                stride,
                lookback,
            } => Variant::Hopping(proto::Hopping {
                duration: some(duration),
                stride: some(stride),
                lookback: some(lookback),
            }),
            Window::Hopping {
                duration: None,
                stride,
                lookback,
            } => Variant::ForeverHopping(proto::ForeverHopping {
                stride: some(stride),
                lookback: some(lookback),
            }),
            Window::Session { gap } => Variant::Session(proto::Session { gap: some(gap) }),
        };
        proto::Window {
            variant: Some(variant),
        }
    }

    pub(crate) fn decode(message: Option<&proto::Window>) -> Decoded<Option<Window>> {
        let Some(variant) = message.and_then(|window| window.variant.as_ref()) else {
            return Ok(None);
        };
        let some = |duration: &Option<prost_types::Duration>| -> Decoded<Duration> {
            match decode_duration(duration.as_ref())? {
                Some(duration) if duration.micros() > 0 => Ok(duration),
                _ => Err("a window is longer than nothing".into()),
            }
        };
        let lookback = |duration: &Option<prost_types::Duration>| -> Decoded<Duration> {
            Ok(decode_duration(duration.as_ref())?.unwrap_or(Duration::ZERO))
        };
        Ok(Some(match variant {
            Variant::Forever(_) => Window::Forever,
            Variant::Sliding(window) => Window::Continuous(some(&window.duration)?),
            Variant::Tumbling(window) => Window::Tumbling {
                duration: some(&window.duration)?,
                lookback: lookback(&window.lookback)?,
            },
            Variant::Hopping(window) => Window::Hopping {
                duration: Some(some(&window.duration)?),
                stride: some(&window.stride)?,
                lookback: lookback(&window.lookback)?,
            },
            Variant::ForeverHopping(window) => Window::Hopping {
                duration: None,
                stride: some(&window.stride)?,
                lookback: lookback(&window.lookback)?,
            },
            Variant::Session(window) => Window::Session {
                gap: some(&window.gap)?,
            },
        }))
    }
}

const fn or_zero(lookback: Option<Option<Duration>>) -> Duration {
    match lookback {
        Some(Some(lookback)) => lookback,
        _ => Duration::ZERO,
    }
}

/// The window as a definition writes it.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let looking_back = |lookback: &Duration| {
            if lookback.micros() == 0 {
                String::new()
            } else {
                format!(", lookback = \"{lookback}\"")
            }
        };
        match self {
            Window::Forever => f.write_str("\"forever\""),
            Window::Continuous(duration) => write!(f, "\"{duration}\""),
            Window::Tumbling { duration, lookback } => {
                write!(f, "tumbling(\"{duration}\"{})", looking_back(lookback))
            }
            Window::Hopping {
                duration: Some(duration),
                stride,
                lookback,
            } => {
                write!(
                    f,
                    "hopping(\"{duration}\", \"{stride}\"{})",
                    looking_back(lookback)
                )
            }
            Window::Hopping {
                duration: None,
                stride,
                lookback,
            } => {
                write!(
                    f,
                    "hopping(\"forever\", \"{stride}\"{})",
                    looking_back(lookback)
                )
            }
            Window::Session { gap } => write!(f, "session(\"{gap}\")"),
        }
    }
}
