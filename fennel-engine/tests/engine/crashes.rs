//! What is left after a restart, and after a kill.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use fennel_core::entity::Dataset;
use fennel_core::wire::proto::services::SyncRequest;
use serde_json::{Value as Json, json};

use crate::definitions::{SALES, USER, USERS, request};
use crate::fixture::{Fixture, rows, store, user};

#[test]
fn everything_is_as_before_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let definitions = request(&[USERS, SALES], &[USER]);
    let seen = |fixture: &Fixture| {
        let engine = &fixture.engine;
        let rejects = engine.rejects("main", "Users", 9).unwrap();
        let answer = fixture.answer(&json!({ "User.uid": [1, 2] }), &["User"]);
        let commit = fixture.commit(&definitions);
        assert!(!commit.changed);
        (
            fixture.dump("Users"),
            fixture.dump("Sales"),
            rejects,
            answer,
            commit.id,
            engine.branches(),
        )
    };
    let fixture = Fixture::on(store(dir.path()));
    fixture.commit(&definitions);
    fixture.engine.init_branch("dev").unwrap();
    fixture.log(
        "users",
        &json!([user(1, "rome", 1), user(1, "oslo", 2), { "uid": 3 }]),
    );
    fixture.log("sales", &json!([{ "uid": 1, "price": 1.5, "ts": 7 }]));
    let before = seen(&fixture);
    drop(fixture);
    let fixture = Fixture::on(store(dir.path()));
    assert_eq!(seen(&fixture), before);
    fixture.log("users", &json!([user(1, "lima", 2), { "uid": 4 }]));
    assert_eq!(
        fixture.users_as_of(1, "city", &[2]),
        json!(["lima"]),
        "what comes after it is later"
    );
    let rejects = fixture.engine.rejects("main", "Users", 9).unwrap();
    assert_eq!(rejects.rows[0].row, rows(&json!([{ "uid": 4 }]))[0]);
    assert_eq!(rejects.total, 2);
}

const DIR: &str = "FENNEL_ENGINE_CRASH_TEST_DIR";
const WRITERS: usize = 3;

fn version(version: u32) -> SyncRequest {
    request(&[Dataset { version, ..SALES }], &[])
}

/// The version of `Sales` that is committed, and the numbers of its rows.
fn sales(fixture: &Fixture) -> (u32, Vec<i64>) {
    let is_committed = |n: &u32| {
        fixture
            .try_commit(&version(*n))
            .is_ok_and(|commit| !commit.changed)
    };
    // A lower version is refused, and the committed one changes nothing.
    let committed = (1..).find(is_committed).unwrap();
    let dump = fixture.dump("Sales");
    let numbers = dump["uid"]
        .as_array()
        .unwrap()
        .iter()
        .map(|uid| uid.as_i64().unwrap());
    (committed, numbers.collect())
}

/// Not a test: the process that the test below kills. It logs rows with a number each and prints it once it is
/// acknowledged, while one version of the dataset after the other is committed.
#[test]
fn victim() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let fixture = Fixture::on(store(dir.as_ref()));
    let (from, next) = match fixture.engine.inspect("main", "Sales", 1) {
        Err(_) => (1, AtomicI64::new(0)),
        Ok(_) => {
            let (version, numbers) = sales(&fixture);
            (
                version,
                AtomicI64::new(numbers.into_iter().max().map_or(0, |last| last + 1)),
            )
        }
    };
    fixture.commit(&version(from));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in from + 1.. {
                fixture.commit(&version(n));
            }
        });
        for _ in 0..WRITERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    fixture.log(
                        "sales",
                        &json!([{ "uid": number, "price": 1, "ts": number }, { "set aside": number }]),
                    );
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "acknowledged {number}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

#[test]
fn every_acknowledged_row_survives_a_kill_once_and_tables_agree_with_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<i64> = Vec::new();
    for acknowledgements in [1, 20, 120, 50] {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["crashes::victim", "--exact", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let numbers =
            lines.filter_map(|line| line.unwrap().split_once("acknowledged ")?.1.parse().ok());
        let mut numbers: Box<dyn Iterator<Item = i64>> = Box::new(numbers);
        acknowledged.extend(numbers.by_ref().take(acknowledgements));
        victim.kill().unwrap();
        acknowledged.extend(numbers);
        victim.wait().unwrap();

        let fixture = Fixture::on(store(dir.path()));
        let (committed, mut kept) = sales(&fixture);
        kept.sort_unstable();
        assert!(
            kept.windows(2).all(|pair| pair[0] < pair[1]),
            "no row is there twice"
        );
        assert!(
            acknowledged.iter().all(|number| kept.contains(number)),
            "no acknowledged row is lost"
        );
        assert!(
            kept.len() <= acknowledged.len() + 4 * WRITERS,
            "nothing is there that wasn't logged"
        );
        let set_aside = || {
            let rejects = fixture.engine.rejects("main", "Sales", usize::MAX).unwrap();
            (rejects.total, rejects.rows.len())
        };
        assert_eq!(set_aside(), (kept.len() as u64, kept.len()));
        let live: Json = fixture.dump("Sales");
        fixture.commit(&version(committed + 1));
        assert_eq!(set_aside(), (kept.len() as u64, kept.len()));
        assert_eq!(
            fixture.dump("Sales"),
            live,
            "the log gives the same table again"
        );
    }
}
