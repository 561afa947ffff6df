//! `group_by`, `first` and `latest`: N050 to N052, N054, N104 to N107, N115 to N121, N126, N324, N326,
//! N384, N386, N392, N442, N445.
use fennel::prelude::*;

fennel::owner!("films@example.com");

#[dataset]
struct Film {
    director: String,
    title: String,
    revenue: f64,
    studio: Option<String>,
    posters: Vec<f64>,
    at: DateTime<Utc>,
}

#[dataset]
struct Hit {
    #[field(key)]
    director: String,
    title: String,
    revenue: f64,
    studio: Option<String>,
    posters: Vec<f64>,
    at: DateTime<Utc>,
}

#[dataset]
struct HitOfStudio {
    #[field(key)]
    studio: String,
    director: String,
    title: String,
    revenue: f64,
    posters: Vec<f64>,
    at: DateTime<Utc>,
}

#[dataset]
struct Hits {
    #[field(key)]
    director: String,
    count: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct Session {
    #[field(key)]
    director: String,
    #[field(key)]
    window: Window,
    count: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn of_no_column(films: Film) -> Hit {
    films.group_by().first() // N104
}

#[pipeline]
fn latest_of_no_column(films: Film) -> Hit {
    films.group_by().latest() // N384
}

#[pipeline]
fn aggregate_of_no_column(films: Film) -> Hits {
    films.group_by().aggregate(count = count("forever")) // N386
}

#[pipeline]
fn window_of_no_column(films: Film) -> Session {
    films.group_by(window = tumbling("1d")).aggregate(count = count()) // N115, N126
}

#[pipeline]
fn of_wrong_columns(films: Film) -> Hit {
    films.group_by(directer, actor).first() // N107, N324
}

#[pipeline]
fn of_the_event_time(films: Film) -> Hit {
    films.group_by(director, at).latest() // N445
}

#[pipeline]
fn of_a_float(films: Film) -> Hit {
    films.group_by(revenue).latest() // N445
}

#[pipeline]
fn of_floats(films: Film) -> Hit {
    films.group_by(posters).latest()
}

#[pipeline]
fn of_an_optional(films: Film) -> HitOfStudio {
    films.group_by(studio).latest() // N116
}

#[pipeline]
fn of_one_twice(films: Film) -> Hit {
    films.group_by(director, director).latest() // N442
}

#[pipeline]
fn of_no_name(films: Film) -> Hit {
    films.group_by(director.lower()).latest()
}

#[pipeline]
fn of_a_text(films: Film) -> Hit {
    films.group_by("director").latest()
}

#[pipeline]
fn first_of_table(hits: Hit) -> Hit {
    hits.group_by(title).first() // N050
}

#[pipeline]
fn latest_of_table(hits: Hit) -> Hit {
    hits.group_by(title).latest() // N051
}

#[pipeline]
fn window_over_table(hits: Hit) -> Session {
    hits.group_by(director, window = tumbling("1d")).aggregate(count = count()) // N052
}

#[pipeline]
fn first_of_window(films: Film) -> Hit {
    films.group_by(director, window = tumbling("1d")).first() // N054
}

#[pipeline]
fn continuous_window(films: Film) -> Session {
    films.group_by(director, window = "7d").aggregate(count = count()) // N392
}

#[pipeline]
fn window_without_end(films: Film) -> Session {
    films.group_by(director, window = "forever").aggregate(count = count()) // N392
}

#[pipeline]
fn endless_window(films: Film) -> Session {
    films.group_by(director, window = hopping("forever", "1d")).aggregate(count = count()) // N392
}

#[pipeline]
fn unparsable_gap(films: Film) -> Session {
    films.group_by(director, window = session("10m 5yy")).aggregate(count = count()) // N121
}

#[pipeline]
fn unknown_column_in_windows(films: Film) -> Session {
    films.group_by(directr, window = session("10m")).aggregate(count = count()) // N120
}

#[pipeline]
fn other_arguments(films: Film) -> Session {
    films
        .group_by(director, windows = session("10m"), by = title)
        .aggregate(count = count("1d"))
}

/// `Film` has no key.
#[pipeline]
fn into_no_key(films: Film) -> Film {
    films.group_by(director).first() // N105
}

#[dataset]
struct Titles {
    #[field(key)]
    director: String,
    title: String,
    at: DateTime<Utc>,
}

#[pipeline]
fn into_fewer_columns(films: Film) -> Titles {
    films.group_by(director).first() // N106
}

#[dataset]
struct SessionWithoutKeys {
    director: String,
    window: Window,
    count: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn into_values(films: Film) -> SessionWithoutKeys {
    films.group_by(director, window = session("10m")).aggregate(count = count()) // N117
}

/// `Hits` lacks the window.
#[pipeline]
fn into_no_window(films: Film) -> Hits {
    films.group_by(director, window = session("10m")).aggregate(count = count()) // N118, N326
}

#[dataset]
struct SessionByText {
    #[field(key)]
    director: String,
    #[field(key)]
    window: String,
    count: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn into_text(films: Film) -> SessionByText {
    films.group_by(director, window = session("10m")).aggregate(count = count()) // N119
}

#[pipeline]
fn arguments_of_first(films: Film) -> Hit {
    films.group_by(director).first(director)
}

#[pipeline]
fn arguments_of_latest(films: Film) -> Hit {
    films.group_by(director).latest(by = at)
}

fn main() {}
