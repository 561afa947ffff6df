//! `changelog`: N383, N446.
use fennel::prelude::*;

fennel::owner!("users@example.com");

#[dataset]
struct User {
    #[field(key)]
    uid: i64,
    city: String,
    at: DateTime<Utc>,
}

#[dataset]
struct Change {
    uid: i64,
    city: String,
    gone: bool,
    at: DateTime<Utc>,
}

#[dataset]
struct Flagged {
    uid: i64,
    city: bool,
    at: DateTime<Utc>,
}

#[pipeline]
fn of_nothing(users: User) -> Change {
    users.changelog() // N383
}

#[pipeline]
fn of_both(users: User) -> Change {
    users.changelog(delete = gone, insert = new) // N383
}

#[pipeline]
fn of_a_text(users: User) -> Change {
    users.changelog(delete = "gone")
}

#[pipeline]
fn of_a_bare_column(users: User) -> Change {
    users.changelog(gone) // N383
}

#[pipeline]
fn of_updates(users: User) -> Change {
    users.changelog(update = gone) // N383
}

#[pipeline]
fn of_a_stream(changes: Change) -> Change {
    changes.drop(gone).changelog(delete = gone) // N383
}

#[pipeline]
fn of_a_column(users: User) -> Flagged {
    users.drop(city).changelog(delete = uid) // N446
}

#[pipeline]
fn of_the_event_time(users: User) -> Change {
    users.changelog(insert = at) // N446
}

/// Keys become values.
#[pipeline]
fn into_a_table(users: User) -> User {
    users.changelog(delete = gone)
}

fn main() {}
