//! Jobs from their files to their output, with an engine that answers `2 * Fs.x` and has no answer for 13.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fennel_offline::{Error, Format, Frame, Input, Jobs, Place, Request, State, Status};
use serde_json::json;

use fennel_core::time::Timestamp;
use support::{
    CSV, Doubling, Gate, clock, csv, numbers, open, open_with, parquet, request, run, url, wait,
};

fn output(jobs: &Jobs, status: &Status) -> Vec<i64> {
    numbers(jobs.result(&status.id).unwrap())
}

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

/// Rows so wide that a part has about twenty.
fn wide(folder: &Path, rows: usize) -> std::path::PathBuf {
    let wide = "w".repeat(200_000);
    csv(folder, rows, |i| format!("{i},{wide}"))
}

#[test]
fn what_is_finished_is_not_asked_again_after_a_restart() {
    let temp = tempfile::tempdir().unwrap();
    let input = wide(temp.path(), 200);
    // The first two parts are answered, and whoever asks for more waits.
    let gate = Arc::new(Gate::new(2));
    let jobs = open(temp.path(), 3, gate.clone());
    let id = jobs.submit(request(&input), None).unwrap().id;
    gate.wait_until_closed();
    gate.close(&jobs);
    drop(jobs);
    let parts = temp.path().join("jobs").join(&id).join("parts.jsonl");
    let before = fs::read_to_string(&parts).unwrap().lines().count();
    assert_eq!(before, gate.asked());
    // A crash may cut the last line off; that part is made again.
    let text = fs::read_to_string(&parts).unwrap();
    fs::write(&parts, &text[..text.len() - 5]).unwrap();

    let gate = Arc::new(Gate::new(usize::MAX));
    let jobs = open(temp.path(), 3, gate.clone());
    let status = wait(&jobs, &id);
    assert_eq!(
        (status.state, status.done),
        (State::Completed, 200),
        "{status:?}"
    );
    assert_eq!(gate.asked(), 10 - (before - 1));
    let expected: Vec<i64> = (0..200).filter(|i| *i != 13).map(|i| 2 * i).collect();
    assert_eq!(output(&jobs, &status), expected);
}

#[test]
fn a_file_that_changes_meanwhile_is_told() {
    let temp = tempfile::tempdir().unwrap();
    let input = wide(temp.path(), 100);
    let gate = Arc::new(Gate::new(1));
    let jobs = open(temp.path(), 2, gate.clone());
    let id = jobs.submit(request(&input), None).unwrap().id;
    gate.wait_until_closed();
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
        let gate = Arc::new(Gate::new(1));
        let jobs = open(temp.path(), 2, gate.clone());
        let id = jobs.submit(request(&input), None).unwrap().id;
        gate.wait_until_closed();
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
    let gate = Arc::new(Gate::new(1));
    let jobs = open(temp.path(), 2, gate.clone());
    let id = jobs.submit(request(&folder), None).unwrap().id;
    gate.wait_until_closed();
    gate.close(&jobs);
    drop(jobs);
    change(&folder);
    let jobs = open(temp.path(), 2, Arc::new(Doubling));
    let status = wait(&jobs, &id);
    assert_eq!(status.state, State::Failed);
    status.error.unwrap()
}

#[test]
fn a_waiting_query_is_cancelled_at_once_and_accounts_leave_places() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 1, |_| "1".into());
    let gate = Arc::new(Gate::new(0));
    let jobs = open(temp.path(), 1, gate.clone());
    let first = jobs.submit(request(&input), None).unwrap().id;
    // The only worker waits here.
    gate.wait_until_closed();
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
    let gate = Arc::new(Gate::new(1));
    let jobs = open(temp.path(), 1, gate.clone());
    let id = jobs.submit(asked, None).unwrap().id;
    gate.wait_until_closed();
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
    let gate = Arc::new(Gate::new(0));
    let jobs = open(temp.path(), 1, gate.clone());
    let id = jobs.submit(request(&input), None).unwrap().id;
    gate.wait_until_closed();
    fs::remove_dir_all(temp.path().join("jobs").join(&id)).unwrap();
    let refused = jobs.cancel(&id).unwrap_err().to_string();
    assert!(refused.contains("can't write"), "{refused}");
    gate.open();
    assert_eq!(wait(&jobs, &id).state, State::Cancelled);
}

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

