//! A crash at any byte of the journal, and damage that isn't from a crash.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use super::*;
use crate::store::StoreError;
use crate::store::folder::Folder;

/// A store whose last two batches are `a` and then `b`, and the length of its journal after `a` and `b`.
fn two_batches(dir: &Path) -> (PathBuf, usize, usize) {
    let store = open(dir);
    drop(store);
    let mut lengths = Vec::new();
    let journal = dir.join("data/0.jnl");
    // Each open cuts the unused end off, so the length of the file is that of its batches.
    for key in ["a", "b"] {
        let store = open(dir);
        let mut batch = Batch::new();
        batch.put(Space::Log, key, vec![b'v'; 600]);
        batch.put(Space::Table, key, "row");
        store.write(batch).unwrap();
        drop(store);
        drop(open(dir));
        lengths.push(fs::metadata(&journal).unwrap().len() as usize);
    }
    (journal, lengths[0], lengths[1])
}

fn found(store: &Store) -> (Vec<String>, Vec<String>) {
    (
        keys(store.scan_prefix(Space::Log, b"")),
        keys(store.scan_prefix(Space::Table, b"")),
    )
}

#[test]
fn a_crash_at_any_byte_keeps_what_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, a, b) = two_batches(dir.path());
    let whole = fs::read(&journal).unwrap();
    let both = (
        vec!["a".to_owned(), "b".to_owned()],
        vec!["a".to_owned(), "b".to_owned()],
    );
    let first = (vec!["a".to_owned()], vec!["a".to_owned()]);
    // Within the long value only every 50th byte is tried, and every other file ends with unused space.
    let places = (a..a + 60)
        .chain((a + 60..b - 60).step_by(50))
        .chain(b - 60..=b);
    for (n, len) in places.enumerate() {
        let mut cut = whole[..len].to_vec();
        cut.resize(len + n % 2 * 1000, 0);
        fs::write(&journal, cut).unwrap();
        let store = open(dir.path());
        assert_eq!(
            found(&store),
            if len == b {
                both.clone()
            } else {
                first.clone()
            },
            "{len}"
        );
        // What is acknowledged now is behind the torn place, and must be found as well.
        put(&store, Space::Log, "c", "later");
        drop(store);
        assert!(
            open(dir.path()).get(Space::Log, b"c").unwrap().is_some(),
            "{len}"
        );
    }
}

/// Power loss may keep the end of a write and lose its middle, which fjall takes for damage.
#[test]
fn a_hole_in_the_last_batch_is_a_torn_write() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, a, b) = two_batches(dir.path());
    let mut bytes = fs::read(&journal).unwrap();
    bytes[a + 100..b - 100].fill(0);
    fs::write(&journal, bytes).unwrap();
    assert_eq!(
        found(&open(dir.path())),
        (vec!["a".to_owned()], vec!["a".to_owned()])
    );
}

#[test]
fn damage_before_intact_batches_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, a, _) = two_batches(dir.path());
    let whole = fs::read(&journal).unwrap();
    for at in [0, 2, 13, 40, 300, a - 10, a - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(&journal, &bytes).unwrap();
        let error = Store::open(dir.path()).expect_err("damage must be told");
        assert!(
            matches!(error, StoreError::Corrupt { .. }),
            "{at}: {error:?}"
        );
        assert_eq!(fs::read(&journal).unwrap(), bytes);
    }
}

#[test]
fn batches_of_a_failed_write_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, a, _) = two_batches(dir.path());
    let bytes = fs::read(&journal).unwrap();
    // What the writer does when the disk refuses the second batch: it notes where that batch began.
    let seqno = u64::from_le_bytes(bytes[a + 5..a + 13].try_into().unwrap());
    let folder = Folder::claim(dir.path()).unwrap();
    folder.set_discard(Some(seqno)).unwrap();
    assert_eq!(folder.discard().unwrap(), Some(seqno));
    drop(folder);
    let store = open(dir.path());
    assert_eq!(found(&store), (vec!["a".to_owned()], vec!["a".to_owned()]));
    put(&store, Space::Log, "c", "later");
    drop(store);
    assert_eq!(
        keys(open(dir.path()).scan_prefix(Space::Log, b"")),
        ["a", "c"]
    );
}

#[test]
fn the_journal_is_still_the_one_that_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _, b) = two_batches(dir.path());
    // Were fjall's format another one, nothing of this file would be intact, and opening would cut it all off.
    OpenOptions::new()
        .append(true)
        .open(&journal)
        .unwrap()
        .set_len(b as u64 + 1)
        .unwrap();
    drop(open(dir.path()));
    assert_eq!(fs::metadata(&journal).unwrap().len() as usize, b);
}
