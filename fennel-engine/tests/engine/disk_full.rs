//! A disk that fills up, for real: the store on a small tmpfs.
//!
//! Needs the right to mount; without it these tests say so and pass.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use fennel_engine::Error;
use fennel_engine::store::{Batch, Options, Space, Store, StoreError};
use serde_json::json;

use crate::fixture::{Fixture, rows};
use crate::late;

const MIB: u64 = 1 << 20;
/// Values of this size go straight to the file, so a batch that fails is cut in its middle.
const LARGE: usize = 30_000;
/// A batch with such a value waits whole in a buffer, which gets to the disk when there is space again.
const SMALL: usize = 3_000;

/// A tmpfs of 24 MiB that is unmounted at the end.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    /// Mounts a disk, or tells why the test is skipped.
    fn mount(test: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"])
            .arg(dir.path())
            .output();
        let reason = match mounted {
            Ok(output) if output.status.success() => return Some(Self { dir }),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        println!("{test}: skipped, since no tmpfs can be mounted ({reason})");
        None
    }

    fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// Something else on the disk, which can be removed to make space.
    fn ballast(&self) -> PathBuf {
        let path = self.dir.path().join("ballast");
        fs::write(&path, vec![1; 6 * MIB as usize]).unwrap();
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, for a test that failed may leave a thread of the store behind.
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.dir.path())
            .status();
    }
}

fn options(memtable_bytes: u64, reserve_bytes: u64) -> Options {
    Options {
        memtable_bytes,
        reserve_bytes,
        ..Options::default()
    }
}

/// A batch whose two halves must be found together.
fn batch(key: &str, value_bytes: usize) -> Batch {
    let mut batch = Batch::new();
    batch.put(Space::Log, key, vec![b'v'; value_bytes]);
    batch.put(Space::Table, key, "row");
    batch
}

fn keys(store: &Store, space: Space) -> Vec<String> {
    store
        .scan_prefix(space, b"")
        .map(|entry| String::from_utf8(entry.unwrap().0.to_vec()).unwrap())
        .collect()
}

/// Writes from several threads until every one met an error; returns the acknowledged keys and the errors.
fn fill(store: &Store, value_bytes: usize, threads: u32) -> (Vec<String>, Vec<StoreError>) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let write = || {
        let mut acknowledged = Vec::new();
        loop {
            let key = format!("{:06}", NEXT.fetch_add(1, Ordering::Relaxed));
            match store.write(batch(&key, value_bytes)) {
                Ok(()) => acknowledged.push(key),
                Err(error) => return (acknowledged, error),
            }
        }
    };
    let (mut acknowledged, mut errors) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(write)).collect();
        for thread in threads {
            let (keys, error) = thread.join().unwrap();
            acknowledged.extend(keys);
            errors.push(error);
        }
    });
    acknowledged.sort();
    (acknowledged, errors)
}

fn assert_holds(store: &Store, acknowledged: &[String]) {
    for space in [Space::Log, Space::Table] {
        let found = keys(store, space);
        // Not `assert_eq`, which would print thousands of keys.
        let (found_len, len) = (found.len(), acknowledged.len());
        assert!(
            found == acknowledged,
            "{space:?}: {found_len} found, {len} acknowledged"
        );
    }
}

/// With a reserve, the store refuses before the disk does, and goes on by itself.
#[test]
fn writing_resumes_when_there_is_space_again() {
    let Some(disk) = Disk::mount("writing_resumes_when_there_is_space_again") else {
        return;
    };
    let ballast = disk.ballast();
    // The memtables hold all there is, so no background work takes of the reserve.
    let store = Store::open_with(disk.store(), &options(64 * MIB, 8 * MIB)).unwrap();
    let (mut acknowledged, errors) = fill(&store, LARGE, 4);
    assert!(
        errors
            .iter()
            .all(|e| matches!(e, StoreError::Full { source: None, .. })),
        "{errors:?}"
    );
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    assert_holds(&store, &acknowledged);
    store.check_writable().unwrap();

    // Deletes may use some of the reserve, for they make space.
    let mut delete = Batch::new();
    let gone = acknowledged.remove(0);
    delete.delete(Space::Log, gone.as_str());
    delete.delete(Space::Table, gone.as_str());
    store.write(delete).unwrap();

    fs::remove_file(ballast).unwrap();
    let (more, _) = fill(&store, LARGE, 4);
    assert!(more.len() > 50, "{}", more.len());
    acknowledged.extend(more);
    assert_holds(&store, &acknowledged);
    drop(store);
    assert_holds(&Store::open(disk.store()).unwrap(), &acknowledged);
}

