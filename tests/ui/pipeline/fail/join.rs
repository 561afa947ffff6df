//! Joins: N029 to N035, N043, N072, N093 to N095, N376 to N381, N442, N443.
use fennel::prelude::*;

fennel::owner!("users@example.com");

#[dataset]
struct Purchase {
    uid: i64,
    buyer: String,
    friend: Option<i64>,
    #[between(0..=9)]
    rank: i64,
    age: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct User {
    #[field(key)]
    uid: i64,
    city: String,
    age: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct Account {
    #[field(key)]
    uid: String,
    #[field(key)]
    region: String,
    plan: String,
    opened: DateTime<Utc>,
}

#[dataset]
struct Click {
    uid: i64,
    page: String,
    at: DateTime<Utc>,
}

#[dataset]
struct Joined {
    uid: i64,
    buyer: String,
    friend: Option<i64>,
    #[between(0..=9)]
    rank: i64,
    age: i64,
    city: Option<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn types(purchases: Purchase, users: User) -> Joined {
    purchases
        .left_join(users, on(buyer == uid), fields(city)) // N094
        .drop(city)
        .left_join(users, on(friend == uid), fields(city)) // N030
        .drop(city)
        .left_join(users, on(rank == uid), fields(city)) // N381
}

#[dataset]
struct WithPlan {
    uid: i64,
    buyer: String,
    friend: Option<i64>,
    #[between(0..=9)]
    rank: i64,
    age: i64,
    plan: Option<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn type_of_one(purchases: Purchase, accounts: Account) -> WithPlan {
    purchases.left_join(accounts, on(uid, buyer == region)) // N095
}

#[pipeline]
fn keys(purchases: Purchase, users: User) -> Joined {
    purchases
        .left_join(users, on(city), fields(city)) // N093
        .drop(city)
        .left_join(users, on(uid, age), fields(city)) // N093
        .drop(city)
        .left_join(users, on(member == uid), fields(city)) // N379
        .drop(city)
        .left_join(users, on(uid, uid), fields(city)) // N442
        .drop(city)
        .left_join(users, on(uid == id), fields(city))
        .drop(city)
        .left_join(users, on(uid = uid), fields(city))
        .drop(city)
        .left_join(users, on("uid"), fields(city))
        .drop(city)
        .left_join(users, on(), fields(city)) // N377
}

#[pipeline]
fn one_of_two_keys(purchases: Purchase, accounts: Account) -> WithPlan {
    purchases.left_join(accounts, on(buyer == uid)) // N443
}

#[pipeline]
fn right_side(purchases: Purchase, users: User, clicks: Click) -> Joined {
    purchases
        .left_join(users.filter(age > 18), on(uid), fields(city)) // N029
        .left_join(clicks, on(uid)) // N378
}

#[pipeline]
fn fields_of_right(purchases: Purchase, users: User) -> Joined {
    purchases
        .left_join(users, on(uid), fields(rank)) // N031
        .left_join(users, on(uid), fields(uid)) // N032
        .left_join(users, on(uid), fields(city, at)) // N033
        .left_join(users, on(uid)) // N034
        .left_join(users, on(uid), fields(age)) // N035
        .left_join(users, on(uid), fields())
        .left_join(users, on(uid), fields("city"))
}

#[dataset]
struct Visit {
    user_id: i64,
    age: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct VisitOfUser {
    user_id: i64,
    age: i64,
    city: String,
    at: DateTime<Utc>,
}

#[pipeline]
fn other_name(visits: Visit, users: User) -> VisitOfUser {
    visits.inner_join(users, on(user_id == uid)) // N043
}

#[pipeline]
fn arguments(purchases: Purchase, users: User) -> Joined {
    purchases
        .left_join(users) // N377
        .left_join(users, uid)
        .left_join(users, buyer == uid)
        .left_join(users, on = uid) // N377
        .left_join(users, left_on = uid, right_on = uid) // N377
        .left_join(users, on(uid), how = "outer", fields(city)) // N376
        .left_join(users, on(uid), field(city))
        .left_join(users, on(uid), on(uid), fields(city)) // N377
        .left_join(users, on(uid), "30d")
}

#[dataset]
struct Strict {
    uid: i64,
    buyer: String,
    friend: Option<i64>,
    #[between(0..=9)]
    rank: i64,
    age: i64,
    city: String,
    at: DateTime<Utc>,
}

/// Where no user is found there is no city.
#[pipeline]
fn declared_required(purchases: Purchase, users: User) -> Strict {
    purchases.left_join(users, on(uid), fields(city)) // N072
}

fn main() {}
