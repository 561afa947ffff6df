//! Erasing: rows about somebody are as if they had never come, wherever they were.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use fennel_core::entity::{Cdc, Dataset, Field, Source};
use fennel_core::time::Duration;
use fennel_core::ty::Type;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::{Erased, Error, Keep, ServedRange};
use serde_json::{Value as Json, json};

use crate::definitions::{
    SALES, TS, USER, USERS, alias, dataset, featureset, given, key, looked_up, request, source,
    value,
};
use crate::fixture::{Fixture, query, refusal, rows, second, store, user};

const ERASABLE: Field<'static> = Field {
    erase_key: true,
    ..key("uid", Type::Int)
};

/// `Users`, of which users can be erased.
const USERS_E: Dataset<'static> = Dataset {
    fields: &[
        ERASABLE,
        value("city", Type::String),
        value("age", Type::Optional(&Type::Int)),
        TS,
    ],
    ..USERS
};

/// What else takes the rows of the endpoint `users`: a dataset without keys.
fn moves() -> Dataset<'static> {
    let fields = [value("uid", Type::Int), value("city", Type::String), TS];
    dataset("Moves", fields, [source("users", Cdc::Append)])
}

fn definitions() -> SyncRequest {
    request(&[USERS_E, SALES, moves()], &[USER])
}

impl Fixture {
    fn try_erase(&self, dataset: &str, keys: &Json, later: Option<bool>) -> Result<Erased, Error> {
        self.engine.erase("main", dataset, rows(keys), later)
    }

    /// How many rows are erased.
    fn erase(&self, dataset: &str, keys: &Json) -> u64 {
        let erased = self.try_erase(dataset, keys, None).unwrap();
        assert_eq!(erased.left, None);
        erased.rows
    }

    /// All that can be seen, and what a dataset of a new version is made of.
    fn seen(&self, definitions: &SyncRequest) -> Vec<Json> {
        let mut seen = vec![
            self.dump("Users"),
            self.dump("Moves"),
            self.answer(&json!({ "User.uid": [1, 2, 3] }), &["User"]),
        ];
        for dataset in ["Users", "Moves"] {
            let rejects = self.engine.rejects("main", dataset, 99).unwrap();
            let rows = rejects.rows.iter();
            let rows: Vec<_> = rows
                .map(|it| format!("{:?} {} {}", it.row, it.reason, it.at))
                .collect();
            seen.push(json!([rejects.total, rows]));
        }
        self.engine.clone_branch("main", "again").unwrap();
        let mut again = definitions.clone();
        again.datasets.iter_mut().for_each(|it| it.version += 1);
        again.sources.iter_mut().for_each(|it| it.ds_version += 1);
        again
            .online_indices
            .iter_mut()
            .for_each(|it| it.ds_version += 1);
        again
            .offline_indices
            .iter_mut()
            .for_each(|it| it.ds_version += 1);
        self.commit_on("again", &again);
        seen.extend([
            self.dump_on("again", "Users"),
            self.dump_on("again", "Moves"),
        ]);
        self.engine.delete_branch("again").unwrap();
        seen
    }
}

/// Logs requests, each a second after the one before; without those about `but`.
fn log_all(fixture: &Fixture, requests: &[Json], from: i64, but: Option<i64>) {
    for (i, request) in requests.iter().enumerate() {
        fixture.clock.set(second(from + i as i64));
        let mut rows = request.as_array().unwrap().clone();
        rows.retain(|row| but.is_none_or(|uid| row["uid"] != json!(uid)));
        if !rows.is_empty() {
            fixture.log("users", &Json::Array(rows));
        }
    }
}

