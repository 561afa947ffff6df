//! How an extractor can't be written: N144, N408, N409, N411, N412, N413, N455, N456.
use fennel::prelude::*;

fennel::owner!("users@example.com");

#[featureset]
struct User {
    uid: i64,
    age: i64,
    score: f64,
}

#[extractors]
impl User {
    #[extractor(version = "2")]
    fn age(uid: i64) -> i64 {
        uid
    }

    #[extractor(version, outputs(score))]
    fn version(uid: i64) -> f64 {
        uid as f64
    }

    #[extractor(inputs(), outputs(score), env = "a")]
    fn empty_inputs() -> f64 {
        0.0
    }

    #[extractor(outputs(), env = "b")]
    fn empty_outputs(uid: i64) -> f64 {
        uid as f64
    }

    #[extractor(outputs = score, deps = [User], env = "c")]
    fn dependencies(uid: i64) -> f64 {
        uid as f64
    }

    #[extractor(inputs(uid, age), outputs(score), env = "d")]
    fn fewer_parameters(uid: i64) -> f64 {
        uid as f64
    }

    #[extractor(inputs(uid), outputs(score), env = "e")]
    fn more_parameters(uid: i64, age: i64) -> f64 {
        (uid + age) as f64
    }

    #[extractor(outputs(score), envv = "f")]
    fn unknown(uid: i64) -> f64 {
        uid as f64
    }

    #[extractor(outputs(score), env = "g")]
    fn method(&self) -> f64 {
        0.0
    }

    #[extractor(outputs(score), env = "h")]
    fn nothing(uid: i64) {}

    #[extractor(outputs(score, age), env = "i")]
    fn one_of_two(uid: i64) -> f64 {
        uid as f64
    }

    #[extractor(outputs(score), env = "j")]
    fn any<T>(uid: T) -> f64 {
        0.0
    }

    #[extractor(outputs(score), env = "k")]
    async fn later(uid: i64) -> f64 {
        uid as f64
    }

    #[extractor(outputs(score), env = "l")]
    fn changing(uid: &mut i64) -> f64 {
        *uid as f64
    }
}

#[extractors]
struct Misplaced;

#[extractors(path = fennel)]
impl User {}

fn main() {}
