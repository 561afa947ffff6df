//! Expressions over other features.
use fennel::prelude::*;

fennel::owner!("users@example.com");

const FREE: f64 = 5.0;

#[dataset(index)]
struct Spend {
    #[field(key)]
    uid: i64,
    spend_1d: f64,
    spend_28d: Option<f64>,
    at: DateTime<Utc>,
}

#[featureset]
struct Features {
    uid: i64,
    #[feature(Spend::spend_1d, default = 0.0)]
    spend_1d: f64,
    #[feature(Spend::spend_28d)]
    spend_28d: Option<f64>,
    #[feature(expr = spend_28d.fill_null(0.0))]
    known: f64,
    #[feature(expr = if known == 0.0 { 0.0 } else { spend_1d * 28.0 / known }, version = 3)]
    ratio: f64,
    /// A whole number is one of an `f64`, and a value is one of an `Option`.
    #[feature(expr = uid + 1)]
    widened: f64,
    #[feature(expr = uid)]
    optional: Option<i64>,
    #[between(0..=100)]
    #[feature(expr = uid % 100)]
    bounded: i64,
    #[feature(expr = spend_1d < FREE, env = "prod")]
    is_free: bool,
    #[feature(expr = !is_free && !spend_28d.is_null(), env = ["~dev"])]
    pays: bool,
    #[feature(expr = r#type * 2)]
    doubled: i64,
    r#type: i64,
}

fn main() {}