#[test]
fn all_is_as_if_the_rows_had_never_come() {
    let before = [
        json!([user(1, "rome", 10), user(2, "oslo", 20)]),
        json!([user(1, "lima", 30)]),
        json!([user(2, "bonn", 25), { "uid": 1, "city": 5, "ts": "never" }, { "uid": 2, "ts": 4 }]),
        json!([user(1, "kyiv", 40)]),
    ];
    let after = [
        json!([user(2, "graz", 50), user(3, "pisa", 60)]),
        json!([{ "uid": 3 }, user(3, "nice", 70)]),
    ];
    let all = definitions();
    let erased = Fixture::with(&all);
    log_all(&erased, &before, 100, None);
    assert_eq!(erased.erase("Users", &json!([{ "uid": 1 }])), 4);
    log_all(&erased, &after, 200, None);
    let never = Fixture::with(&all);
    log_all(&never, &before, 100, Some(1));
    log_all(&never, &after, 200, None);
    assert_eq!(erased.seen(&all), never.seen(&all));
    assert_eq!(
        erased.erase("Users", &json!([{ "uid": 1 }])),
        0,
        "none is left"
    );

    for fixture in [&erased, &never] {
        fixture.log("users", &json!([user(1, "cork", 80)]));
    }
    assert_eq!(
        erased.users_as_of(1, "city", &[79, 80]),
        json!([null, "cork"])
    );
    assert_eq!(erased.seen(&all), never.seen(&all), "and it is taken again");
}

/// Rows may come two hours late, and after ten seconds without rows no more come.
const BOUNDED: Source<'static> = Source {
    bounded: true,
    idleness: Some(Duration::from_micros(10_000_000)),
    disorder: Duration::from_micros(5_000_000),
    ..source("users", Cdc::Upsert)
};

#[test]
fn rows_that_were_late_by_erased_ones_no_longer_are_and_silence_is_longer() {
    let sources = [BOUNDED];
    let users = Dataset {
        sources: &sources,
        ..USERS_E
    };
    let all = request(&[users, SALES, moves()], &[USER]);
    let requests = [
        (100, json!([user(2, "rome", 10)])),
        (104, json!([user(1, "far", 90)])),
        // Late by the row before.
        (106, json!([user(2, "oslo", 11)])),
        (111, json!([user(1, "far", 12)])),
        (113, json!([user(1, "far", 13)])),
        // Without the two before it is 11 seconds that nothing came.
        (117, json!([user(3, "bonn", 14)])),
    ];
    let run = |but: Option<i64>, erase_after: Option<usize>| {
        let fixture = Fixture::with(&all);
        for (i, (at, request)) in requests.iter().enumerate() {
            log_all(&fixture, std::slice::from_ref(request), *at, but);
            if erase_after == Some(i) {
                fixture.erase("Users", &json!([{ "uid": 1 }]));
            }
        }
        fixture.seen(&all)
    };
    let never = run(Some(1), None);
    assert_eq!(never[0]["city"], json!(["oslo", "rome"]));
    assert_eq!(
        never[3][0], 1,
        "the last one came when the source had ended"
    );
    for erase_after in [5, 4] {
        assert_eq!(run(None, Some(erase_after)), never, "{erase_after}");
    }
}

#[test]
fn rows_are_found_by_what_the_source_makes_of_them_and_events_by_both_images() {
    let image = |uid: i64, city: &str, ts: i64| json!({ "uid": uid, "city": city, "age": null, "ts": second(ts).to_string() });
    let event = |op: &str, before: Json, after: Json| json!({ "op": op, "before": before, "after": after, "ts_ms": 1_704_067_300_000_i64 });
    let sources = [
        source("users", Cdc::Upsert),
        source("changes", Cdc::Debezium),
    ];
    let users = Dataset {
        sources: &sources,
        ..USERS_E
    };
    let fixture = Fixture::with(&request(&[users], &[USER]));
    fixture.log(
        "users",
        &json!([{ "uid": "1", "city": "rome", "age": null, "ts": 1 }, user(2, "oslo", 1)]),
    );
    fixture.log(
        "changes",
        &json!([
            event("c", Json::Null, image(1, "lima", 2)),
            event("u", image(1, "lima", 2), image(3, "bonn", 3)),
            event("d", image(1, "lima", 2), Json::Null),
            event("x", image(1, "lima", 2), Json::Null),
            event("c", Json::Null, image(4, "graz", 4)),
        ]),
    );
    assert_eq!(fixture.engine.rejects("main", "Users", 9).unwrap().total, 1);
    assert_eq!(fixture.erase("Users", &json!([{ "uid": 1 }])), 5);
    assert_eq!(fixture.dump("Users")["uid"], json!([2, 4]));
    assert_eq!(fixture.engine.rejects("main", "Users", 9).unwrap().total, 0);
}

