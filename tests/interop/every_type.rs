//! A dataset of all types: the client's definitions are ours, and its frames come back as they were.

use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::wire;
use fennel_tests::support::Server;
use prost::Message as _;

use crate::python::script;

static LAB: Webhook = Webhook::new("lab");

#[derive(Record)]
pub(crate) struct Money {
    amount: f64,
    currency: String,
    note: Option<String>,
}

/// The same as in `every_type.py`.
#[dataset(index)]
#[meta(owner = "lab@example.com", description = "One of each")]
#[source(LAB.endpoint("sample"), disorder = "1d", cdc = upsert)]
pub(crate) struct Sample {
    #[field(key)]
    id: i64,
    reading: f64,
    passed: bool,
    name: String,
    seen_at: DateTime<Utc>,
    made_on: NaiveDate,
    cost: Decimal<2>,
    blob: Vec<u8>,
    drift: Option<f64>,
    retries: Option<i64>,
    flagged: Option<bool>,
    note: Option<String>,
    reviewed_at: Option<DateTime<Utc>>,
    reviewed_on: Option<NaiveDate>,
    tags: Vec<String>,
    counts: BTreeMap<String, i64>,
    paid: Money,
    refund: Option<Money>,
    payments: Vec<Money>,
    vector: Embedding<3>,
    #[one_of("A", "B")]
    grade: String,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[featureset]
#[meta(owner = "lab@example.com")]
pub(crate) struct SampleFeatures {
    id: i64,
    #[feature(Sample::reading)]
    reading: Option<f64>,
    #[feature(Sample::passed, default = false)]
    passed: bool,
    #[feature(Sample::name, default = "nobody")]
    name: String,
    #[feature(Sample::seen_at, default = "2000-01-01T00:00:00Z")]
    seen_at: DateTime<Utc>,
    #[feature(Sample::made_on, default = "2000-01-01")]
    made_on: NaiveDate,
    #[feature(Sample::cost, default = "0.50")]
    cost: Decimal<2>,
    #[feature(Sample::retries, default = -1)]
    retries: i64,
    #[feature(Sample::tags, default = ["none"])]
    tags: Vec<String>,
    #[feature(Sample::counts, default = [("none", 0)])]
    counts: BTreeMap<String, i64>,
    #[feature(Sample::paid, default = Money { amount: 0.0, currency: "EUR", note: None })]
    paid: Money,
    #[feature(Sample::vector, default = [0.0, 0.0, 1.0])]
    vector: Embedding<3>,
    #[feature(Sample::grade, default = "A")]
    #[one_of("A", "B")]
    grade: String,
}

#[test]
fn values_of_every_type_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let catalog: Catalog<'_> = fennel::entities![Sample, SampleFeatures]
        .into_iter()
        .collect();
    let request = wire::encode(&catalog, None, "from Rust").encode_to_vec();
    server.http().try_commit(&request, "").unwrap().ok();
    script("every_type.py", &server);
}
