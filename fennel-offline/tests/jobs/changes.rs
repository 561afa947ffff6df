//! Files that change while a job reads them, or while no server runs.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fennel_offline::{Error, State};

use crate::support::{Doubling, held, open, request, wait, wide};

#[test]
fn a_file_that_changes_meanwhile_is_told() {
    let temp = tempfile::tempdir().unwrap();
    let input = wide(temp.path(), 100);
    let (jobs, gate, id) = held(temp.path(), 2, 1, request(&input));
    gate.close(&jobs);
    drop(jobs);
    fs::write(&input, "x,at\n1,2024-01-01\n").unwrap();
    let jobs = open(temp.path(), 2, Arc::new(Doubling));
    let status = wait(&jobs, &id);
    assert_eq!(status.state, State::Failed);
    let error = status.error.unwrap();
    assert!(
        error.contains("has changed since the query was begun"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_changes_while_it_is_read_is_told() {
    let changed = |change: &dyn Fn(&Path)| {
        let temp = tempfile::tempdir().unwrap();
        let input = wide(temp.path(), 100);
        let (jobs, gate, id) = held(temp.path(), 2, 1, request(&input));
        change(&input);
        gate.open();
        let status = wait(&jobs, &id);
        assert_eq!(status.state, State::Failed);
        assert!(matches!(jobs.result(&id), Err(Error::Conflict(_))));
        status.error.unwrap()
    };
    let error = changed(&|input| {
        let mut file = fs::OpenOptions::new().append(true).open(input).unwrap();
        std::io::Write::write_all(&mut file, b"2024-01-01,7,w\n").unwrap();
    });
    let told = "has changed since the query was begun; send it again";
    assert!(error.contains(told), "{error}");
    let error = changed(&|input| fs::remove_file(input).unwrap());
    assert!(error.contains("there is no such file"), "{error}");
    // Neither its size nor when it was changed tells of this.
    let error = changed(&|input| {
        let metadata = fs::metadata(input).unwrap();
        // Behind it is the last row, `2024-01-01,99,w..`.
        let end_of_line = metadata.len() - 200_016;
        let file = fs::OpenOptions::new().write(true).open(input).unwrap();
        let last = std::os::unix::fs::FileExt::write_at(&file, b"w", end_of_line);
        assert_eq!(last.unwrap(), 1);
        file.set_modified(metadata.modified().unwrap()).unwrap();
    });
    assert!(error.contains("had 100 rows"), "{error}");
}

#[test]
fn files_that_come_or_go_meanwhile_are_told() {
    for (name, told) in [("c.csv", "c.csv` has come"), ("a.csv", "a.csv` has come")] {
        let error = after_a_restart(|folder| {
            fs::write(folder.join(name), "x,at\n1,2024-01-01\n").unwrap();
        });
        assert!(error.contains(told), "{error}");
    }
    let error = after_a_restart(|folder| fs::remove_file(folder.join("d.csv")).unwrap());
    assert!(error.contains("d.csv` is gone since"), "{error}");
}

/// Why a query of a folder with `b.csv` and `d.csv` fails, which `change` changes while no server runs.
fn after_a_restart(change: impl FnOnce(&Path)) -> String {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("in");
    fs::create_dir(&folder).unwrap();
    fs::rename(wide(temp.path(), 50), folder.join("b.csv")).unwrap();
    fs::write(folder.join("d.csv"), "x,at\n1,2024-01-01\n").unwrap();
    let (jobs, gate, id) = held(temp.path(), 2, 1, request(&folder));
    gate.close(&jobs);
    drop(jobs);
    change(&folder);
    let jobs = open(temp.path(), 2, Arc::new(Doubling));
    let status = wait(&jobs, &id);
    assert_eq!(status.state, State::Failed);
    status.error.unwrap()
}