#[test]
fn a_row_leaves_every_branch() {
    let fixture = Fixture::with(&definitions());
    fixture.engine.init_branch("dev").unwrap();
    fixture.commit_on(
        "dev",
        &request(
            &[Dataset {
                version: 2,
                ..USERS
            }],
            &[],
        ),
    );
    fixture.engine.clone_branch("main", "copy").unwrap();
    fixture.log("users", &json!([user(1, "rome", 1), user(2, "oslo", 1)]));
    let tables = |fixture: &Fixture| fixture.engine.tags("main").unwrap();
    let tags = tables(&fixture);
    assert_eq!(
        fixture.erase("Users", &json!([{ "uid": 1 }, { "uid": 7 }])),
        1
    );
    for branch in ["main", "dev", "copy"] {
        assert_eq!(
            fixture.dump_on(branch, "Users")["uid"],
            json!([2]),
            "{branch}"
        );
    }
    assert!(
        std::sync::Arc::ptr_eq(&tags, &tables(&fixture)),
        "nothing was committed"
    );
    assert!(!fixture.commit(&definitions()).changed);
}

#[test]
fn keys_that_are_erased_with_all_later_rows_stay_away_until_they_are_taken_again() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::on(store(dir.path()));
    fixture.commit(&definitions());
    let one = json!([{ "uid": 1 }]);
    fixture.log("users", &json!([user(1, "rome", 1)]));
    assert_eq!(
        fixture.try_erase("Users", &one, Some(true)).unwrap().rows,
        1
    );
    let logged = fixture.log(
        "users",
        &json!([user(1, "oslo", 2), user(2, "lima", 2), { "uid": 2 }]),
    );
    assert_eq!((logged.rows, logged.rows_refused), (2, 1));
    assert_eq!(
        logged.set_aside[0].row, 2,
        "positions are those of the request"
    );
    drop(fixture);
    let fixture = Fixture::on(store(dir.path()));
    assert_eq!(
        fixture
            .log("users", &json!([user(1, "oslo", 3)]))
            .rows_refused,
        1
    );
    assert_eq!(
        fixture.dump("Moves")["uid"],
        json!([2]),
        "they stay away from all datasets"
    );
    assert_eq!(fixture.try_erase("Users", &one, None).unwrap().rows, 0);
    assert_eq!(
        fixture.log("users", &json!([user(1, "oslo", 3)])).rows,
        0,
        "as before"
    );
    fixture.try_erase("Users", &one, Some(false)).unwrap();
    assert_eq!(fixture.log("users", &json!([user(1, "oslo", 3)])).rows, 1);
}

#[test]
fn what_can_not_be_erased_is_refused_and_nothing_is_changed() {
    let two = [
        Field {
            erase_key: true,
            ..key("a", Type::Int)
        },
        Field {
            erase_key: true,
            ..key("b", Type::String)
        },
        key("c", Type::Int),
        TS,
    ];
    let both = dataset("Both", two, [source("both", Cdc::Upsert)]);
    let fixture = Fixture::with(&request(&[both, USERS, SALES], &[]));
    fixture.log("both", &json!([{ "a": 1, "b": "x", "c": 2, "ts": 1 }]));
    let both =
        "erase key 0 has no `b`, which is an erase key of dataset `Both`; each names all of them";
    for (dataset, keys, expected) in [
        ("Both", json!([{ "a": 1 }]), both),
        (
            "Both",
            json!([{ "a": 1, "b": "x", "c": 2 }]),
            "erase key 0 has `c`, which is no erase key of dataset `Both`; leave it out",
        ),
        (
            "Both",
            json!([{ "a": 1, "b": "x" }, { "a": "one", "b": "x" }]),
            "erase key 1, `a`: expected a whole number, found \"one\"",
        ),
        (
            "Both",
            json!([{ "a": null, "b": "x" }]),
            "erase key 0, `a`: expected a whole number, found null",
        ),
        (
            "Users",
            json!([{ "uid": 1 }]),
            "dataset `Users` has no erase keys, so nothing can be erased in it; mark a key as erase key (`#[field(key, erase_key)]`) and commit that under a new version",
        ),
        (
            "Sales",
            json!([{ "uid": 1 }]),
            "dataset `Sales` has no erase keys",
        ),
        (
            "Nobody",
            json!([{ "uid": 1 }]),
            "no dataset `Nobody`; there are `Both`, `Sales`, `Users`",
        ),
    ] {
        let told = refusal(fixture.try_erase(dataset, &keys, Some(true)));
        assert!(told.starts_with(expected), "{told}");
    }
    assert_eq!(
        fixture
            .log("both", &json!([{ "a": 1, "b": "x", "c": 2, "ts": 2 }]))
            .rows,
        1
    );
    assert_eq!(fixture.erase("Both", &json!([{ "a": 1, "b": "y" }])), 0);
    assert_eq!(fixture.erase("Both", &json!([])), 0);
    assert_eq!(fixture.erase("Both", &json!([{ "a": 1, "b": "x" }])), 2);
}

