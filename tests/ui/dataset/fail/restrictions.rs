//! Restrictions that don't fit or allow nothing: N270 to N275, N436.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

#[dataset]
struct Bounds {
    #[between(1..=5.0)]
    mixed: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct FloatBounds {
    #[between(1.0..=5.0)]
    whole: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct OverText {
    #[between(1..=5)]
    text: String,
    at: DateTime<Utc>,
}

#[dataset]
struct OverBool {
    #[one_of(1, 2)]
    flag: bool,
    at: DateTime<Utc>,
}

#[dataset]
struct Options {
    #[one_of(1.2)]
    float: i64,
    #[one_of("a", 1)]
    mixed: String,
    #[regex(3)]
    pattern: String,
    at: DateTime<Utc>,
}

#[dataset]
struct OtherOptions {
    #[one_of("a")]
    number: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct Empty {
    #[between(5..=2)]
    backwards: i64,
    #[one_of("a", "a")]
    twice: String,
    #[one_of()]
    none: String,
    at: DateTime<Utc>,
}

fn main() {}
