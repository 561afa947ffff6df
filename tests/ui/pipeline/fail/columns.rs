//! `select`, `drop` and `rename`: N003, N005, N006, N007, N073 to N079, N300, N346, N347, N371, N373,
//! N442.
use fennel::prelude::*;

fennel::owner!("users@example.com");

#[dataset]
struct User {
    #[field(key)]
    uid: i64,
    name: String,
    city: String,
    age: Option<i64>,
    at: DateTime<Utc>,
}

#[dataset]
struct Short {
    name: String,
    at: DateTime<Utc>,
}

#[pipeline]
fn selected(users: User) -> User {
    users
        .select(name, city, age) // N003, N077
        .select(uid, nam, city, age) // N346
        .select(uid, name, uid) // N442
        .select() // N371
        .select(uid, columns = name) // N005
        .select("uid", "name")
        .select(uid + 1)
}

#[pipeline]
fn a_flow(users: User) -> User {
    users.select(users)
}

/// The output has the key of its input.
#[pipeline]
fn keyed(users: User) -> Short {
    users.select(uid, name) // N076
}

#[pipeline]
fn dropped(users: User) -> User {
    users
        .drop(uid) // N073
        .drop(at) // N074, N300
        .drop(uid, at) // N073
        .drop(random) // N347
        .drop(city, city) // N442
        .drop() // N007, N075
        .drop(age, columns = name) // N006
        .drop(name.lower())
}

#[pipeline]
fn renamed(users: User) -> User {
    users.rename(id = user_id, years = years) // N373
}

#[dataset]
struct Labelled {
    #[field(key)]
    uid: i64,
    label: String,
    city: String,
    age: Option<i64>,
    at: DateTime<Utc>,
}

#[pipeline]
fn renamed_to_the_same(users: User) -> Labelled {
    users
        .rename(label = name, label = city) // N078
        .rename(city = age) // N079
        .rename(age = age) // N373
        .rename() // N373
        .rename(name)
        .rename("name" == "label")
        .rename(title = "name")
        .rename(at = age)
}

/// Renaming goes column by column, so two can't be swapped.
#[pipeline]
fn swapped(users: User) -> User {
    users.rename(city = name, name = city) // N373
}

fn main() {}