/// Whether a file of a folder has these bytes, wherever.
fn has(dir: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return has(&path, bytes);
        }
        let found = fs::read(&path).unwrap();
        let mut rest = &found[..];
        while let Some(at) = rest.iter().position(|byte| *byte == bytes[0]) {
            if rest[at..].starts_with(bytes) {
                return true;
            }
            rest = &rest[at + 1..];
        }
        false
    })
}

fn people() -> SyncRequest {
    let fields = [
        Field {
            erase_key: true,
            ..key("name", Type::String)
        },
        value("city", Type::String),
        TS,
    ];
    let cities = [value("city", Type::String), TS];
    request(
        &[
            dataset("People", fields, [source("people", Cdc::Upsert)]),
            dataset("Cities", cities, [source("people", Cdc::Append)]),
        ],
        &[],
    )
}

fn person(name: &str, city: &str, ts: i64) -> Json {
    json!({ "name": name, "city": city, "ts": ts })
}

#[test]
fn no_file_has_what_was_erased() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::on(store(dir.path()));
    fixture.commit(&people());
    fixture.log(
        "people",
        &json!([person("zelda-q", "hyrule-q", 1), person("peach-q", "koopa-q", 1), { "name": "zelda-q" }]),
    );
    fixture.log("people", &json!([person("zelda-q", "ordon-q", 2)]));
    assert!(has(dir.path(), b"zelda-q") && has(dir.path(), b"ordon-q"));
    let erased = fixture
        .try_erase("People", &json!([{ "name": "zelda-q" }]), Some(true))
        .unwrap();
    assert_eq!((erased.rows, erased.left), (3, None));
    fixture.log("people", &json!([person("zelda-q", "later-q", 3)]));
    for bytes in ["zelda-q", "hyrule-q", "ordon-q", "later-q"] {
        assert!(!has(dir.path(), bytes.as_bytes()), "{bytes}");
    }
    assert!(has(dir.path(), b"peach-q"));
    drop(fixture);
    let fixture = Fixture::on(store(dir.path()));
    assert_eq!(fixture.dump("People")["name"], json!(["peach-q"]));
    assert!(!has(dir.path(), b"zelda-q"));
}

#[test]
fn logged_features_of_an_erased_key_go_too() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::on(store(dir.path()));
    let asked = featureset(
        "Asked",
        [given("who", Type::Int), given("note", Type::String)],
    );
    let of_asked = featureset(
        "User",
        [
            alias("uid", Type::Int, "Asked", "who", None),
            looked_up("age", Type::Optional(&Type::Int), "Users", "age", None),
        ],
    );
    fixture.commit(&request(&[USERS_E, SALES, moves()], &[asked, of_asked]));
    fixture.log("users", &json!([user(1, "rome", 1), user(2, "oslo", 1)]));
    fixture.engine.clone_branch("main", "copy").unwrap();
    let serve = |branch: &str, who: &[i64], note: &str| {
        let notes = vec![note; who.len()];
        let asked = query(
            &json!({"Asked.who": who, "Asked.note": notes}),
            &["User.age"],
        );
        let keep = Keep::default();
        fixture
            .engine
            .query_and_keep(branch, &asked, &keep)
            .unwrap();
    };
    serve("main", &[1, 2, 1], "rosebud-q");
    serve("copy", &[1], "rosebud-q");
    serve("main", &[2, 3], "kept-q");
    assert!(has(dir.path(), b"rosebud-q"));
    let erased = fixture
        .try_erase("Users", &json!([{ "uid": 1 }, { "uid": 7 }]), None)
        .unwrap();
    assert_eq!((erased.rows, erased.served, erased.left), (1, 3, None));
    let range = ServedRange {
        workflow: "default".into(),
        ..ServedRange::default()
    };
    let who = || {
        let rows = fixture.engine.served("main", &range, 9).unwrap().rows;
        let who = rows.into_iter().map(|row| row.inputs["Asked.who"].clone());
        Json::from_iter(who)
    };
    assert_eq!(who(), json!([2, 2, 3]));
    assert!(fixture.engine.served("copy", &range, 9).is_err());

    // Nobody was ever logged as 3, and what was served of it goes all the same.
    let erased = fixture
        .try_erase("Users", &json!([{ "uid": 2 }, { "uid": 3 }]), None)
        .unwrap();
    assert_eq!((erased.rows, erased.served, erased.left), (1, 3, None));
    assert!(!has(dir.path(), b"rosebud-q") && !has(dir.path(), b"kept-q"));
}

