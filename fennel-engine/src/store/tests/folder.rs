//! Opening a folder: again, twice, half made, of another format, damaged.

use std::fs;

use super::*;
use crate::store::StoreError;

fn refusal(dir: &Path) -> StoreError {
    Store::open(dir).expect_err("the folder must be refused")
}

#[test]
fn a_folder_that_can_not_be_made_is_not_called_damaged() {
    let refused = refusal(Path::new("no folder has\0such a name"));
    assert!(matches!(refused, StoreError::Io { .. }), "{refused:?}");
}

#[test]
fn a_file_is_not_called_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    fs::write(&file, "a file").unwrap();
    for place in [file.clone(), file.join("below")] {
        let refused = refusal(&place);
        assert!(matches!(&refused, StoreError::NoFolder { file: told } if *told == file));
        assert!(refused.to_string().contains("is a file"), "{refused}");
    }
}

#[test]
fn a_folder_with_something_else_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    // What new disks and repositories have is no reason.
    fs::create_dir(dir.path().join("lost+found")).unwrap();
    fs::write(dir.path().join(".gitignore"), "*").unwrap();
    for name in ["photos", "letters", ".profile"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    let refused = refusal(dir.path());
    assert!(matches!(&refused, StoreError::Foreign { dir: told, found }
        if told == dir.path() && found == "letters"));
    assert!(!dir.path().join("lock").exists());

    for name in ["photos", "letters", ".profile"] {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    drop(open(dir.path()));
    // It is the store's from now on.
    fs::write(dir.path().join("letters"), "").unwrap();
    assert!(!open(dir.path()).is_new());
}

#[test]
fn what_was_written_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let nested = dir.path().join("not/yet/there");
    let store = open(&nested);
    assert!(store.is_new());
    put(&store, Space::Log, "a", "1");
    put(&store, Space::Rejects, "b", "2");
    drop(store);

    let store = open(&nested);
    assert!(!store.is_new());
    assert_eq!(keys(store.scan_prefix(Space::Log, b"")), ["a"]);
    put(&store, Space::Log, "c", "3");
    drop(store);
    assert_eq!(keys(open(&nested).scan_prefix(Space::Log, b"")), ["a", "c"]);
}

#[cfg(unix)]
#[test]
fn the_folders_of_a_store_are_for_their_user_alone() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    drop(open(&dir.path().join("not/yet")));
    for made in ["not", "not/yet", "not/yet/data"] {
        let mode = fs::metadata(dir.path().join(made))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700, "{made}");
    }
}

#[test]
fn a_folder_in_use_is_refused_until_its_last_reader_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, Space::Log, "a", "1");
    let error = refusal(dir.path());
    assert!(matches!(&error, StoreError::Locked { dir: locked } if locked == dir.path()));
    assert!(
        error
            .to_string()
            .contains(&dir.path().display().to_string()),
        "{error}"
    );

    let snapshot = store.snapshot();
    let mut scan = store.scan_prefix(Space::Log, b"");
    drop(store);
    assert!(matches!(refusal(dir.path()), StoreError::Locked { .. }));
    drop(snapshot);
    assert!(matches!(refusal(dir.path()), StoreError::Locked { .. }));
    assert!(scan.next().is_some());
    drop(scan);
    open(dir.path());
}

#[test]
fn another_format_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let marker = dir.path().join("data/format");
    for (text, told) in [
        ("fennel store 2\n", "2"),
        ("PK\x03\x04 archive", "PK archive"),
        ("", ""),
    ] {
        fs::write(&marker, text).unwrap();
        let error = refusal(dir.path());
        assert!(
            matches!(&error, StoreError::Format { found, expected: 1, .. } if found == told),
            "{error}"
        );
    }
    fs::remove_file(&marker).unwrap();
    assert!(matches!(refusal(dir.path()), StoreError::Format { found, .. } if found == "none"));
    fs::write(&marker, "fennel store 1\n").unwrap();
    assert!(!open(dir.path()).is_new());
}

#[test]
fn a_crash_while_creating_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    fs::rename(dir.path().join("data"), dir.path().join("data.new")).unwrap();
    fs::remove_file(dir.path().join("data.new/version")).unwrap();
    let store = open(dir.path());
    assert!(store.is_new());
    assert!(!dir.path().join("data.new").exists());
}

#[test]
fn a_store_that_lacks_a_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 0..200 {
        put(&store, Space::Meta, &format!("{n}"), &"v".repeat(1000));
    }
    drop(store);
    drop(open(dir.path()));
    // The first four are those without which fjall would begin anew.
    for file in [
        "version",
        "keyspaces/0/current",
        "keyspaces/1/current",
        "0.jnl",
        "discard",
        "keyspaces/1/tables",
    ] {
        let file = dir.path().join("data").join(file);
        let away = dir.path().join("away");
        fs::rename(&file, &away).unwrap();
        let opened = Store::open(dir.path());
        assert!(
            matches!(opened, Err(StoreError::Corrupt { .. })),
            "{}: {opened:?}",
            file.display()
        );
        if file.exists() {
            fs::remove_dir_all(&file).unwrap();
        }
        fs::rename(&away, &file).unwrap();
    }
    assert_eq!(open(dir.path()).scan_prefix(Space::Meta, b"").count(), 200);
}

#[test]
fn a_broken_manifest_or_note_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put(&store, Space::Meta, "a", "1");
    drop(store);
    let space = dir.path().join("data/keyspaces/1");
    let id = u64::from_le_bytes(
        fs::read(space.join("current")).unwrap()[..8]
            .try_into()
            .unwrap(),
    );
    for file in [
        space.join("current"),
        space.join(format!("v{id}")),
        dir.path().join("data/discard"),
    ] {
        let whole = fs::read(&file).unwrap();
        for at in (0..whole.len()).step_by(7) {
            let mut broken = whole.clone();
            broken[at] ^= 0x10;
            fs::write(&file, broken).unwrap();
            assert!(matches!(refusal(dir.path()), StoreError::Corrupt { .. }));
        }
        fs::write(&file, whole).unwrap();
    }
    assert_eq!(keys(open(dir.path()).scan_prefix(Space::Meta, b"")), ["a"]);
}
