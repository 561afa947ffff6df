//! Where we differ from the reference on purpose.

use std::fmt;

use fennel_vectors::expression::Case;

/// How one vector differs.
pub(crate) enum Difference {
    /// We refuse what the reference takes, and why.
    Refused(String),
    /// We take what the reference refuses; the type that it has.
    Accepted(String),
    /// It has another type.
    Type(String),
    /// It can be declared what it can't be there, or the reverse.
    Declared,
    /// It is sent as another message.
    Sent,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Refused(why) => write!(f, "refused: {why}"),
            Difference::Accepted(ty) => write!(f, "accepted as {ty}"),
            Difference::Type(ty) => write!(f, "of type {ty}"),
            Difference::Declared => f.write_str("declared otherwise"),
            Difference::Sent => f.write_str("sent otherwise"),
        }
    }
}

/// A difference that is meant, with how many vectors show it.
pub(crate) struct Known {
    pub(crate) what: &'static str,
    pub(crate) count: usize,
    pub(crate) is: fn(&Case, &Difference) -> bool,
}

pub(crate) const DIFFERENCES: &[Known] = &[
    Known {
        what: "a day that is not in the calendar is refused where it is written",
        count: 14,
        is: |_, difference| refused(difference, "has no day"),
    },
    Known {
        what: "a negative power of a whole number is refused where it is written",
        count: 5,
        is: |_, difference| refused(difference, "no negative powers"),
    },
    Known {
        what: "lists can't be repeated, which the reference notices when it runs",
        count: 9,
        is: |_, difference| refused(difference, "`repeat` makes lists of single values"),
    },
    Known {
        what: "a text is no constant of type i64",
        count: 1,
        is: |case, difference| case.group == "literal" && refused(difference, "this is a text"),
    },
    Known {
        what: "a column restricted by a pattern counts as a text",
        count: 1,
        is: |case, difference| {
            let of_regex = case.schema.values().any(|ty| ty.starts_with("regex"));
            of_regex && matches!(difference, Difference::Accepted(_))
        },
    },
    Known {
        what: "`len` is one name: what it counts follows from the operand's type",
        count: 1,
        is: |case, difference| {
            case.expr["op"] == "list.len" && matches!(difference, Difference::Accepted(_))
        },
    },
    Known {
        what: "a zone that is left out is UTC, and UTC is sent",
        count: 27,
        is: |case, difference| {
            sent(difference) && case.expr.to_string().contains("\"timezone\":null")
        },
    },
    Known {
        what: "instants, decimals and floats are sent as the public client writes them",
        count: 5,
        is: |case, difference| {
            let written = ["timestamp", "decimal[1]", "decimal[2]", "float"];
            sent(difference) && written.iter().any(|ty| case.expr["type"] == *ty)
        },
    },
];

fn refused(difference: &Difference, why: &str) -> bool {
    matches!(difference, Difference::Refused(found) if found.contains(why))
}

fn sent(difference: &Difference) -> bool {
    matches!(difference, Difference::Sent)
}