#[test]
fn logged_features_are_found_by_lookups_of_every_dataset_that_takes_the_rows() {
    let fields = [ERASABLE, value("city", Type::String), TS];
    let people = dataset("People", fields, [source("users", Cdc::Upsert)]);
    let fixture = Fixture::with(&request(&[USERS_E, people, SALES], &[USER]));
    fixture.log("users", &json!([user(1, "rome", 1)]));
    let asked = query(&json!({"User.uid": [1, 2]}), &["User.age"]);
    let keep = Keep::default();
    fixture
        .engine
        .query_and_keep("main", &asked, &keep)
        .unwrap();
    // Features look up `Users`, which takes the same rows.
    let erased = fixture.try_erase("People", &json!([{ "uid": 1 }]), None);
    assert_eq!(erased.unwrap().served, 1);
}

const DIR: &str = "FENNEL_ENGINE_ERASURE_TEST_DIR";

/// Whom a row is about: somebody whose name is in no other bytes.
fn name(n: i64) -> String {
    format!("name-{n}-q")
}

/// Not a test: the process that the test below kills. It logs three rows about one after the other and erases them.
#[test]
fn victim() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let from: i64 = std::env::var("FROM").unwrap().parse().unwrap();
    let fixture = Fixture::on(store(dir.as_ref()));
    fixture.commit(&people());
    let tell = |what: &str, n: i64| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "told {what} {n}").unwrap();
        out.flush().unwrap();
    };
    for n in from.. {
        let gone = |ts| person(&name(n), "city-q", 10 * n + ts);
        let kept = person("kept", "here", 10 * n);
        tell("logs", n);
        fixture.log("people", &json!([gone(0), kept, gone(1), gone(2)]));
        tell("begun", n);
        assert_eq!(fixture.erase("People", &json!([{ "name": name(n) }])), 3);
        tell("erased", n);
    }
}

#[test]
fn an_erasure_survives_a_kill_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let (mut erased, mut next) = (Vec::new(), 0);
    for last in ["begun", "erased", "begun", "begun"] {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["erasure::victim", "--exact", "--nocapture"])
            .env(DIR, dir.path())
            .env("FROM", next.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let mut told = || {
            lines.find_map(|line| {
                let line = line.unwrap();
                let (what, n) = line.split_once("told ")?.1.split_once(' ')?;
                Some((what.to_owned(), n.parse::<i64>().unwrap()))
            })
        };
        loop {
            let (what, n) = told().expect("the victim goes on until it is killed");
            next = n + 1;
            if what == "erased" {
                erased.push(n);
            }
            if what == last && n > 0 {
                break;
            }
        }
        victim.kill().unwrap();
        while let Some((what, n)) = told() {
            next = n + 1;
            erased.extend((what == "erased").then_some(n));
        }
        victim.wait().unwrap();

        let fixture = Fixture::on(store(dir.path()));
        let count = |dump: &Json, name: &str| {
            let names = dump["name"].as_array().unwrap().iter();
            names.filter(|found| **found == json!(name)).count()
        };
        let people = fixture.dump("People");
        for n in 0..next {
            let found = count(&people, &name(n));
            assert!([0, 3].contains(&found), "{found} rows of {n}");
            if erased.contains(&n) {
                assert_eq!(found, 0, "{n}");
                assert!(!has(dir.path(), name(n).as_bytes()), "{n}");
            }
        }
        assert!(count(&people, "kept") >= erased.len());
        let cities = fixture.dump("Cities")["city"].as_array().unwrap().len();
        assert_eq!(cities, people["name"].as_array().unwrap().len());
    }
}
