//! What can't be a key, or be indexed: N041, N046, N047, N048, N122, N123, N353, N354, N355, N434.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

#[dataset]
struct OptionalKey {
    #[field(key)]
    id: Option<i64>,
    at: DateTime<Utc>,
}

#[dataset]
struct FloatKey {
    #[field(key)]
    id: f64,
    at: DateTime<Utc>,
}

#[dataset]
struct EraseKey {
    #[field(erase_key)]
    id: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct NoKey {
    id: i64,
    at: DateTime<Utc>,
}

#[dataset(index, online)]
struct Twice {
    #[field(key)]
    id: i64,
    at: DateTime<Utc>,
}

#[dataset(online, offline)]
struct BothFlags {
    #[field(key)]
    id: i64,
    at: DateTime<Utc>,
}

#[dataset(index, index = true)]
struct IndexedTwice {
    #[field(key)]
    id: i64,
    at: DateTime<Utc>,
}

#[dataset(index = "secondary")]
struct OtherIndex {
    #[field(key)]
    id: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct EraseTime {
    #[field(timestamp, erase_key)]
    at: DateTime<Utc>,
}

fn main() {}
