//! One program for several environments: what a commit for one of them takes, and what it leaves alone.

use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::wire;
use fennel_tests::support::{Http, Server};
use prost::Message as _;
use serde_json::{Value, json};

fennel::owner!("shop@example.com");

static SHOP: Webhook = Webhook::new("shop");
static TRIALS: Webhook = Webhook::new("trials");
static BUS: Kafka = Kafka::new("bus").bootstrap_servers("kafka:9092");

#[dataset]
#[source(SHOP.endpoint("orders"), disorder = "1d", cdc = append, env = "prod")]
#[source(TRIALS.endpoint("orders"), disorder = "1d", cdc = append, env = ["dev", "staging"])]
struct Order {
    uid: i64,
    amount: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
#[sink(BUS.topic("large").json(), cdc = debezium, env = "staging")]
struct Large {
    #[field(key)]
    uid: i64,
    orders: i64,
    at: DateTime<Utc>,
}

#[pipeline(env = "prod")]
fn above_a_thousand(orders: Order) -> Large {
    orders
        .filter(amount > 1000)
        .group_by(uid)
        .aggregate(orders = count("forever"))
}

#[pipeline(env = "~prod")]
fn above_ten(orders: Order) -> Large {
    orders
        .filter(amount > 10)
        .group_by(uid)
        .aggregate(orders = count("forever"))
}

#[featureset]
struct UserFeatures {
    uid: i64,
    #[feature(Large::orders, default = 0, env = "prod")]
    orders: i64,
    /// Says where a query went.
    #[feature(expr = uid * 0 + 7, env = "~prod")]
    trial: i64,
}

/// What `sync --env` sends.
fn request(env: &str) -> Vec<u8> {
    let catalog: Catalog<'_> = fennel::entities![Order, Large, UserFeatures]
        .into_iter()
        .collect();
    wire::encode(&catalog, Some(env), "for one environment").encode_to_vec()
}

fn commit(http: &Http, env: &str) {
    let reply = http.try_commit(&request(env), "").unwrap();
    assert_eq!(reply.ok()["changed"], true, "{env}");
}

/// Logs an order of 100 and one of 2,000.
fn log(http: &Http, webhook: &str) -> u16 {
    let order = |amount: i64| json!({"uid": 1, "amount": amount, "at": "2024-01-01T00:00:00Z"});
    let orders = json!([order(100), order(2_000)]);
    http.log(webhook, "orders", &orders).status
}

fn large(http: &Http) -> Value {
    let key = json!({"keys": [{"uid": 1}], "fields": ["orders"]});
    http.post("dataset/Large/lookup", &key).ok()["data"]["orders"][0].clone()
}

/// The features of a query for all of them, where it is answered.
fn asked(http: &Http, output: &str) -> Result<Value, String> {
    let asked = json!({
        "inputs": ["UserFeatures.uid"],
        "outputs": [output],
        "data": {"UserFeatures.uid": [1]},
    });
    let reply = http.post("query", &asked);
    match reply.status {
        200 => Ok(reply.body[output][0].clone()),
        _ => Err(reply.error(400).to_owned()),
    }
}

#[test]
fn a_commit_takes_what_is_for_its_environment() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let prod = server.http();
    let dev = prod.on("dev");
    let _ = dev.post("init", &json!({})).ok();
    commit(&prod, "prod");
    assert_eq!(log(&prod, "trials"), 404, "nothing reads it yet");
    commit(&dev, "dev");

    // Each branch has its own source, its own pipeline, and its own way to its features.
    assert_eq!(log(&prod, "shop"), 200);
    assert_eq!((large(&prod), large(&dev)), (json!(1), Value::Null));
    assert_eq!(log(&prod, "trials"), 200);
    assert_eq!((large(&prod), large(&dev)), (json!(1), json!(2)));
    assert_eq!(asked(&prod, "UserFeatures.orders"), Ok(json!(1)));
    assert_eq!(asked(&dev, "UserFeatures.trial"), Ok(json!(7)));
    for (http, output) in [(&prod, "UserFeatures.trial"), (&dev, "UserFeatures.orders")] {
        let refused = asked(http, output).unwrap_err();
        assert!(refused.contains(output), "{refused}");
    }

    // A sink that is for another environment keeps no commit from this one.
    let refused = dev.try_commit(&request("staging"), "").unwrap();
    assert!(
        refused.error(400).contains("sink") && refused.error(400).contains("Large"),
        "{}",
        refused.body
    );
    let again = dev.try_commit(&request("dev"), "").unwrap().ok();
    assert_eq!(again["changed"], false);
}
