//! Outputs where somebody wants them.

use std::fs;
use std::sync::Arc;

use fennel_offline::{Error, Place, State};

use crate::support::{Gate, csv, held, numbers, open, request, url, wait, wide};

#[test]
fn an_output_that_came_meanwhile_is_kept() {
    let temp = tempfile::tempdir().unwrap();
    let input = wide(temp.path(), 100);
    let out = temp.path().join("out.parquet");
    let mut asked = request(&input);
    asked.output = Some(Place::Local(url(&out)));
    let (jobs, gate, id) = held(temp.path(), 2, 1, asked.clone());
    fs::write(&out, "mine").unwrap();
    gate.open();
    let status = wait(&jobs, &id);
    assert_eq!(status.state, State::Failed);
    let error = status.error.unwrap();
    assert!(error.contains("it is there already"), "{error}");
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
    assert!(matches!(jobs.submit(asked, None), Err(Error::Conflict(_))));
    let left = fs::read_dir(temp.path()).unwrap().count();
    assert_eq!(left, 3, "the input, the output that came, and the jobs");
}

#[cfg(unix)]
#[test]
fn an_output_that_is_there_is_told_though_a_crash_and_a_cancel_came() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 5, |i| i.to_string());
    let out = temp.path().join("out.parquet");
    let mut asked = request(&input);
    asked.output = Some(Place::Local(url(&out)));
    let (jobs, gate, id) = held(temp.path(), 1, 0, asked);
    let folder = temp.path().join("jobs").join(&id);
    let plan = fs::read(folder.join("plan.json")).unwrap();
    gate.open();
    assert_eq!(wait(&jobs, &id).state, State::Completed);
    drop(jobs);
    // As a crash leaves it behind the moment at which the output has its name.
    fs::write(folder.join("plan.json"), plan).unwrap();
    fs::remove_file(folder.join("end.json")).unwrap();
    let unfinished = temp.path().join(format!(".out.parquet.{id}.tmp"));
    fs::hard_link(&out, &unfinished).unwrap();

    let gate = Arc::new(Gate::new(0));
    let jobs = open(temp.path(), 1, gate.clone());
    gate.wait_until_closed();
    assert_eq!(jobs.cancel(&id).unwrap().state, State::Running);
    gate.open();
    let status = wait(&jobs, &id);
    assert_eq!((status.state, status.done), (State::Completed, 5));
    assert_eq!(numbers(fs::File::open(&out).unwrap()), [0, 2, 4, 6, 8]);
    assert!(!unfinished.exists());
}
