//! What both backends promise, and what the one on disk promises beyond.

mod agree;
mod concurrent;
mod folder;
mod journals;
mod scrub;
mod semantics;
mod torn;

use std::path::Path;

use super::{Batch, Options, Scan, Space, Store};

/// A store on disk whose memtables are so small that every test also meets tables.
fn open(dir: &Path) -> Store {
    let options = Options {
        memtable_bytes: 64 << 10,
        reserve_bytes: 0,
        ..Options::default()
    };
    Store::open_with(dir, &options).unwrap()
}

/// Runs a test on both backends.
fn on_both(test: impl Fn(Store)) {
    test(Store::in_memory());
    let dir = tempfile::tempdir().unwrap();
    test(open(dir.path()));
}

fn put(store: &Store, space: Space, key: &str, value: &str) {
    store.write(batch(&[(space, key, Some(value))])).unwrap();
}

fn batch(ops: &[(Space, &str, Option<&str>)]) -> Batch {
    let mut batch = Batch::new();
    for &(space, key, value) in ops {
        match value {
            Some(value) => batch.put(space, key, value),
            None => batch.delete(space, key),
        }
    }
    batch
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The keys of a scan, in its order.
fn keys(scan: Scan) -> Vec<String> {
    scan.map(|entry| text(&entry.unwrap().0)).collect()
}
