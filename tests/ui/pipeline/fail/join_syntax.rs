//! What is joined is no flow of rows: N380.
use fennel::prelude::*;

fennel::owner!("users@example.com");

#[dataset]
struct Purchase {
    uid: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct User {
    #[field(key)]
    uid: i64,
    city: String,
    at: DateTime<Utc>,
}

#[dataset]
struct Joined {
    uid: i64,
    city: Option<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn flows(purchases: Purchase, users: User) -> Joined {
    purchases
        .left_join(User, on(uid)) // N380
        .left_join(on(uid), users)
        .left_join(uid)
        .left_join()
        .left_join(purchases.uid, on(uid))
        .union(3)
        .inner_join(usres, on(uid))
        .left_join(users.group_by(city), on(uid))
}

fn main() {}
