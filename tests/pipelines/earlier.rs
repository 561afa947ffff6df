//! Folders that earlier builds wrote.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_engine::store::{Batch, Options, Space, Store};
use fennel_engine::{Engine, Incoming};

use super::{commit, dump, instant, open, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset(index)]
#[source(APP.endpoint("member"), disorder = "14d", cdc = upsert)]
struct Member {
    #[field(key)]
    user: i64,
    page: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
#[source(APP.endpoint("page"), disorder = "14d", cdc = upsert)]
struct Page {
    #[field(key)]
    page: i64,
    team: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Membership {
    #[field(key)]
    user: i64,
    page: i64,
    team: Option<i64>,
    at: DateTime<Utc>,
}

#[pipeline]
fn membership(members: Member, pages: Page) -> Membership {
    members.left_join(pages, on(page))
}

fn log(engine: &Engine, endpoint: &str, columns: [(&str, i64); 2], at: i64) {
    let columns = columns.map(|(name, value)| (name.to_owned(), Value::Int(value)));
    let mut row: Incoming = BTreeMap::from(columns);
    row.insert("at".to_owned(), Value::Timestamp(instant(at)));
    engine.log("app", endpoint, vec![row]).unwrap();
}

/// In each of so many minutes a user goes to another page, and a page gets another team as of a while ago.
fn run(engine: &Engine, minutes: Range<i64>) {
    for minute in minutes {
        let member = [("user", minute % 5), ("page", minute % 3)];
        log(engine, "member", member, minute * 60);
        let page = [("page", minute % 3), ("team", minute)];
        log(engine, "page", page, (minute - minute % 7 * 20) * 60);
    }
}

fn on_disk(dir: &Path) -> Store {
    let options = Options {
        reserve_bytes: 0,
        ..Options::default()
    };
    Store::open_with(dir, &options).unwrap()
}

/// What the steps of pipelines keep.
fn kept(store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries = store.scan_prefix(Space::Table, b"");
    let entries = entries.map(|entry| entry.unwrap());
    let entries = entries.map(|(key, value)| (key.to_vec(), value.to_vec()));
    entries.filter(|(key, _)| key[4..6] != [0, 0]).collect()
}

/// Lays one in `every` of the rows that have ended where format 7 had them: among those that hold.
fn lay_as_before(store: &Store, every: usize) {
    let ended = kept(store).into_iter();
    let ended = ended.filter(|(key, _)| key[14..22] == [0; 8]);
    let mut batch = Batch::new();
    for (key, value) in ended.step_by(every) {
        // Behind the key of the page there were no mark, span and end.
        batch.put(Space::Table, [&key[..14], &key[31..]].concat(), value);
        batch.delete(Space::Table, key);
    }
    assert!(batch.len() > 20, "{}", batch.len());
    store.write(batch).unwrap();
}

fn put(store: &Store, key: &str, value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(Space::Meta, key, value);
    store.write(batch).unwrap();
}

/// A folder goes through `change` between two halves of the rows.
fn holds(change: impl Fn(&Store)) {
    let definitions = request(fennel::entities![Member, Page, Membership]);
    let dir = tempfile::tempdir().unwrap();
    {
        let engine = open(on_disk(dir.path()));
        commit(&engine, &definitions);
        run(&engine, 0..200);
    }
    let as_it_was = {
        let store = on_disk(dir.path());
        let as_it_was = kept(&store);
        change(&store);
        assert_ne!(kept(&store), as_it_was);
        as_it_was
    };
    let store = on_disk(dir.path());
    let engine = open(store.clone());
    assert_eq!(kept(&store), as_it_was);
    run(&engine, 200..400);

    let whole = open(Store::in_memory());
    commit(&whole, &definitions);
    run(&whole, 0..400);
    assert_eq!(dump(&engine, "Membership"), dump(&whole, "Membership"));
}

#[test]
fn rows_that_joins_kept_in_format_7_are_found() {
    holds(|store| {
        lay_as_before(store, 1);
        put(store, "format", &[7]);
    });
}

#[test]
fn an_open_goes_on_where_one_was_cut_off_that_laid_rows_anew() {
    holds(|store| {
        lay_as_before(store, 2);
        put(store, "unlaid", &[]);
    });
}
