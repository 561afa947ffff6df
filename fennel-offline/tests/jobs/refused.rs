//! What is refused before it is a job.

use std::fs;
use std::sync::Arc;

use fennel_offline::{Error, Frame, Input};
use serde_json::json;

use crate::support::{Doubling, csv, open, request};

#[test]
fn names_of_columns_are_short() {
    let temp = tempfile::tempdir().unwrap();
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    let mut asked = request(temp.path());
    asked.input = Input::Frame;
    asked.columns.clear();
    asked.timestamp_column = "t".repeat(2_000);
    let at = (asked.timestamp_column.clone(), json!(["2024-01-01"]));
    let columns = [("Fs.x".to_owned(), json!([1])), at];
    let frame = Frame(columns.into_iter().collect());
    let refused = jobs.submit(asked, Some(&frame)).unwrap_err();
    assert!(matches!(refused, Error::Invalid(_)), "{refused}");
    assert!(refused.to_string().contains("2000 bytes"), "{refused}");
}

#[test]
fn a_request_is_short_beside_its_rows() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 1, |_| "1".into());
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    let mut asked = request(&input);
    asked.workflow = Some("w".repeat(1 << 20));
    let refused = jobs.submit(asked, None).unwrap_err();
    assert!(matches!(refused, Error::Invalid(_)), "{refused}");
    assert!(refused.to_string().contains("beside its rows"), "{refused}");
    assert_eq!(
        fs::read_dir(temp.path().join("jobs")).map_or(0, Iterator::count),
        0
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_waited_for_by_nobody() {
    let temp = tempfile::tempdir().unwrap();
    let pipe = temp.path().join("pipe.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    let refused = jobs.submit(request(&pipe), None).unwrap_err().to_string();
    assert!(refused.contains("neither a file nor a folder"), "{refused}");
}