/// Without a reserve the disk itself refuses, at a byte of its choice.
fn survives_a_full_disk(test: &str, value_bytes: usize, memtable_bytes: u64, threads: u32) {
    let Some(disk) = Disk::mount(test) else {
        return;
    };
    let ballast = disk.ballast();
    let options = options(memtable_bytes, 0);
    let store = Store::open_with(disk.store(), &options).unwrap();
    let (mut acknowledged, errors) = fill(&store, value_bytes, threads);
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    let stopped = store.check_writable();
    assert!(
        matches!(stopped, Err(StoreError::Failed { .. })),
        "{stopped:?}"
    );
    let first = errors.iter().filter(|e| {
        matches!(
            e,
            StoreError::Full {
                source: Some(_),
                ..
            }
        )
    });
    assert!(first.count() > 0, "{errors:?}");
    assert_holds(&store, &acknowledged);

    // There is space again, but the end of the journal is torn.
    fs::remove_file(ballast).unwrap();
    let refused = store.write(batch("refused", SMALL)).unwrap_err();
    assert!(matches!(refused, StoreError::Failed { .. }), "{refused:?}");
    assert_holds(&store, &acknowledged);
    drop(store);

    let store = Store::open_with(disk.store(), &options).unwrap();
    assert_holds(&store, &acknowledged);
    for n in 0..20 {
        let key = format!("later {n:02}");
        store.write(batch(&key, SMALL)).unwrap();
        acknowledged.push(key);
    }
    drop(store);
    assert_holds(
        &Store::open_with(disk.store(), &options).unwrap(),
        &acknowledged,
    );
}

#[test]
fn the_disk_ends_within_a_batch() {
    survives_a_full_disk("the_disk_ends_within_a_batch", LARGE, 64 * MIB, 1);
}

#[test]
fn the_disk_ends_within_a_group_of_batches() {
    survives_a_full_disk(
        "the_disk_ends_within_a_group_of_batches",
        LARGE,
        64 * MIB,
        8,
    );
}

#[test]
fn a_batch_that_failed_does_not_come_back() {
    survives_a_full_disk("a_batch_that_failed_does_not_come_back", SMALL, 64 * MIB, 1);
}

#[test]
fn a_flush_meets_the_end_of_the_disk() {
    survives_a_full_disk("a_flush_meets_the_end_of_the_disk", LARGE, MIB, 4);
}

/// The store can't even be opened to look, or it can: either way nothing is lost.
#[test]
fn reopening_on_the_full_disk_loses_nothing() {
    let Some(disk) = Disk::mount("reopening_on_the_full_disk_loses_nothing") else {
        return;
    };
    let ballast = disk.ballast();
    let options = options(2 * MIB, 0);
    let store = Store::open_with(disk.store(), &options).unwrap();
    let (acknowledged, _) = fill(&store, LARGE, 4);
    drop(store);
    for _ in 0..3 {
        match Store::open_with(disk.store(), &options) {
            Ok(store) => assert_holds(&store, &acknowledged),
            Err(error) => {
                println!("reopening_on_the_full_disk_loses_nothing: {error:?}");
                assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
            }
        }
    }
    fs::remove_file(ballast).unwrap();
    assert_holds(
        &Store::open_with(disk.store(), &options).unwrap(),
        &acknowledged,
    );
}

/// A folder that can't be made leaves nothing that keeps it from being made later.
#[test]
fn a_store_that_found_no_space_can_be_made_later() {
    let Some(disk) = Disk::mount("a_store_that_found_no_space_can_be_made_later") else {
        return;
    };
    let filler: &Path = &disk.dir.path().join("filler");
    let full = fs::write(filler, vec![1; 25 * MIB as usize]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    let error = Store::open(disk.store()).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Full {
                source: Some(_),
                ..
            }
        ),
        "{error:?}"
    );
    fs::remove_file(filler).unwrap();
    assert!(Store::open(disk.store()).unwrap().is_new());
}

#[test]
fn rows_that_found_no_space_make_no_others_late() {
    let Some(disk) = Disk::mount("rows_that_found_no_space_make_no_others_late") else {
        return;
    };
    let open = || {
        let options = options(64 * MIB, 8 * MIB);
        Fixture::on(Store::open_with(disk.store(), &options).unwrap())
    };
    let fixture = open();
    fixture.commit(&late::sales(1, 10));
    assert_eq!(late::log(&fixture, &[100]), [0; 0]);
    let note = "n".repeat(10 * MIB as usize);
    let large = rows(&json!([{ "uid": 1, "price": 1, "ts": 1_000, "note": note }]));
    let refused = fixture.engine.log("hook", "sales", large).unwrap_err();
    let full = matches!(refused, Error::Store(StoreError::Full { source: None, .. }));
    assert!(full, "{refused:?}");
    assert_eq!(late::log(&fixture, &[500]), [0; 0]);
    assert_eq!(late::log(&fixture, &[1_000]), [0; 0]);
    drop(fixture);
    assert_eq!(late::log(&open(), &[989, 990]), [0]);
}
