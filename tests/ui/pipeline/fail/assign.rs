//! `assign`: N004, N008, N010, N111 to N114, N258, N260, N365, N366, N367, N368, N440.
use fennel::prelude::*;

fennel::owner!("ratings@example.com");

#[dataset]
struct Rating {
    #[field(key)]
    uid: i64,
    movie: String,
    rating: f64,
    stars: i64,
    #[between(0..=9)]
    rank: i64,
    seen: Option<i64>,
    at: DateTime<Utc>,
}

/// Declares none of the columns that are made wrongly.
#[dataset]
struct Scored {
    #[field(key)]
    uid: i64,
    movie: String,
    rating: f64,
    stars: i64,
    #[between(0..=9)]
    rank: i64,
    seen: Option<i64>,
    score: i64,
    suffixed: String,
    half: f64,
    quarter: f64,
    third: f64,
    sixth: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn declared_types(ratings: Rating) -> Scored {
    ratings.assign(
        score = rating as i64, // N008
        suffixed = (stars + 1) as String, // N008
        movie = seen as i64, // N008
        rank = (rating as i64) + 1, // N258
    )
}

#[pipeline]
fn operands(ratings: Rating) -> Scored {
    ratings
        .assign(suffixed = movie + "_suffix") // N010
        .assign(score = -movie)
        .assign(score = stars + seen_at)
        .assign(score = if rating > 3.0 { 1 } else { "none" })
        .assign(score = if rating { 1 } else { 0 })
        .assign(score = 9 as String)
        .assign(score = [1, 2]) // N260
        .assign(score = None) // N365
}

#[pipeline]
fn targets(ratings: Rating) -> Scored {
    ratings
        .assign(at = rating) // N111, N367
        .assign(at = at) // N367
        .assign(uid = 0) // N004, N114
        .assign(uid = uid + 1) // N440
        .assign(score = stars, suffixed = movie, score = 0)
        .assign(half = rating / 2.0, quarter = half / 2.0) // N368
        .assign(third = rating / 3.0, sixth = third) // N368
}

#[pipeline]
fn arguments(ratings: Rating) -> Scored {
    ratings
        .assign() // N366
        .assign(rating * 2.0) // N112, N113
        .assign("score", i64, stars) // N366
        .assign(score == stars)
}

/// What depends on a mistake is not judged.
#[pipeline]
fn followed(ratings: Rating) -> Scored {
    ratings
        .assign(score = missing + 1)
        .filter(score > 3)
        .assign(suffixed = movie)
}

fn main() {}
