//! Offline queries of a server that is killed while it answers them.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use fennel_tests::support::{Http, Process, Server, TOKEN};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::sales::{END_OF_TIME, Oracle, sales};
use crate::sync::{command, sync};

/// The longest that a part or the output of one takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(120);
/// So many parts, about: the rows of a chunk of CSV have 4 MiB at most.
const PARTS: usize = 6;
/// What makes rows wide, so that parts have few.
const WIDTH: usize = 4_000;
const ROWS_OF_A_PART: usize = (4 << 20) / WIDTH;

fn server(data: &Path, files: &Path) -> Server {
    let mut command = Server::command(data);
    command
        .env("FENNEL_ADMIN_TOKEN", TOKEN)
        .arg("--offline-dir")
        .arg(files);
    Server::ready(Process::start(&mut command))
}

/// The numbers of the finished parts of a job, in the order in which they were finished.
fn parts(job: &Path) -> Vec<u64> {
    let lines = fs::read_to_string(job.join("parts.jsonl")).unwrap_or_default();
    // A kill may cut the last line off.
    let lines = lines.split_inclusive('\n').filter(|it| it.ends_with('\n'));
    let parts = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    parts.map(|part| part["number"].as_u64().unwrap()).collect()
}

/// Waits until one more part than these is finished, or the job has ended.
fn wait_for_more(job: &Path, than: usize) {
    let until = Instant::now() + LIMIT;
    while parts(job).len() <= than && !job.join("end.json").exists() {
        assert!(Instant::now() < until, "no part within {LIMIT:?}");
        std::thread::yield_now();
    }
}

fn ended(http: &Http, id: &str) -> Value {
    let until = Instant::now() + LIMIT;
    loop {
        let status = http
            .get(&format!("query_offline/status?request_id={id}"))
            .ok();
        match status["status"].as_str() {
            Some("pending" | "running") => {
                assert!(Instant::now() < until, "{status}");
                std::thread::yield_now();
            }
            _ => return status,
        }
    }
}

#[test]
fn a_query_goes_on_behind_its_last_part_whenever_the_server_is_killed() {
    let (sales, data) = (sales(), tempfile::tempdir().unwrap());
    let files = tempfile::tempdir().unwrap();
    let oracle = Oracle::new(&sales);
    let (ids, prices) = (oracle.ids(), oracle.prices(END_OF_TIME));
    let rows = PARTS * ROWS_OF_A_PART;
    let wide = "w".repeat(WIDTH);
    let lines = (0..rows).map(|row| format!("{},2025-01-01,{wide}\n", ids[row % ids.len()]));
    let input = files.path().join("in.csv");
    fs::write(&input, format!("id,at,wide\n{}", lines.collect::<String>())).unwrap();
    let out = files.path().join("out.parquet");

    let mut running = server(data.path(), files.path());
    let committed = sync(&running.url(), TOKEN, &[]);
    assert_eq!(committed.code, Some(0), "{committed:?}");
    running.http().post("log", &sales).ok();
    let request = json!({
        "input_features": ["TicketFeatures.ticket_id"],
        "output_features": ["TicketFeatures.price"],
        "timestamp_column": "at",
        "input": {"File": {
            "path": format!("file://{}", input.display()), "format": "csv",
            "feature_to_column_map": {"TicketFeatures.ticket_id": "id"},
        }},
        "output": format!("file://{}", out.display()),
    });
    let answer = running.http().post("query_offline", &request).ok();
    let id = answer["request_id"].as_str().unwrap();
    let job = data.path().join("offline").join(id);

    let (mut finished, mut kills) = (Vec::new(), 0);
    loop {
        wait_for_more(&job, finished.len());
        running.kill();
        if job.join("end.json").exists() {
            break;
        }
        let now = parts(&job);
        assert!(
            now.starts_with(&finished),
            "what was finished is not made again: {finished:?}, {now:?}"
        );
        assert!(!out.exists() || now.len() >= PARTS, "{now:?}");
        (finished, kills) = (now, kills + 1);
        running = server(data.path(), files.path());
    }
    assert!(kills >= 2, "only {kills} kills in the middle of it");
    let running = server(data.path(), files.path());
    let status = ended(&running.http(), id);
    assert_eq!(
        (
            &status["status"],
            &status["rows_done"],
            &status["rows_failed"]
        ),
        (&json!("completed"), &json!(rows), &json!(0)),
        "{status}"
    );
    running.stop();
    let expected: Vec<i64> = (0..rows).map(|row| prices[row % ids.len()]).collect();
    assert!(read(&out) == expected, "the prices differ");
    let mut names: Vec<_> = fs::read_dir(files.path())
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["in.csv", "out.parquet"]);
}

#[test]
fn a_server_of_ones_own_uses_the_files_of_the_working_folder() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = command(folder.path());
        Process::start(command.args(arguments)).finish(LIMIT)
    };
    let committed = run(&[]);
    assert_eq!(committed.code, Some(0), "{committed:?}");
    fs::write(folder.path().join("in.csv"), "id,at\nnobody,2025-01-01\n").unwrap();
    let place = |name: &str| format!("file://{}/{name}", folder.path().display());
    let query = |input: &str| {
        run(&[
            "query-offline",
            "--output=TicketFeatures.price",
            "--given=TicketFeatures.ticket_id=id",
            "--timestamp-column=at",
            "--input",
            input,
            "--to",
            &place("out.parquet"),
        ])
    };
    let elsewhere = query("file:///elsewhere/in.csv");
    assert_eq!(elsewhere.code, Some(3), "{elsewhere:?}");
    let told = &elsewhere.err;
    let uses = format!(
        "it uses `{}`",
        folder.path().canonicalize().unwrap().display()
    );
    assert!(
        told.contains(&uses) && !told.contains("--offline-dir"),
        "{told}"
    );

    let asked = query(&place("in.csv"));
    assert_eq!(asked.code, Some(0), "{asked:?}");
    assert_eq!(read(&folder.path().join("out.parquet")), [0]);
}

/// The prices of an output.
fn read(output: &Path) -> Vec<i64> {
    let file = File::open(output).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches = reader.build().unwrap().map(Result::unwrap);
    let prices = batches.flat_map(|batch| {
        let prices = batch["TicketFeatures.price"].as_primitive::<Int64Type>();
        prices.values().to_vec()
    });
    prices.collect()
}