#[test]
fn what_is_no_job_is_passed_over_and_left() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 1, |_| "1".into());
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    let good = run(&jobs, request(&input)).id;
    let damaged = run(&jobs, request(&input)).id;
    drop(jobs);
    let folder = temp.path().join("jobs");
    fs::write(folder.join(&damaged).join("job.json"), "{").unwrap();
    fs::write(folder.join("stray"), "").unwrap();
    fs::create_dir(folder.join("lost+found")).unwrap();
    let begun = folder.join("00000000-0000-4000-8000-000000000000");
    fs::create_dir(&begun).unwrap();

    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    assert_eq!(jobs.status(&good).unwrap().state, State::Completed);
    assert!(jobs.status(&damaged).is_none());
    for left in [&*damaged, "stray", "lost+found"] {
        assert!(folder.join(left).exists(), "{left}");
    }
    assert!(!begun.exists(), "a crash came before it was taken");
}

#[test]
fn what_is_passed_over_is_an_event_of_the_log() {
    let temp = tempfile::tempdir().unwrap();
    let stray = temp.path().join("jobs/stray");
    fs::create_dir_all(stray.parent().unwrap()).unwrap();
    fs::write(&stray, "").unwrap();
    let log = temp.path().join("log");
    let to = Arc::new(fs::File::create(&log).unwrap());
    let subscriber = tracing_subscriber::fmt().json().with_writer(to).finish();
    tracing::subscriber::with_default(subscriber, || open(temp.path(), 1, Arc::new(Doubling)));
    let told: serde_json::Value = serde_json::from_str(&fs::read_to_string(&log).unwrap()).unwrap();
    assert_eq!(told["level"], "WARN");
    let fields = &told["fields"];
    assert_eq!(fields["path"], stray.display().to_string());
    let message = "it is passed over as an offline query; remove it if nobody needs it";
    assert_eq!(fields["message"], message);
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

#[test]
fn an_output_that_came_meanwhile_is_kept() {
    let temp = tempfile::tempdir().unwrap();
    let input = wide(temp.path(), 100);
    let out = temp.path().join("out.parquet");
    let mut asked = request(&input);
    asked.output = Some(Place::Local(url(&out)));
    let gate = Arc::new(Gate::new(1));
    let jobs = open(temp.path(), 2, gate.clone());
    let id = jobs.submit(asked.clone(), None).unwrap().id;
    gate.wait_until_closed();
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
    let gate = Arc::new(Gate::new(0));
    let jobs = open(temp.path(), 1, gate.clone());
    let id = jobs.submit(asked, None).unwrap().id;
    gate.wait_until_closed();
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

#[test]
fn what_an_ended_job_left_goes_with_the_next_start() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 1, |_| "1".into());
    let out = temp.path().join("out.parquet");
    let mut asked = request(&input);
    asked.output = Some(Place::Local(url(&out)));
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    let id = run(&jobs, asked).id;
    drop(jobs);
    // As a crash leaves it behind the moment at which the end was written down.
    let folder = temp.path().join("jobs").join(&id);
    let unfinished = temp.path().join(format!(".out.parquet.{id}.tmp"));
    fs::hard_link(&out, &unfinished).unwrap();
    fs::write(folder.join("part-000000"), "x").unwrap();
    let text = fs::read_to_string(folder.join("job.json")).unwrap();
    let mut job: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys = json!({"access_key": "lake", "secret_key": "hush"});
    let bucket = json!({"S3": {"name": "lake", "prefix": "in", "keys": keys}});
    job["request"]["input"] = json!({"Files": [bucket, "json"]});
    fs::write(folder.join("job.json"), job.to_string()).unwrap();

    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    assert_eq!(jobs.status(&id).unwrap().state, State::Completed);
    assert!(!unfinished.exists() && !folder.join("part-000000").exists());
    let job = fs::read_to_string(folder.join("job.json")).unwrap();
    assert!(job.contains("lake") && !job.contains("hush"), "{job}");
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

#[test]
fn jobs_that_ended_long_ago_are_forgotten() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 1, |_| "1".into());
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    let old = run(&jobs, request(&input)).id;
    drop(jobs);
    // The clock of the next one is eight days ahead.
    let clock = clock("2024-03-09");
    let jobs = open_with(temp.path(), 1, Arc::new(Doubling), clock.clone());
    assert!(jobs.status(&old).is_none());
    let folder = temp.path().join("jobs");
    assert!(!folder.join(&old).exists());

    let later = run(&jobs, request(&input)).id;
    clock.set(Timestamp::parse("2024-03-15").unwrap());
    jobs.sweep();
    assert!(jobs.status(&later).is_some());
    clock.set(Timestamp::parse("2024-03-17").unwrap());
    jobs.sweep();
    assert!(jobs.status(&later).is_none());
    assert!(!folder.join(&later).exists());
}

