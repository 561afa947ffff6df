//! Many threads at once: group commit, and readers beside a busy writer.

use std::thread;

use super::*;

#[test]
fn what_many_threads_wrote_is_all_there() {
    const THREADS: usize = 8;
    const WRITES: usize = 100;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = store.clone();
            scope.spawn(move || {
                for n in 0..WRITES {
                    let key = format!("{thread}/{n:04}");
                    put(&store, Space::Log, &key, "v");
                    // Whoever got an answer sees the write, and all that were answered before.
                    assert!(store.get(Space::Log, key.as_bytes()).unwrap().is_some());
                }
            });
        }
    });
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.scan_prefix(Space::Log, b"").count(), THREADS * WRITES);
}

#[test]
fn what_many_threads_count_is_the_sum() {
    const THREADS: u64 = 8;
    const WRITES: u64 = 100;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let store = store.clone();
            scope.spawn(move || {
                // Some of them are in one group, some in others.
                let tickets: Vec<_> = (0..WRITES)
                    .map(|_| {
                        let mut batch = Batch::new();
                        batch.add(Space::Rejects, "n", 2);
                        store.submit(batch).unwrap()
                    })
                    .collect();
                for ticket in tickets {
                    ticket.wait().unwrap();
                }
            });
        }
    });
    drop(store);
    let sum = open(dir.path()).get(Space::Rejects, b"n").unwrap().unwrap();
    assert_eq!(sum.as_ref(), (2 * THREADS * WRITES).to_be_bytes());
}

#[test]
fn the_last_write_of_one_thread_wins() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    thread::scope(|scope| {
        for thread in 0..4 {
            let store = store.clone();
            scope.spawn(move || {
                for n in 0..200 {
                    put(&store, Space::Table, &format!("{thread}"), &format!("{n}"));
                }
            });
        }
    });
    for thread in 0..4 {
        let value = store
            .get(Space::Table, format!("{thread}").as_bytes())
            .unwrap()
            .unwrap();
        assert_eq!(text(&value), "199");
    }
}

/// Every batch sets both counters and adds rows that keep the flushes going, so a reader that sees a batch by
/// halves, or a snapshot that changes, finds two different numbers.
#[test]
fn readers_see_whole_batches_and_snapshots_do_not_change() {
    const BATCHES: u64 = 400;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let number = |snapshot: &crate::store::Snapshot, space| {
        let value = snapshot.get(space, b"n").unwrap();
        value.map_or(0, |v| u64::from_be_bytes(v.as_ref().try_into().unwrap()))
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            let store = store.clone();
            scope.spawn(move || {
                let mut last = 0;
                while last < BATCHES {
                    let snapshot = store.snapshot();
                    let first = number(&snapshot, Space::Log);
                    assert_eq!(first, number(&snapshot, Space::Table));
                    assert_eq!(first, number(&snapshot, Space::Log));
                    assert!(first >= last, "an older state than before");
                    last = first;
                }
            });
        }
        for n in 1..=BATCHES {
            let mut batch = Batch::new();
            batch.put(Space::Log, "n", n.to_be_bytes());
            for row in 0..20 {
                batch.put(Space::Log, format!("row {n} {row}"), vec![7; 500]);
            }
            batch.put(Space::Table, "n", n.to_be_bytes());
            store.write(batch).unwrap();
        }
    });
}
