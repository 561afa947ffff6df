//! A dataset has one event time: N001, N053, N323, N350, N351, N352, N432, N433.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

#[dataset]
struct TwoCandidates {
    at: DateTime<Utc>,
    sold_at: DateTime<Utc>,
}

#[dataset]
struct None {
    id: i64,
}

#[dataset]
struct ADate {
    #[field(timestamp)]
    day: NaiveDate,
}

#[dataset]
struct Optional {
    #[field(timestamp)]
    at: Option<DateTime<Utc>>,
}

#[dataset]
struct TwoMarked {
    #[field(timestamp)]
    at: DateTime<Utc>,
    #[field(timestamp)]
    sold_at: DateTime<Utc>,
}

#[dataset]
struct MarkedKey {
    #[field(key, timestamp)]
    at: DateTime<Utc>,
}

#[dataset]
struct KeyAlone {
    #[field(key)]
    at: DateTime<Utc>,
}

fn main() {}