#[test]
fn an_account_keeps_the_thousand_jobs_that_ended_last() {
    let temp = tempfile::tempdir().unwrap();
    let input = csv(temp.path(), 1, |_| "1".into());
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    let first = run(&jobs, request(&input)).id;
    drop(jobs);
    let folder = temp.path().join("jobs");
    let read = |name: &str| -> serde_json::Value {
        let text = fs::read_to_string(folder.join(&first).join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let (mut job, mut end) = (read("job.json"), read("end.json"));
    let at = end["at"].as_i64().unwrap();
    let id = |number: usize| format!("00000000-0000-4000-8000-{number:012}");
    // The later a job came, the earlier it ended.
    for number in 1..=1_002 {
        job["number"] = json!(number);
        end["at"] = json!(at - number as i64);
        let account = if number == 1_002 { "bob" } else { "ann" };
        job["request"]["submitter"]["account"] = json!(account);
        let own = folder.join(id(number));
        fs::create_dir(&own).unwrap();
        fs::write(own.join("job.json"), job.to_string()).unwrap();
        fs::write(own.join("end.json"), end.to_string()).unwrap();
    }
    let is_there = |jobs: &Jobs, number: usize| {
        let is_there = jobs.status(&id(number)).is_some();
        assert_eq!(folder.join(id(number)).exists(), is_there);
        is_there
    };
    let jobs = open(temp.path(), 1, Arc::new(Doubling));
    assert!(jobs.status(&first).is_some() && is_there(&jobs, 999));
    assert!(!is_there(&jobs, 1_000) && !is_there(&jobs, 1_001));
    assert!(is_there(&jobs, 1_002), "another account has its own");

    run(&jobs, request(&input));
    run(&jobs, request(&input));
    assert!(is_there(&jobs, 998) && !is_there(&jobs, 999));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let disk = temp.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mut mount = std::process::Command::new("mount");
    mount
        .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
        .arg(&disk);
    if !mount.output().is_ok_and(|done| done.status.success()) {
        println!("skipped, since no tmpfs can be mounted");
        return;
    }
    let input = csv(temp.path(), 200_000, |i| {
        (i * 7_919 % 1_000_003 + 100).to_string()
    });
    let mut asked = request(&input);
    asked.output = Some(Place::Local(url(&disk.join("out.parquet"))));
    let jobs = open(temp.path(), 2, Arc::new(Doubling));
    let status = run(&jobs, asked);
    let left: Vec<_> = fs::read_dir(&disk).unwrap().collect();
    let _ = std::process::Command::new("umount")
        .arg("-l")
        .arg(&disk)
        .status();
    assert_eq!(status.state, State::Failed);
    let error = status.error.unwrap();
    assert!(error.contains("the disk is full"), "{error}");
    assert!(left.is_empty(), "{left:?}");
}

/// The test below, in a process of its own that gets little memory.
#[cfg(target_os = "linux")]
#[test]
fn an_input_of_ten_times_the_memory_is_answered() {
    // Bytes of a row.
    let (wide, narrow) = (1 << 20, 8 << 10);
    within_memory("json", wide, lines);
    within_memory("json", narrow, lines);
    within_memory("csv", narrow, |folder, rows, width| {
        let wide = "w".repeat(width);
        csv(folder, rows, |i| format!("{i},{wide}"));
    });
    within_memory("parquet", narrow, |folder, rows, width| {
        parquet(folder, rows, width);
    });
}

/// A file of JSON with `x`, `at` and `wide`, whose texts have so many characters.
#[cfg(target_os = "linux")]
fn lines(folder: &Path, rows: usize, width: usize) {
    use std::io::Write;
    let file = fs::File::create(folder.join("in.json")).unwrap();
    let mut file = std::io::BufWriter::new(file);
    let wide = "w".repeat(width);
    for x in 0..rows {
        writeln!(
            file,
            r#"{{"x": {x}, "at": "2024-01-01", "wide": "{wide}"}}"#
        )
        .unwrap();
    }
    file.into_inner().unwrap();
}

/// Has a file answered that `make` makes of rows of a width.
#[cfg(target_os = "linux")]
fn within_memory(format: &str, width: usize, make: fn(&Path, usize, usize)) {
    const MEMORY: usize = 64 << 20;
    let temp = tempfile::tempdir().unwrap();
    let rows = 10 * MEMORY / width + 1;
    make(temp.path(), rows, width);
    let input = temp.path().join(format!("in.{format}"));
    assert!(fs::metadata(&input).unwrap().len() > 10 * MEMORY as u64);
    let limited = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -d {} && exec \"$@\"", MEMORY >> 10))
        .arg("sh")
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "with_little_memory", "--nocapture"])
        .env("FENNEL_TEST_INPUT", &input)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&limited.stdout);
    let errors = String::from_utf8_lossy(&limited.stderr);
    assert!(limited.status.success(), "{input:?}: {told}{errors}");
    // 13 has no answer.
    let expected = format!("answered {}", rows - 1);
    assert!(told.contains(&expected), "{input:?}: {told}{errors}");
}

