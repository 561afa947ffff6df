//! What `tombstones.rs` is given, as a user has it who pasted it.

use fennel::prelude::*;

pub(crate) fn catalog() -> fennel::catalog::Catalog<'static> {
    fennel::entities![Sale, SaleRow, Amount, Hourly, Where, SaleFeatures, Kept]
        .into_iter()
        .collect()
}

// From here on it is what was given.

#[dataset(version = 3)]
#[meta(owner = "shop@example.com", deleted)]
struct Sale {
    #[field(key)]
    id: i64,
    #[field(key)]
    code: String,
    r#type: Option<String>,
    percent: i64,
    grade: Option<String>,
    amounts: Vec<f64>,
    price: Decimal<2>,
    vector: Embedding<8>,
    photo: Vec<u8>,
    born: NaiveDate,
    counts: BTreeMap<String, i64>,
    ordered_at: DateTime<Utc>,
    #[field(timestamp)]
    sold_at: DateTime<Utc>,
    is_paid: bool,
}

#[dataset(version = 1)]
#[meta(owner = "team@example.com", deleted)]
struct SaleRow {
    id: i64,
    amounts: Vec<f64>,
    sold_at: DateTime<Utc>,
}

#[dataset(version = 1)]
#[meta(owner = "team@example.com", deleted)]
struct Amount {
    id: i64,
    amounts: Vec<f64>,
    sold_at: DateTime<Utc>,
}

#[dataset(version = 1)]
#[meta(owner = "team@example.com", deleted)]
struct Hourly {
    #[field(key)]
    id: i64,
    #[field(key)]
    window: Window,
    sales: i64,
    sold_at: DateTime<Utc>,
}

#[featureset]
#[meta(owner = "team@example.com", deleted)]
struct Where {}

#[featureset]
#[meta(owner = "team@example.com", deleted)]
struct SaleFeatures {
    id: i64,
    code: String,
    price: Option<Decimal<2>>,
}

/// What was kept, with what was given.
#[featureset]
#[meta(owner = "team@example.com")]
struct Kept {
    id: i64,
    #[regex("[a-z]+")]
    code: String,
    #[meta(deleted)]
    percent: i64,
    // Its type was Option<Place { country: String }>; that of a deleted feature does not matter.
    #[meta(deleted)]
    place: String,
    #[feature(expr = id * 2)]
    double: i64,
}
