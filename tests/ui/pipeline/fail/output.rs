//! What a pipeline makes, and what its dataset declares: N009, N076, N080, N098, N362.
use fennel::prelude::*;

fennel::owner!("ratings@example.com");

#[dataset]
struct Rating {
    movie: String,
    rating: f64,
    at: DateTime<Utc>,
}

#[dataset]
struct Keyed {
    #[field(key)]
    movie: String,
    rating: f64,
    at: DateTime<Utc>,
}

#[dataset]
struct Squared {
    movie: String,
    rating: f64,
    rating_sq: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct Elsewhen {
    movie: String,
    rating: f64,
    rated_at: DateTime<Utc>,
}

#[dataset]
struct Wide {
    movie: i64,
    stars: i64,
    rating: i64,
    rated_at: DateTime<Utc>,
}

#[pipeline]
fn squared(ratings: Rating) -> Squared {
    ratings.assign(rating_sq = rating * rating) // N009
}

#[pipeline]
fn keyed(ratings: Rating) -> Keyed { // N080
    ratings
}

#[pipeline]
fn unkeyed(ratings: Keyed) -> Rating {
    ratings
}

#[pipeline]
fn lacking(ratings: Rating) -> Squared {
    ratings
}

#[pipeline]
fn more(ratings: Squared) -> Rating {
    ratings
}

#[pipeline]
fn at_another_time(ratings: Rating) -> Elsewhen {
    ratings
}

#[pipeline]
fn all_at_once(ratings: Rating) -> Wide {
    ratings.assign(half = rating / 2.0)
}

#[pipeline]
fn renamed_wrongly(ratings: Rating) -> Elsewhen {
    ratings.rename(rated_on = at)
}

fn main() {}