#[test]
#[ignore = "run by `an_input_of_ten_times_the_memory_is_answered`"]
fn with_little_memory() {
    let input = std::env::var_os("FENNEL_TEST_INPUT").unwrap();
    let input = Path::new(&input);
    let jobs = open(input.parent().unwrap(), 2, Arc::new(Doubling));
    let mut asked = request(input);
    let format = match input.extension().and_then(|it| it.to_str()).unwrap() {
        "json" => Format::Json,
        "parquet" => Format::Parquet,
        _ => CSV,
    };
    asked.input = Input::Files(Place::Local(url(input)), format);
    // All that is in the file is read.
    asked.inputs.push("Fs.wide".into());
    asked.columns.insert("Fs.wide".into(), "wide".into());
    let status = run(&jobs, asked);
    assert_eq!(status.error, None);
    println!("answered {}", output(&jobs, &status).len());
}

/// The test below, as a user who may not do everything.
#[cfg(unix)]
#[test]
fn what_the_servers_user_may_not_do_is_told() {
    const NOBODY: u32 = 65_534;
    let temp = tempfile::tempdir().unwrap();
    let test = std::env::current_exe().unwrap();
    let id = std::process::Command::new("id").arg("-u").output().unwrap();
    let is_root = id.stdout.trim_ascii() == b"0";
    let command = || match is_root {
        false => std::process::Command::new(&test),
        true => {
            let mut command = std::process::Command::new("setpriv");
            let user = [
                format!("--reuid={NOBODY}"),
                format!("--regid={NOBODY}"),
                "--clear-groups".into(),
            ];
            command.args(user).arg(&test);
            command
        }
    };
    if is_root {
        std::os::unix::fs::chown(temp.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let started = command().arg("--list").output();
        if !started.is_ok_and(|done| done.status.success()) {
            println!("skipped, since root may do everything and no other user can run the test");
            return;
        }
    }
    let ran = command()
        .args(["--ignored", "--exact", "without_permission", "--nocapture"])
        .env("FENNEL_TEST_FOLDER", temp.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}{errors}");
    assert!(told.contains("1 passed"), "{told}{errors}");
}

#[cfg(unix)]
#[test]
#[ignore = "run by `what_the_servers_user_may_not_do_is_told`"]
fn without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::var_os("FENNEL_TEST_FOLDER").unwrap();
    let folder = Path::new(&folder);
    let allow = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let input = csv(folder, 5, |i| i.to_string());
    let [several, outputs] = ["several", "outputs"].map(|name| folder.join(name));
    fs::create_dir(&several).unwrap();
    fs::create_dir(&outputs).unwrap();
    let of_several = several.join("b.csv");
    fs::copy(&input, several.join("a.csv")).unwrap();
    fs::copy(&input, &of_several).unwrap();
    let gate = Arc::new(Gate::new(0));
    let jobs = open(folder, 1, gate.clone());
    let mut with_output = request(&input);
    with_output.output = Some(Place::Local(url(&outputs.join("out.parquet"))));

    let refused = |asked: Request, place: &Path, doing: &str| {
        let refused = jobs.submit(asked, None).unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused}");
        let what = format!("can't {doing} `{}`", url(place));
        let refused = refused.to_string();
        assert!(
            refused.contains(&what) && refused.contains("permission"),
            "{what}: {refused}"
        );
    };
    allow(&input, 0o000);
    refused(request(&input), &input, "read");
    allow(&input, 0o600);
    allow(&of_several, 0o000);
    refused(request(&several), &of_several, "read");
    allow(&of_several, 0o600);
    allow(&several, 0o000);
    refused(request(&several), &several, "read");
    allow(&several, 0o700);
    allow(&outputs, 0o500);
    refused(with_output.clone(), &outputs.join("out.parquet"), "write");
    allow(&outputs, 0o700);

    // What may not be done any more once a query was taken makes it fail.
    let first = jobs.submit(with_output, None).unwrap().id;
    gate.wait_until_closed();
    let second = jobs.submit(request(&several), None).unwrap().id;
    allow(&outputs, 0o500);
    allow(&of_several, 0o000);
    gate.open();
    for (id, doing) in [(first, "can't write"), (second, "can't read")] {
        let status = wait(&jobs, &id);
        assert_eq!(status.state, State::Failed);
        let error = status.error.unwrap();
        assert!(
            error.contains(doing) && error.contains("permission"),
            "{error}"
        );
    }
    allow(&outputs, 0o700);
    assert_eq!(fs::read_dir(&outputs).unwrap().count(), 0);
}
