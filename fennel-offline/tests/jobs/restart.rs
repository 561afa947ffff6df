//! What a start makes of the jobs that it finds, and for how long they are kept.

use std::fs;
use std::sync::Arc;

use fennel_core::time::Timestamp;
use fennel_offline::{Jobs, Place, State};
use serde_json::json;

use crate::support::{
    Doubling, Gate, clock, csv, held, open, open_with, output, request, run, url, wait, wide,
};

#[test]
fn what_is_finished_is_not_asked_again_after_a_restart() {
    let temp = tempfile::tempdir().unwrap();
    let input = wide(temp.path(), 200);
    // The first two parts are answered, and whoever asks for more waits.
    let (jobs, gate, id) = held(temp.path(), 3, 2, request(&input));
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
