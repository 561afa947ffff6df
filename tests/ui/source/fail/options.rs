//! Options of a source: N193, N194, N195 to N198, N282 to N284, N287, N414 to N422, N439, N458, N459.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("a"), cdc = append)]
#[source(APP.endpoint("a"), disorder = "1d")]
#[source(APP.endpoint("a"), disorder = "1d", cdc = insert)]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, where = true)]
#[source(disorder = "1d", cdc = append)]
struct Tokens {
    at: DateTime<Utc>,
}

#[dataset]
#[source(APP.endpoint("a"), disorder = "14x", cdc = append)]
#[source(APP.endpoint("a"), disorder = "forever", cdc = append)]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, since = "yesterday")]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, every = "30m")]
struct Times {
    at: DateTime<Utc>,
}

#[dataset]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, since = "2024-01-02", until = "2024-01-02")]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, bounded)]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, idleness = "1h")]
#[source(APP.endpoint(""), disorder = "1d", cdc = append)]
#[source(APP, disorder = "1d", cdc = append)]
#[source(APP.endpoint("a"), disorder = "1d", cdc = native)]
#[source(APP.endpoint("a"), disorder = "1d", cdc = upsert)]
struct Pairs {
    id: i64,
    at: DateTime<Utc>,
}

#[dataset]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append)]
struct Keyed {
    #[field(key)]
    id: i64,
    at: DateTime<Utc>,
}

#[dataset]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, env = "")]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, env = "a b")]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, env = ["~gold", "silver"])]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, env = "~")]
struct Envs {
    at: DateTime<Utc>,
}

#[dataset]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, sample = 1.5)]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, sample(0.5, using = [nothing]))]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, sample(0.5, using = [at]))]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, sample = 0.5, preproc(id = other))]
struct Samples {
    id: i64,
    at: DateTime<Utc>,
}

#[dataset]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, sample(0.1, using = id))]
struct UsingIsAList {
    id: i64,
    at: DateTime<Utc>,
}

#[dataset]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, preproc(day = "2024-01-01"))]
struct NotYet {
    day: NaiveDate,
    at: DateTime<Utc>,
}

#[dataset]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, preproc(age = 3))]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, preproc(at = 10))]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, preproc(id = "x"))]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append, preproc(id = None))]
struct Preproc {
    id: i64,
    at: DateTime<Utc>,
}

fn main() {}
