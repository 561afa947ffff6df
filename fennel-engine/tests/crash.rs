//! A process that is killed while it writes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use fennel_engine::store::{Batch, Options, Space, Store};

const DIR: &str = "FENNEL_CRASH_TEST_DIR";
const THREADS: usize = 4;

fn open(dir: &Path) -> Store {
    let options = Options {
        memtable_bytes: 256 << 10,
        reserve_bytes: 0,
        ..Options::default()
    };
    Store::open_with(dir, &options).unwrap()
}

/// Not a test: the process that the test below kills. It prints each key once it is acknowledged.
#[test]
fn victim() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let store = open(dir.as_ref());
    let from = store.scan_prefix(Space::Log, b"").count();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = store.clone();
            scope.spawn(move || {
                for n in from.. {
                    let key = format!("{n:06}/{thread}");
                    let mut batch = Batch::new();
                    batch.put(Space::Log, key.as_str(), vec![b'v'; 2000]);
                    batch.put(Space::Table, key.as_str(), "row");
                    store.write(batch).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "acknowledged {key}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for acknowledgements in [1, 50, 300, 700] {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["victim", "--exact", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut told =
            || lines.find_map(|line| Some(line.split_once("acknowledged ")?.1.to_owned()));
        for _ in 0..acknowledgements {
            acknowledged.push(told().expect("the victim goes on until it is killed"));
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        while let Some(key) = told() {
            acknowledged.push(key);
        }

        let store = open(dir.path());
        for key in &acknowledged {
            let row = store.get(Space::Table, key.as_bytes()).unwrap();
            assert_eq!(
                row.as_deref(),
                Some(&b"row"[..]),
                "{key} was acknowledged and is gone"
            );
        }
        let halves = [Space::Log, Space::Table].map(|space| {
            store
                .scan_prefix(space, b"")
                .map(|entry| entry.unwrap().0)
                .collect::<Vec<_>>()
        });
        assert_eq!(halves[0], halves[1], "half a batch");
    }
}
