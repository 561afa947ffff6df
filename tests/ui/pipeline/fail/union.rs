//! `union`: N044, N382.
use fennel::prelude::*;

fennel::owner!("events@example.com");

#[dataset]
struct Click {
    uid: i64,
    page: String,
    at: DateTime<Utc>,
}

#[dataset]
struct View {
    uid: String,
    seconds: f64,
    at: DateTime<Utc>,
}

#[dataset]
struct Tap {
    uid: i64,
    page: String,
    tapped_at: DateTime<Utc>,
}

#[dataset]
struct User {
    #[field(key)]
    uid: i64,
    page: String,
    at: DateTime<Utc>,
}

#[pipeline]
fn of_tables(users: User) -> User {
    users.union(users) // N044
}

#[pipeline]
fn with_a_table(clicks: Click, users: User) -> Click {
    clicks.union(users) // N044
}

#[pipeline]
fn of_other_columns(clicks: Click, views: View) -> Click {
    clicks.union(views.drop(seconds)) // N382
}

#[pipeline]
fn of_a_column_more(clicks: Click, views: View) -> Click {
    clicks.union(views.assign(uid = 1, page = "/")) // N382
}

#[pipeline]
fn at_other_times(clicks: Click, taps: Tap) -> Click {
    clicks
        .union(taps) // N382
        .union(clicks, by = uid)
        .union(clicks, clicks)
}

fn main() {}
