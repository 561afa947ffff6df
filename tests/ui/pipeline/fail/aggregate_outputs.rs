//! What an aggregate makes, and what its dataset declares: N057, N081, N329, N333, N335, N337, N338,
//! N340 to N343, N447.
use fennel::prelude::*;

fennel::owner!("ratings@example.com");

#[dataset]
struct Rating {
    uid: i64,
    stars: i64,
    rating: f64,
    seen: Option<i64>,
    at: DateTime<Utc>,
}

#[dataset]
struct Ints {
    #[field(key)]
    uid: i64,
    total: i64,
    mean: i64,
    spread: i64,
    least: i64,
    greatest: i64,
    different: i64,
    oldest: i64,
    newest: i64,
    fading: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn into_ints(ratings: Rating) -> Ints {
    ratings.group_by(uid).aggregate(
        total = sum(rating, "1d"), // N081
        mean = average(stars, "1d"), // N333
        spread = stddev(stars, "1d"), // N335
        least = min(rating, "1d", default = 0.0), // N337
        greatest = max(rating, "1d", default = 0.0), // N338
        different = distinct(stars, "1d", unordered = true), // N340
        oldest = first_k(stars, 3, "1d"), // N341
        newest = last_k(stars, 3, "1d"), // N342
        fading = exp_decay_sum(stars, "7d", "forever"), // N057, N343
    )
}

#[dataset]
struct Floats {
    #[field(key)]
    uid: i64,
    median: f64,
    least: f64,
    mean: f64,
    total: f64,
    all: Vec<i64>,
    at: DateTime<Utc>,
}

#[pipeline]
fn of_nothing_is_null(ratings: Rating) -> Floats {
    ratings.group_by(uid).aggregate(
        median = quantile(rating, 0.5, "1d", approx = true), // N329
        least = min(rating, "1d"),
        mean = average(rating, "1d", default = None),
        total = sum(stars, "1d"),
        all = last_k(seen, 3, "1d"),
    )
}

#[dataset]
struct Totals {
    #[field(key)]
    uid: i64,
    total: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn named_twice(ratings: Rating) -> Totals {
    ratings.group_by(uid).aggregate(
        total = sum(rating, "1d"),
        total = sum(rating, "7d"), // N447
        uid = count("1d"), // N447
        at = count("1d"), // N447
    )
}

/// `UserSpend` of the guide has no `total`.
#[pipeline]
fn more_than_declared(ratings: Rating) -> Totals {
    ratings
        .group_by(uid)
        .aggregate(total = sum(rating, "1d"), sum_7d = sum(rating, "7d"))
}

#[pipeline]
fn less_than_declared(ratings: Rating) -> Floats {
    ratings.group_by(uid).aggregate(total = sum(rating, "1d"))
}

fn main() {}
