use std::fs;

use super::*;
use crate::store::journal::journals;

/// Bytes of the journals in a folder: what an open has to read.
fn journal_bytes(dir: &Path) -> u64 {
    let journals = journals(&dir.join("data")).unwrap().into_iter();
    // One that is given up meanwhile has none.
    let bytes = journals.map(|journal| fs::metadata(journal).map_or(0, |it| it.len()));
    bytes.sum()
}

#[test]
fn journals_stay_small_however_much_is_written() {
    const MIB: usize = 1 << 20;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut most = 0;
    for i in 0..60_u8 {
        let mut batch = Batch::new();
        batch.put(Space::Log, [i], vec![i; 4 * MIB]);
        // A space with little in it would keep all journals that have any of it.
        batch.put(Space::Meta, "position", [i]);
        store.write(batch).unwrap();
        most = most.max(journal_bytes(dir.path()));
    }
    assert!(most <= 192 * MIB as u64, "{} MiB", most / MIB as u64);
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.scan_prefix(Space::Log, b"").count(), 60);
    let position = store.get(Space::Meta, b"position").unwrap();
    assert_eq!(position.as_deref(), Some(&[59][..]));
}
