//! How old and how young what is joined may be: N036 to N040, N279, N444.
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
fn bounds(purchases: Purchase, users: User) -> Joined {
    purchases
        .left_join(users, on(uid), within()) // N036
        .drop(city)
        .left_join(users, on(uid), within(None, "2h")) // N037
        .drop(city)
        .left_join(users, on(uid), within("2h", None)) // N038
        .drop(city)
        .left_join(users, on(uid), within(None, None)) // N039
        .drop(city)
        .left_join(users, on(uid), within("30d", "forever")) // N040
        .drop(city)
        .left_join(users, on(uid), within("30d", "2h", "1h"))
        .drop(city)
        .left_join(users, on(uid), within("30")) // N279, N444
        .drop(city)
        .left_join(users, on(uid), within("30d", "2 hours")) // N444
        .drop(city)
        .left_join(users, on(uid), within(30))
        .drop(city)
        .left_join(users, on(uid), within = "30d")
}

fn main() {}
