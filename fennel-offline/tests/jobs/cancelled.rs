//! Jobs that are cancelled, and how many may wait.

use std::fs;
use std::sync::Arc;

use fennel_offline::{Error, Place, State};

use crate::support::{Doubling, csv, held, open, request, url, wait, wide};

#[test]
fn a_waiting_query_is_cancelled_at_once_and_accounts_leave_places() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 1, |_| "1".into());
    // The only worker waits here.
    let (jobs, gate, first) = held(temp.path(), 1, 0, request(&input));
    let waiting = (1..25).map(|_| jobs.submit(request(&input), None).unwrap().id);
    let waiting: Vec<String> = waiting.collect();
    let refused = jobs.submit(request(&input), None).unwrap_err();
    assert!(matches!(refused, Error::Busy(_)), "{refused}");
    assert!(
        refused.to_string().contains("the account has 25"),
        "{refused}"
    );
    let mut of_another = request(&input);
    of_another.submitter.account = "bob".into();
    jobs.submit(of_another, None).unwrap();

    let cancelled = jobs.cancel(&waiting[0]).unwrap();
    assert_eq!(cancelled.state, State::Cancelled);
    jobs.submit(request(&input), None).unwrap();
    let running = jobs.cancel(&first).unwrap();
    assert_eq!(running.state, State::Running);
    gate.open();
    assert_eq!(wait(&jobs, &first).state, State::Cancelled);
    assert_eq!(wait(&jobs, &waiting[1]).state, State::Completed);
}

#[test]
fn a_query_that_was_cancelled_stays_so_after_a_restart() {
    let temp = tempfile::tempdir().unwrap();
    let input = wide(temp.path(), 100);
    let out = temp.path().join("out.parquet");
    let mut asked = request(&input);
    asked.output = Some(Place::Local(url(&out)));
    let (jobs, gate, id) = held(temp.path(), 1, 1, asked);
    assert_eq!(jobs.cancel(&id).unwrap().state, State::Running);
    // What is there now is what a kill leaves.
    let folder = temp.path().join("jobs").join(&id);
    let killed = temp.path().join("killed");
    fs::create_dir(&killed).unwrap();
    for file in fs::read_dir(&folder).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), killed.join(file.file_name())).unwrap();
    }
    gate.open();
    drop(jobs);
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(&killed, &folder).unwrap();

    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    let status = wait(&jobs, &id);
    assert_eq!((status.state, status.error), (State::Cancelled, None));
    assert_eq!(status.rows, Some(100));
    assert!((1..100).contains(&status.done), "as far as it was");
    assert!(!out.exists());
    let mut left: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["end.json", "job.json"]);
}

#[test]
fn a_cancel_that_can_not_be_written_down_is_told() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 5, |i| i.to_string());
    let (jobs, gate, id) = held(temp.path(), 1, 0, request(&input));
    fs::remove_dir_all(temp.path().join("jobs").join(&id)).unwrap();
    let refused = jobs.cancel(&id).unwrap_err().to_string();
    assert!(refused.contains("can't write"), "{refused}");
    gate.open();
    assert_eq!(wait(&jobs, &id).state, State::Cancelled);
}
