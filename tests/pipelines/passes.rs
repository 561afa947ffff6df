//! Pipelines that make very many rows of each take few at once, and are given no row that would become too much.

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_engine::store::Store;
use fennel_engine::{Engine, Incoming};
use serde_json::{Value as Json, json};

use super::panics::Brittle;
use super::python::in_python;
use super::{commit, dump, instant, open, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("ping"), disorder = "1d", cdc = append)]
struct Ping {
    host: String,
    load: i64,
    at: DateTime<Utc>,
}

/// The pings of the last hours, by windows of which each is in 10,000.
#[dataset(index)]
struct Often {
    #[field(key)]
    host: String,
    #[field(key)]
    window: Window,
    pings: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn often(pings: Ping) -> Often {
    pings
        .assign(doubled = load * 2)
        .group_by(host, window = hopping("10000s", "1s"))
        .aggregate(pings = count())
}

fn log(engine: &Engine) {
    let ping = |load| {
        Incoming::from([
            ("host".into(), Value::String("a".into())),
            ("load".into(), Value::Int(load)),
            ("at".into(), Value::Timestamp(instant(0))),
        ])
    };
    engine
        .log("app", "ping", (0..60).map(ping).collect())
        .unwrap();
    engine.check_applied().unwrap();
}

fn check(engine: &Engine) {
    let often: Json = serde_json::from_str(&dump(engine, "Often")).unwrap();
    let pings = often["pings"].as_array().unwrap();
    assert_eq!(pings.len(), 10_000);
    assert!(pings.iter().all(|pings| *pings == json!(60)));
}

#[test]
fn a_pass_takes_fewer_rows_where_each_becomes_thousands() {
    let (brittle, late) = (Brittle::default(), Brittle::default());
    let all = in_python(request(fennel::entities![Ping, Often]));
    let engine = brittle.engine(&Store::in_memory());
    commit(&engine, &all);
    log(&engine);
    check(&engine);
    assert_eq!(brittle.state().most_rows, 25, "250,000 rows are made of 25");

    let engine = late.engine(&Store::in_memory());
    commit(&engine, &request(fennel::entities![Ping]));
    log(&engine);
    commit(&engine, &all);
    check(&engine);
    assert_eq!(late.state().most_rows, 25, "also where a table is filled");
}

#[dataset]
#[source(APP.endpoint("post"), disorder = "1d", cdc = append)]
struct Post {
    tags: Vec<String>,
    note: String,
    load: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Tag {
    #[field(key)]
    tags: String,
    posts: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn tag(posts: Post) -> Tag {
    posts
        .assign(doubled = load * 2)
        .explode(tags)
        .dropnull(tags)
        .group_by(tags)
        .aggregate(posts = count("forever"))
}

/// A post with so many tags, of ten kinds, and a note of so many bytes.
fn post(tags: usize, note: usize) -> Incoming {
    let tags = (0..tags).map(|i| Value::String((i % 10).to_string()));
    Incoming::from([
        ("tags".into(), Value::List(tags.collect())),
        ("note".into(), Value::String("x".repeat(note))),
        ("load".into(), Value::Int(1)),
        ("at".into(), Value::Timestamp(instant(0))),
    ])
}

#[test]
fn a_pass_takes_fewer_rows_where_lists_become_large_rows() {
    let brittle = Brittle::default();
    let engine = brittle.engine(&Store::in_memory());
    commit(&engine, &in_python(request(fennel::entities![Post, Tag])));
    let posts = || {
        let tags: Json = serde_json::from_str(&dump(&engine, "Tag")).unwrap();
        engine.check_applied().unwrap();
        tags["posts"].clone()
    };
    engine.log("app", "post", vec![post(100_000, 10)]).unwrap();
    assert_eq!(posts(), json!(vec![10_000; 10]));

    // Each comes to 20 MB, and a pass to 128 MiB.
    brittle.state().calls = 0;
    engine
        .log("app", "post", vec![post(1_000, 20_000); 8])
        .unwrap();
    assert_eq!(posts(), json!(vec![10_800; 10]));
    assert_eq!(brittle.state().calls, 3, "all at once is too much");

    engine
        .log("app", "post", vec![post(4_000, 20_000), post(10, 0)])
        .unwrap();
    assert_eq!(posts(), json!(vec![10_801; 10]));
    let rejects = engine.rejects("main", "Tag", 9).unwrap();
    assert_eq!(rejects.total, 1);
    let reason = &rejects.rows[0].reason;
    assert!(
        reason.starts_with("a row for each of its 4000 elements takes 8"),
        "{reason}"
    );
}

/// What an expression makes of a post: its note, as often as its load says.
#[dataset]
struct Copied {
    copies: Vec<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn copied(posts: Post) -> Copied {
    posts
        .assign(copies = repeat(note, load))
        .drop(tags, note, load)
}

#[test]
fn a_row_of_which_an_expression_makes_too_much_is_set_aside() {
    let engine = open(Store::in_memory());
    commit(&engine, &request(fennel::entities![Post, Copied]));
    let post = |note, load| {
        let mut post = post(0, note);
        post.insert("load".into(), Value::Int(load));
        post
    };
    let posts = vec![post(2, 3), post(40_000, 60_000), post(1, 2)];
    engine.log("app", "post", posts).unwrap();
    engine.check_applied().unwrap();
    let copied: Json = serde_json::from_str(&dump(&engine, "Copied")).unwrap();
    assert_eq!(copied["copies"], json!([["x", "x"], ["xx", "xx", "xx"]]));
    let rejects = engine.rejects("main", "Copied", 9).unwrap();
    assert_eq!(rejects.total, 1);
    assert_eq!(
        rejects.rows[0].reason,
        "the lists that are made of it take more than 64 MiB"
    );
}
