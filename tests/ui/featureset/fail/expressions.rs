//! What a feature's expression can't say: N153, N154, N155, N156, N404, N454.
use fennel::prelude::*;

fennel::owner!("users@example.com");

#[dataset(index)]
struct User {
    #[field(key)]
    uid: i64,
    age: i64,
    at: DateTime<Utc>,
}

#[featureset]
struct Request {
    uid: i64,
}

#[featureset]
struct Names {
    #[feature(Request::uid)]
    uid: i64,
    #[feature(User::age, default = 0)]
    age: i64,
    #[feature(expr = Age * 2)]
    case: i64,
    #[feature(expr = aeg * 2)]
    near: i64,
    #[feature(expr = 1 + height * 2)]
    far: i64,
    #[feature(expr = itself + age)]
    itself: i64,
}

#[featureset]
struct Others {
    uid: i64,
    #[feature(expr = User::age + 1)]
    of_a_dataset: i64,
    #[feature(expr = Request::uid + 1)]
    of_a_featureset: i64,
}

#[featureset]
struct Types {
    uid: i64,
    name: String,
    #[feature(expr = uid * 2)]
    declared: String,
    #[feature(expr = uid / 2)]
    narrowed: i64,
    #[feature(expr = if uid > 0 { uid })]
    never_null: i64,
    #[feature(expr = uid + name)]
    sum: i64,
    #[feature(expr = if name { 1 } else { 2 })]
    condition: i64,
    #[feature(expr = uid.len())]
    function: i64,
    #[feature(expr = uid as f64)]
    cast: f64,
}

#[featureset]
struct Forms {
    #[feature(Request::uid)]
    uid: i64,
    #[feature(expr = uid + 1, default = 0)]
    default: i64,
    #[feature(Request::uid, expr = uid + 1)]
    both: i64,
    #[feature(expr)]
    empty: i64,
    #[feature(expr = uid ^ 2)]
    operator: i64,
    #[feature(expr = uid + 1, version = "2")]
    version: i64,
    #[feature(exp = uid + 1)]
    unknown: i64,
}

#[featureset]
struct Envs {
    #[feature(expr = 1, env = ["dev", "~prod"])]
    one: i64,
}

fn main() {}
