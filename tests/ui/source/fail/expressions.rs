//! What a source's expressions can't say: N218, N219, N220, N221, N422, N423, N424.
use fennel::prelude::*;

fennel::owner!("gate@example.com");

static GATE: Webhook = Webhook::new("gate");

#[source(GATE.endpoint("a"), disorder = "1d", cdc = append, filter = age,
         preproc(seen = age + 1, aeg = age + 1, age = age / 2, name = hieght.is_null()))]
#[dataset]
struct Types {
    age: i64,
    name: bool,
    seen: DateTime<Utc>,
}

#[source(GATE.endpoint("b"), disorder = "1d", cdc = append, filter = member,
         schema(age = f64, rate = f64),
         preproc(usd = rate as i64, eur = rate as Option<f64>))]
#[source(GATE.endpoint("c"), disorder = "1d", cdc = append, filter = unknown > 3)]
#[dataset]
struct Schemas {
    age: i64,
    usd: f64,
    eur: f64,
    member: Option<bool>,
    seen: DateTime<Utc>,
}

#[source(GATE.endpoint("d"), disorder = "1d", cdc = append, preproc(age = None, name = [1]))]
#[dataset]
struct Constants {
    age: i64,
    name: String,
    seen: DateTime<Utc>,
}

#[source(GATE.endpoint("e"), disorder = "1d", cdc = append, filter, schema = 3, where = age > 3)]
#[source(GATE.endpoint("f"), disorder = "1d", cdc = append, schema(rate = f64, rate = i64))]
#[dataset]
struct Forms {
    age: i64,
    seen: DateTime<Utc>,
}

fn main() {}
