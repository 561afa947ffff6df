//! What a function can't take or make: N066, N067, N136, N139 to N143, N151, N152, N345, N348,
//! N349, N410, N454.
use fennel::prelude::*;

fennel::owner!("users@example.com");

#[dataset(index)]
struct Account {
    #[field(key)]
    uid: i64,
    country: String,
    at: DateTime<Utc>,
}

#[dataset]
struct Unindexed {
    #[field(key)]
    uid: i64,
    at: DateTime<Utc>,
}

#[featureset]
struct Request {
    uid: i64,
    ip: String,
}

#[featureset]
struct User {
    uid: i64,
    name: String,
    #[feature(Request::ip)]
    ip: String,
    #[feature(Account::country)]
    country: Option<String>,
    gender: String,
    age: i64,
    score: f64,
}

#[extractors]
impl User {
    #[extractor(inputs(Request), outputs(score))]
    fn whole_featureset_in(request: i64) -> f64 {
        request as f64
    }

    #[extractor(inputs(uid), outputs(Request))]
    fn whole_featureset_out(uid: i64) -> f64 {
        uid as f64
    }

    #[extractor(inputs(uid, "name"), outputs(5))]
    fn no_names(uid: i64, name: String) -> f64 {
        uid as f64 + name.len() as f64
    }
}

#[extractors]
impl User {
    #[extractor(outputs(gender))]
    fn first(uid: i64) -> String {
        uid.to_string()
    }

    #[extractor(outputs(gender))]
    fn second(uid: i64) -> String {
        uid.to_string()
    }
}

struct Names;

#[extractors]
impl User {
    #[extractor(inputs(uidd), outputs(score))]
    fn unknown_input(uid: i64) -> f64 {
        uid as f64
    }

    #[extractor(outputs(agee), version = 1)]
    fn unknown_output(uid: i64) -> i64 {
        uid
    }

    #[extractor(outputs(height), env = "a")]
    fn far_output(uid: i64) -> i64 {
        uid
    }

    #[extractor(outputs(Request::uid, Request::ip), env = "b")]
    fn of_another(uid: i64) -> (i64, String) {
        (uid, String::new())
    }

    #[extractor(inputs(Account::country), outputs(age), env = "c")]
    fn column(country: String) -> i64 {
        country.len() as i64
    }

    #[extractor(inputs(age), outputs(age, score), env = "d")]
    fn itself(age: i64) -> (i64, f64) {
        (age, 0.0)
    }

    #[extractor(outputs(score, score), env = "e")]
    fn twice(uid: i64) -> (f64, f64) {
        (uid as f64, 0.0)
    }

    #[extractor(outputs(country))]
    fn both(uid: i64) -> Option<String> {
        Some(uid.to_string())
    }

    #[extractor(inputs(name, uid), outputs(age), env = "f")]
    fn other_parameter(name: i64, uid: &str) -> i64 {
        name + uid.len() as i64
    }

    #[extractor(outputs(age, score), env = "g")]
    fn other_result(uid: i64) -> (f64, i64) {
        (0.0, uid)
    }

    #[extractor(outputs(age), env = ["h", "~i"])]
    fn mixed(uid: i64) -> i64 {
        uid
    }

    #[extractor(outputs(age), env = "j")]
    fn instant(ts: i64, uid: i64) -> i64 {
        ts + uid
    }
}

#[extractors]
impl User {
    #[extractor(outputs(age), env = "k")]
    fn not_indexed(uid: i64, #[lookup(uid)] row: Option<Unindexed>) -> i64 {
        i64::from(row.is_some()) + uid
    }

    #[extractor(outputs(age), env = "l")]
    fn other_key(name: &str, #[lookup(name)] row: Option<Account>) -> i64 {
        i64::from(row.is_some()) + name.len() as i64
    }

    #[extractor(outputs(age), env = "m")]
    fn more_keys(uid: i64, age: i64, #[lookup(uid, age)] row: Option<Account>) -> i64 {
        i64::from(row.is_some()) + uid + age
    }
}

#[extractors]
impl User {
    #[extractor(outputs(age), env = "n")]
    fn never_missing(uid: i64, #[lookup(uid)] row: Account) -> i64 {
        row.uid + uid
    }
}

#[extractors]
impl User {
    #[extractor(outputs(age), env = "o")]
    fn no_column(uid: u32) -> i64 {
        i64::from(uid)
    }
}

#[extractors]
impl Names {
    #[extractor]
    fn nobody(uid: i64) -> i64 {
        uid
    }
}

fn main() {}
