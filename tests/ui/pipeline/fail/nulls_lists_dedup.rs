//! `dropnull`, `explode` and `dedup`: N096 to N103, N108 to N110, N371, N372, N374, N375, N442.
use fennel::prelude::*;

fennel::owner!("movies@example.com");

#[dataset]
struct Movie {
    #[field(key)]
    director: String,
    title: Vec<String>,
    revenue: Option<i64>,
    at: DateTime<Utc>,
}

#[dataset]
struct Hit {
    user: String,
    title: Vec<String>,
    tags: Option<Vec<String>>,
    face: Embedding<4>,
    revenue: Option<i64>,
    rank: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct Plain {
    rank: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn dropped_nulls(hits: Hit) -> Hit {
    hits.dropnull(rank) // N109
        .dropnull(rnak) // N110
        .dropnull(at) // N372
        .dropnull("tags")
}

#[dataset]
struct Complete {
    user: String,
    title: Vec<String>,
    tags: Vec<String>,
    face: Embedding<4>,
    revenue: i64,
    rank: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn dropped_nulls_twice(hits: Hit) -> Complete {
    hits.dropnull(revenue, revenue) // N442
        .dropnull(tags, columns = revenue)
}

#[pipeline]
fn declared_optional(hits: Hit) -> Hit {
    hits.dropnull(revenue) // N108
}

#[pipeline]
fn nothing_to_drop(rows: Plain) -> Plain {
    rows.dropnull() // N372
}

#[dataset]
struct Scene {
    director: String,
    title: Option<String>,
    revenue: Option<i64>,
    at: DateTime<Utc>,
}

#[pipeline]
fn exploded_table(movies: Movie) -> Scene {
    movies.explode(title) // N101
}

#[pipeline]
fn exploded(hits: Hit) -> Hit {
    hits.explode(actor) // N102
        .explode(user) // N103
        .explode(tags) // N374
        .explode(face) // N374
        .explode(at) // N374
        .explode(rank, rank) // N442
        .explode() // N371
}

#[pipeline]
fn deduplicated_table(movies: Movie) -> Movie {
    movies.dedup(title) // N096
}

#[pipeline]
fn deduplicated(hits: Hit) -> Hit {
    hits.dedup(director) // N100
        .dedup(at) // N375
        .dedup(user, user) // N442
        .dedup(user, by = rank) // N375
        .dedup(user, window = hopping("1d", "1h")) // N097
        .dedup(user, window = "forever") // N097
        .dedup(user, window = tumbling("1d", lookback = "1h")) // N098
        .dedup(user, window = session("10m", "5m"))
        .dedup(user, windw = session("10m"))
        .dedup(window = session("10m"), user)
        .dedup([])
}

/// All columns of the hits are made, and `Plain` declares one.
#[pipeline]
fn other_columns(hits: Hit) -> Plain {
    hits.dedup(user) // N099
}

fn main() {}
