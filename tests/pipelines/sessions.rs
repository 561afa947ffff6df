//! Sessions of groups: where they begin and end as rows come, change and are late.

use std::collections::BTreeMap;

use fennel::prelude::*;
use fennel_core::value::Value;
use fennel_engine::Incoming;
use fennel_engine::store::{Batch, Space, Store};

use super::{commit, dump, instant, open, request};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("click"), disorder = "1d", cdc = append)]
struct Click {
    user: i64,
    page: String,
    at: DateTime<Utc>,
}

/// Each user's visits.
#[dataset(index)]
struct Visit {
    #[field(key)]
    user: i64,
    #[field(key)]
    window: Window,
    clicks: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn visit(clicks: Click) -> Visit {
    clicks
        .group_by(user, window = session("5m"))
        .aggregate(clicks = count())
}

/// The page with which each visit begins.
#[dataset]
struct Landing {
    user: i64,
    page: String,
    at: DateTime<Utc>,
}

#[pipeline]
fn landing(clicks: Click) -> Landing {
    clicks.dedup(user, window = session("5m"))
}

/// Each user's visits, where no page counts twice in an hour.
#[dataset(index)]
struct Tour {
    #[field(key)]
    user: i64,
    #[field(key)]
    window: Window,
    pages: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn tour(clicks: Click) -> Tour {
    clicks
        .dedup(user, page, window = tumbling("1h"))
        .group_by(user, window = session("5m"))
        .aggregate(pages = count())
}

fn click(user: i64, page: &str, minute: i64) -> Incoming {
    BTreeMap::from([
        ("user".to_owned(), Value::Int(user)),
        ("page".to_owned(), Value::String(page.into())),
        ("at".to_owned(), Value::Timestamp(instant(minute * 60))),
    ])
}

#[test]
fn a_row_that_gives_way_to_an_earlier_one_splits_its_session() {
    let engine = open(Store::in_memory());
    commit(&engine, &request(fennel::entities![Click, Tour]));
    let tours = |clicks: &[(&str, i64)]| {
        for (page, minute) in clicks {
            let click = click(1, page, *minute);
            engine.log("app", "click", vec![click]).unwrap();
        }
        let tours = engine.inspect("main", "Tour", usize::MAX).unwrap();
        let pages = tours.get("pages").unwrap().values.iter();
        pages.cloned().collect::<Vec<_>>()
    };
    let pages = |counts: &[i64]| counts.iter().copied().map(Value::Int).collect::<Vec<_>>();
    assert_eq!(tours(&[("a", 2), ("c", 10)]), pages(&[1, 1]));
    assert_eq!(tours(&[("b", 6)]), pages(&[3]), "it joins them");
    assert_eq!(tours(&[("b", 3)]), pages(&[2, 1]), "6 is gone");
    assert_eq!(tours(&[("d", 7)]), pages(&[4]), "it joins them again");
    assert_eq!(tours(&[("a", 0), ("d", 1)]), pages(&[3, 1]));
}

/// Leaves a store as builds before did, which didn't keep where sessions begin.
fn forget_sessions(store: &Store) -> usize {
    let mut batch = Batch::new();
    for entry in store.scan_prefix(Space::Table, b"") {
        let (key, _) = entry.unwrap();
        // Behind the number of a table is that of a step.
        if key[4] & 0xc0 == 0x40 {
            batch.delete(Space::Table, key);
        }
    }
    let forgotten = batch.len();
    batch.put(Space::Meta, "format", "\x08");
    store.write(batch).unwrap();
    forgotten
}

#[test]
fn a_folder_that_does_not_know_its_sessions_yet_answers_as_others() {
    let clicks =
        |user: i64| [0, 3, 20, 24, 28, 60].map(|minute| click(user, &format!("p{minute}"), minute));
    let later = [14, 9, 61, 33, 100, 5].map(|minute| click(1, &format!("p{minute}"), minute));
    let stores = [Store::in_memory(), Store::in_memory()];
    let [new, old] = stores.each_ref().map(|store| {
        let engine = open(store.clone());
        let definitions = request(fennel::entities![Click, Visit, Landing]);
        commit(&engine, &definitions);
        for user in 0..3 {
            engine.log("app", "click", clicks(user).to_vec()).unwrap();
        }
        engine
    });
    assert_eq!(
        forget_sessions(&stores[1]),
        2 * 3 * 3,
        "two steps, three users, three visits each"
    );
    drop(old);
    let old = open(stores[1].clone());
    for click in later {
        for engine in [&new, &old] {
            engine.log("app", "click", vec![click.clone()]).unwrap();
            engine.check_applied().unwrap();
        }
        for dataset in ["Visit", "Landing"] {
            assert_eq!(dump(&old, dataset), dump(&new, dataset));
        }
    }
}
