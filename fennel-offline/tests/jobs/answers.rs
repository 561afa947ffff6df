//! How rows of files and frames are answered.

use std::fs;
use std::sync::Arc;

use fennel_offline::{Format, Frame, Input, Place, State};
use serde_json::json;

use crate::support::{Doubling, Gate, csv, open, output, parquet, request, run, url, wait};

#[test]
fn many_rows_are_answered_in_their_order_by_several_workers() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 200_000, |i| i.to_string());
    let jobs = open(temp.path(), 4, Arc::new(Doubling));
    let status = run(&jobs, request(&input));
    // 13 has no answer.
    assert_eq!(
        (status.state, status.rows, status.failed),
        (State::Completed, Some(200_000), 1)
    );
    let expected: Vec<i64> = (0..200_000).filter(|i| *i != 13).map(|i| 2 * i).collect();
    assert!(output(&jobs, &status) == expected);
    let failure = &status.failures[0];
    assert_eq!((failure.row, failure.line), (14, Some(15)));
    assert_eq!(failure.reason, "feature `Fs.double`: thirteen");
}

/// As many rows as `FENNEL_TEST_ROWS` says.
#[test]
fn one_bad_value_among_many_is_told_with_its_place() {
    let rows = std::env::var("FENNEL_TEST_ROWS").map_or(300_000, |rows| rows.parse().unwrap());
    let bad = rows / 10 * 7 + 4_567;
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), rows, |i| match i {
        i if i == bad => "many".into(),
        i => (i + 100).to_string(),
    });
    let jobs = open(temp.path(), 2, Arc::new(Doubling));
    let status = run(&jobs, request(&input));
    let (rows, bad) = (rows as u64, bad as u64);
    assert_eq!((status.done, status.failed), (rows, 1));
    assert_eq!(output(&jobs, &status).len() as u64, rows - 1);
    let failure = &status.failures[0];
    assert_eq!(failure.file.as_deref(), Some(&*url(&input)));
    assert_eq!((failure.row, failure.line), (bad + 1, Some(bad + 2)));
    assert_eq!(
        failure.reason,
        "column `x`: expected a whole number, found \"many\""
    );
}

#[test]
fn rows_that_all_fail_leave_an_output_without_rows() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 1_000, |_| "13".into());
    let jobs = open(temp.path(), 2, Arc::new(Doubling));
    let status = run(&jobs, request(&input));
    assert_eq!((status.state, status.failed), (State::Completed, 1_000));
    assert_eq!(
        (status.completion_rate(), status.failure_rate()),
        (1.0, 1.0)
    );
    assert_eq!(status.failures.len(), 100);
    assert_eq!(output(&jobs, &status), [0_i64; 0]);
}

#[test]
fn a_folder_is_read_file_by_file() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("in");
    fs::create_dir(&folder).unwrap();
    for (name, text) in [
        ("b.csv", "at,x\n2024-01-01,3\n"),
        ("a.csv", "x,at\n1,2024-01-01\nno,2024-01-01\n"),
        ("_SUCCESS", ""),
        (".a.csv.tmp", "x"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    let jobs = open(temp.path(), 2, Arc::new(Doubling));
    let status = run(&jobs, request(&folder));
    assert_eq!(output(&jobs, &status), [2, 6]);
    let file = status.failures[0].file.as_deref().unwrap();
    assert!(file.ends_with("in/a.csv"), "{file}");
}

#[test]
fn a_quote_that_is_never_closed_ends_the_job_and_not_the_memory() {
    let temp = tempfile::tempdir().unwrap();
    let input = temp.path().join("in.csv");
    fs::write(
        &input,
        format!("x,at\n1,\"{}", "2024-01-01\n".repeat(2 << 20)),
    )
    .unwrap();
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    let status = run(&jobs, request(&input));
    assert_eq!(status.state, State::Failed);
    let error = status.error.unwrap();
    assert!(
        error.contains("line 2: the row has more than 16 MiB"),
        "{error}"
    );
}

#[test]
fn a_frame_is_kept_without_the_names_of_its_columns() {
    let temp = tempfile::tempdir().unwrap();
    let gate = Arc::new(Gate::new(0));
    let jobs = open(temp.path(), 1, gate.clone());
    let mut asked = request(temp.path());
    asked.input = Input::Frame;
    let columns =
        json!({"x": [1, "two", 3], "at": ["2024-01-01", "2024-01-01", 5], "y": [0, 0, 0]});
    let frame = Frame(columns.as_object().unwrap().clone());
    let id = jobs.submit(asked, Some(&frame)).unwrap().id;
    gate.wait_until_closed();
    let kept = temp.path().join("jobs").join(&id).join("frame.jsonl");
    assert_eq!(
        fs::read_to_string(kept).unwrap(),
        "[1,\"2024-01-01\"]\n[\"two\",\"2024-01-01\"]\n[3,5]\n"
    );
    gate.open();
    let status = wait(&jobs, &id);
    assert_eq!(output(&jobs, &status), [2, 6]);
    let failure = &status.failures[0];
    assert_eq!(
        (failure.row, &*failure.reason),
        (2, "column `x`: expected a whole number, found \"two\"")
    );
}

#[test]
fn inputs_may_have_one_column() {
    let temp = tempfile::tempdir().unwrap();
    let at = 1_704_067_200;
    let csv = csv(temp.path(), 3, |i| i.to_string());
    let lines = temp.path().join("in.jsonl");
    let rows = (0..3).map(|i| format!("{{\"x\": {i}, \"at\": {at}}}\n"));
    fs::write(&lines, rows.collect::<String>()).unwrap();
    let parquet = parquet(temp.path(), 3, 1);
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    for (input, format) in [
        (&csv, None),
        (&lines, Some(Format::Json)),
        (&parquet, Some(Format::Parquet)),
    ] {
        let mut asked = request(input);
        asked.inputs = vec!["Fs.x".into(), "Fs.y".into()];
        asked.columns.insert("Fs.y".into(), "x".into());
        if let Some(format) = format {
            asked.input = Input::Files(Place::Local(url(input)), format);
        }
        let status = run(&jobs, asked);
        assert_eq!(status.failures, [], "{input:?}");
        assert_eq!(output(&jobs, &status), [0, 3, 6], "{input:?}");
    }
    // One of them may be that of the instants.
    let mut asked = request(&lines);
    asked.input = Input::Files(Place::Local(url(&lines)), Format::Json);
    asked.columns.insert("Fs.x".into(), "at".into());
    let status = run(&jobs, asked);
    assert_eq!(status.failures, []);
    assert_eq!(output(&jobs, &status), [2 * at; 3]);
}

#[test]
fn an_input_that_is_named_twice_is_taken_once() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 3, |i| i.to_string());
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    let mut asked = request(&input);
    asked.inputs = vec!["Fs.x".into(), "Fs.x".into()];
    let status = run(&jobs, asked.clone());
    assert_eq!(status.error, None);
    assert_eq!(output(&jobs, &status), [0, 2, 4]);
    asked.input = Input::Frame;
    asked.columns.clear();
    let columns = json!({"Fs.x": [1, 2], "at": ["2024-01-01", "2024-01-01"]});
    let frame = Frame(columns.as_object().unwrap().clone());
    let id = jobs.submit(asked, Some(&frame)).unwrap().id;
    assert_eq!(output(&jobs, &wait(&jobs, &id)), [2, 4]);
}
