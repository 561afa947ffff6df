//! What can't be a column: N276, N277, N356, N435.
use std::collections::HashSet;

use fennel::prelude::*;

fennel::owner!("tickets@example.com");

struct Mine;

#[dataset]
struct WellKnown {
    narrow: i32,
    single: f32,
    text: &'static str,
    set: HashSet<String>,
    unsigned: Option<Vec<u64>>,
    pair: (i64, i64),
    array: [f64; 3],
    at: DateTime<Utc>,
}

#[dataset]
struct Unknown {
    mine: Mine,
    at: DateTime<Utc>,
}

#[dataset]
struct Nested {
    mine: Option<Vec<Mine>>,
    at: DateTime<Utc>,
}

#[dataset]
struct NumberKeys {
    by_id: BTreeMap<i64, f64>,
    at: DateTime<Utc>,
}

#[dataset]
struct Parameters {
    whole: Decimal<0>,
    long: Decimal<29>,
    empty: Embedding<0>,
    twice: Option<Option<i64>>,
    at: DateTime<Utc>,
}

fn main() {}
