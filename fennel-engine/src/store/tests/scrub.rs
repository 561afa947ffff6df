use std::fs;
use std::path::Path;

use super::*;

/// Whether a file of a folder has these bytes, wherever.
fn has(dir: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => has(&path, bytes),
            false => {
                let found = fs::read(&path).unwrap();
                let mut rest = &found[..];
                while let Some(at) = rest.iter().position(|byte| *byte == bytes[0]) {
                    if rest[at..].starts_with(bytes) {
                        return true;
                    }
                    rest = &rest[at + 1..];
                }
                false
            }
        }
    })
}

fn put(key: &str, value: &str) -> Batch {
    let mut batch = Batch::new();
    for space in Space::ALL {
        batch.put(space, key, value);
    }
    batch
}

fn delete(key: &str) -> Batch {
    let mut batch = Batch::new();
    for space in Space::ALL {
        batch.delete(space, key);
    }
    batch
}

#[test]
fn no_file_has_the_bytes_of_what_was_deleted_before_a_scrub() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.write(put("kept-key", "kept-value")).unwrap();
    store.write(put("gone-key", "gone-value")).unwrap();
    store.write(put("kept-key", "kept-value-2")).unwrap();
    assert!(store.scrub().unwrap());
    assert!(has(dir.path(), b"gone-key"), "it isn't deleted yet");
    store.write(delete("gone-key")).unwrap();
    assert!(has(dir.path(), b"gone-value"), "to delete isn't to scrub");
    assert!(store.scrub().unwrap());
    for bytes in ["gone-key", "gone-value"] {
        assert!(!has(dir.path(), bytes.as_bytes()), "{bytes}");
    }
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    for space in Space::ALL {
        let kept: Vec<_> = store.scan_prefix(space, b"").map(Result::unwrap).collect();
        assert_eq!(kept, [("kept-key".into(), "kept-value-2".into())]);
    }
    store.write(put("gone-key", "gone-again")).unwrap();
    store.write(delete("gone-key")).unwrap();
    assert!(
        store.scrub().unwrap(),
        "also of a store that was opened anew"
    );
    assert!(!has(dir.path(), b"gone-"));
}

#[test]
fn a_reader_keeps_what_it_reads() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.write(put("gone-key", "gone-value")).unwrap();
    let reader = store.snapshot();
    store.write(delete("gone-key")).unwrap();
    assert!(!store.scrub().unwrap());
    assert!(reader.get(Space::Log, b"gone-key").unwrap().is_some());
    drop(reader);
    assert!(store.scrub().unwrap());
    assert!(!has(dir.path(), b"gone-key"));
}
