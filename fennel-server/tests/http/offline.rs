//! Offline queries: features for frames and files, each row as of its own instant.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::access::{send, token_of, token_with};
use crate::metrics::{scrape, value};
use crate::support::{Reply, TestServer, ticket};

const PATH: &str = "/api/v1/query_offline";

/// The longest that a job takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(600);

/// A query for the prices of tickets.
fn prices(input: &Json) -> Json {
    json!({
        "input_features": ["TicketFeatures.ticket_id"],
        "output_features": ["TicketFeatures.price"],
        "input": input,
        "timestamp_column": "ts",
        "s3_output": null,
        "use_v2": true,
    })
}

fn frame(ids: &[&str], at: &[&str]) -> Json {
    prices(&json!({"Pandas": {"TicketFeatures.ticket_id": ids, "ts": at}}))
}

fn file(path: &Path, format: &str) -> Json {
    let map = json!({"TicketFeatures.ticket_id": "id"});
    let path = format!("file://{}", path.display());
    prices(&json!({"File": {"path": path, "format": format, "feature_to_column_map": map}}))
}

/// A server with tickets that may use a folder, and that folder.
fn server() -> (TestServer, TempDir) {
    let files = tempfile::tempdir().unwrap();
    let dir = files.path().to_owned();
    let server = TestServer::configured(tempfile::tempdir().unwrap(), |config| {
        config.offline_dirs = vec![dir];
    });
    let server = server.commit_tickets();
    let rows = json!({
        "ticket_id": ["a", "b", "a"],
        "price": [1, 2, 3],
        "at": ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2024-01-03T00:00:00Z"],
    });
    assert_eq!(server.log(&rows).ok()["rows"], 3);
    (server, files)
}

/// Waits until a job has ended.
fn ended(server: &TestServer, id: &str) -> Json {
    let until = Instant::now() + LIMIT;
    loop {
        let status = server.get(&format!("{PATH}/status?request_id={id}")).ok();
        match status["status"].as_str() {
            Some("pending" | "running") if Instant::now() < until => std::thread::yield_now(),
            _ => return status,
        }
    }
}

fn id(answer: &Json) -> String {
    answer["request_id"].as_str().unwrap().to_owned()
}

pub(crate) fn run(server: &TestServer, request: &Json) -> Json {
    let answer = server.post(PATH, request).ok();
    ended(server, &id(&answer))
}

/// The prices and instants of an output.
fn read(parquet: Vec<u8>) -> Vec<(i64, i64)> {
    let bytes = axum::body::Bytes::from(parquet);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let prices = batch["TicketFeatures.price"].as_primitive::<Int64Type>();
        let at = batch["ts"].as_primitive::<TimestampMicrosecondType>();
        rows.extend((0..batch.num_rows()).map(|row| (prices.value(row), at.value(row))));
    }
    rows
}

fn result(server: &TestServer, status: &Json) -> Vec<(i64, i64)> {
    let reply = server.get(status["output"].as_str().unwrap());
    assert_eq!(reply.status, 200, "{}", reply.text());
    read(reply.body)
}

#[test]
fn a_frame_is_answered_as_of_each_rows_instant() {
    let (server, _files) = server();
    let at = [
        "2024-01-02 00:00:00+00:00",
        "2024-01-04 00:00:00.5+00:00",
        "2023-01-01 00:00:00+00:00",
    ];
    let answer = server.post(PATH, &frame(&["a", "a", "a"], &at)).ok();
    let id = id(&answer);
    assert_eq!(id.len(), 36, "{id}");
    let status = ended(&server, &id);
    assert_eq!(
        status,
        json!({
            "request_id": id,
            "status": "completed",
            "completion_rate": 1.0,
            "failure_rate": 0.0,
            "output_bucket": null,
            "output_prefix": null,
            "output": format!("{PATH}/result?request_id={id}"),
            "rows": 3,
            "rows_done": 3,
            "rows_failed": 0,
            "failures": [],
            "error": null,
            "workflow": null,
        })
    );
    let second = 1_000_000;
    assert_eq!(
        result(&server, &status),
        [
            (1, 1_704_153_600 * second),
            (3, 1_704_326_400 * second + second / 2),
            (0, 1_672_531_200 * second),
        ]
    );
}

#[test]
fn a_file_of_each_format_is_answered_into_a_file() {
    let (server, files) = server();
    let csv = files.path().join("in.csv");
    fs::write(&csv, "ts,other,id\n2024-01-02,x,a\n2024-01-02,\"y\nz\",b\n").unwrap();
    let lines = files.path().join("in.jsonl");
    let text = r#"{"id": "a", "ts": "2024-01-02"}

{"ts": 1704153600, "id": "b"}
"#;
    fs::write(&lines, text).unwrap();
    for (input, format) in [(&csv, "csv"), (&lines, "json")] {
        let mut request = file(input, format);
        let out = files.path().join(format!("{format}.parquet"));
        request["output"] = json!(format!("file://{}", out.display()));
        let status = run(&server, &request);
        assert_eq!(status["status"], "completed", "{status}");
        let expected = [(1, 1_704_153_600_000_000), (2, 1_704_153_600_000_000)];
        assert_eq!(read(fs::read(&out).unwrap()), expected);
        let kept = server.get(&format!("{PATH}/result?request_id={}", id(&status)));
        assert!(kept.error(409).contains("the output is at `file://"));

        // What was written is an input as good as any.
        let mut request = file(&out, "parquet");
        request["input"]["File"]["feature_to_column_map"] =
            json!({"TicketFeatures.ticket_id": "TicketFeatures.price"});
        let status = run(&server, &request);
        assert_eq!(
            result(&server, &status),
            [(0, expected[0].1), (0, expected[0].1)]
        );
    }
    let left: Vec<_> = fs::read_dir(files.path()).unwrap().collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[test]
fn a_bad_row_is_counted_and_told_with_its_place_and_the_others_are_answered() {
    let (server, files) = server();
    let input = files.path().join("in.csv");
    let text = "id,ts\na,2024-01-02T00:00:00Z\na,soon\nb\nb,2024-01-02T02:00:00+02:00\nb,2024-01-02 00:00:00\n";
    fs::write(&input, text).unwrap();
    let status = run(&server, &file(&input, "csv"));
    assert_eq!(status["status"], "completed", "{status}");
    assert_eq!(
        (&status["rows"], &status["rows_failed"]),
        (&json!(5), &json!(3))
    );
    assert_eq!(status["failure_rate"], 0.6);
    let name = format!("file://{}", input.display());
    assert_eq!(
        status["failures"],
        json!([
            {"file": name, "row": 2, "line": 3, "reason": "column `ts`: expected an instant such as 2024-01-31T12:30:00Z, found \"soon\""},
            {"file": name, "row": 3, "line": 4, "reason": "it has 1 values, and there are 2 columns"},
            {"file": name, "row": 5, "line": 6, "reason": "column `ts`: \"2024-01-02 00:00:00\" has no time zone, and the first row's has one; write all of them in one way, where none is UTC"},
        ])
    );
    let instant = 1_704_153_600_000_000;
    assert_eq!(result(&server, &status), [(1, instant), (2, instant)]);
}

#[test]
fn what_is_wrong_is_refused_before_a_job_is_there() {
    let (server, files) = server();
    let path = |name: &str| files.path().join(name);
    fs::write(path("in.csv"), "id,ts\na,2024-01-02\n").unwrap();
    fs::write(path("there.parquet"), "").unwrap();
    fs::create_dir(path("empty")).unwrap();
    fs::create_dir(path("links")).unwrap();
    let link = std::os::unix::fs::symlink::<&str, _>;
    link("/etc/passwd", path("links/out.csv")).unwrap();
    link("circle", path("circle")).unwrap();
    let with = |pointer: &str, value: Json| {
        let mut request = file(&path("in.csv"), "csv");
        match request.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => request[pointer.trim_start_matches('/')] = value,
        }
        request
    };
    let url = |name: &str| json!(format!("file://{}", path(name).display()));
    let column = "/input/File/feature_to_column_map/TicketFeatures.ticket_id";
    for (request, status, why) in [
        (
            with("/input/File/path", url("none.csv")),
            404,
            "there is no such file",
        ),
        (with("/input/File/path", url("empty")), 404, "has no files"),
        (
            with("/input/File/path", url("in.csv/x")),
            404,
            "there is no such file",
        ),
        (
            with("/input/File/path", url("a%00b")),
            400,
            "no file can have that name",
        ),
        (
            with("/input/File/path", url(&"x".repeat(300))),
            400,
            "no file can have that name",
        ),
        (
            with("/input/File/path", url("circle")),
            400,
            "links lead in a circle",
        ),
        (
            with("/input/File/path", url("links")),
            400,
            "a link leads out of the folder",
        ),
        (
            with("/input/File/path", json!("file:///etc/passwd")),
            400,
            "is not below a folder that this server uses for offline queries; it uses `/",
        ),
        (with("/input/File/path", url("../x")), 400, "has `..` in it"),
        (
            with("/input/File/format", json!("delta")),
            400,
            "the format \"delta\" is not read",
        ),
        (
            with("/input/File/format", json!("parquet")),
            400,
            "can't be read as Parquet",
        ),
        (
            with(column, json!("uid")),
            400,
            "has no column `uid`; it has `id`, `ts`",
        ),
        (
            with("/timestamp_column", json!("at")),
            400,
            "has no column `at`",
        ),
        (
            with("/timestamp_column", json!("TicketFeatures.price")),
            400,
            "give it another name",
        ),
        (
            with("/output_features", json!(["TicketFeatures.prise"])),
            404,
            "no feature `TicketFeatures.prise`",
        ),
        (
            with("/output", url("there.parquet")),
            409,
            "it is there already",
        ),
        (with("/output", url("out.csv")), 400, "ends with .parquet"),
        (
            with("/output", url("none/out.parquet")),
            404,
            "there is no such file or folder",
        ),
        (
            with("/output", url("in.csv/x/out.parquet")),
            404,
            "there is no such file or folder",
        ),
        (
            with("/output", url(&format!("{}.parquet", "x".repeat(300)))),
            400,
            "no file can have that name",
        ),
        (
            with("/output", json!("file:///tmp/x.parquet")),
            400,
            "is not below a folder that this server uses for offline queries; it uses `/",
        ),
        (frame(&["a"], &[]), 400, "has 0 values"),
        (
            prices(&json!({"Pandas": {"ts": []}})),
            400,
            "the input has no column `TicketFeatures.ticket_id`",
        ),
    ] {
        let told = server.post(PATH, &request).error(status);
        assert!(told.contains(why), "{told}");
    }
    let none = server
        .get(&format!("{PATH}/status?request_id=x"))
        .error(404);
    assert!(none.contains("there is no offline query `x`"), "{none}");
    assert_eq!(fs::read_dir(files.path()).unwrap().count(), 5);
}

#[test]
fn a_server_that_allows_nothing_uses_no_files_and_no_buckets() {
    let server = TestServer::with_tickets();
    let told = server
        .post(PATH, &file(Path::new("/etc/passwd"), "csv"))
        .error(400);
    assert!(told.contains("--offline-dir"), "{told}");
    let table = json!({
        "bucket": "b", "path_prefix": "p", "pre_sorted": false, "format": "json",
        "db": {"name": "extract_historical_s3_input", "db": {"S3": {"creds": null, "role_arn": null}}},
    });
    let s3 = json!({"S3": {"s3_table": table, "compression": "None"}});
    let told = server.post(PATH, &prices(&s3)).error(400);
    assert!(told.contains("--offline-bucket"), "{told}");
}

#[test]
fn a_job_is_its_submitters_and_goes_with_what_that_may() {
    let (server, _files) = server();
    let reader = token_of(&server, "one", &["reader:main"]);
    let other = token_of(&server, "two", &["reader:main"]);
    let logger = token_of(&server, "three", &["producer:example/*"]);
    let ask = |token: &str| {
        send(
            server.call("POST", PATH).bearer(token),
            &frame(&["a"], &["2024-01-02"]),
        )
    };
    ask(&logger).error(403);
    let id = id(&ask(&reader).ok());
    ended(&server, &id);
    let see = |token: &str, what: &str| -> Reply {
        let path = format!("{PATH}/{what}?request_id={id}");
        let method = if what == "cancel" { "POST" } else { "GET" };
        server.call(method, &path).bearer(token).send()
    };
    for what in ["status", "cancel", "result"] {
        assert_eq!(see(&reader, what).status, 200, "{what}");
        see(&other, what).error(404);
        see(&logger, what).error(404);
    }
    assert_eq!(see(crate::support::TOKEN, "status").status, 200);

    server.call("DELETE", "/api/v1/account/one").send().ok();
    let namesake = token_of(&server, "one", &["reader:main"]);
    for what in ["status", "cancel", "result"] {
        see(&namesake, what).error(404);
    }
    assert_eq!(see(crate::support::TOKEN, "status").status, 200);
}

#[test]
fn features_with_a_tag_that_is_kept_from_someone_are_kept_from_jobs_too() {
    let (server, _files) = server();
    let grant = json!([{"modes": ["read_data"], "branches": ["main"], "tags": ["~secret"]}]);
    let token = token_with(&server, "careful", &grant);
    let ask = || {
        send(
            server.call("POST", PATH).bearer(&token),
            &frame(&["a"], &["2024-01-02"]),
        )
    };
    let job = id(&ask().ok());
    ended(&server, &job);
    let mut request =
        <fennel_core::wire::proto::services::SyncRequest as prost::Message>::decode(&ticket()[..])
            .unwrap();
    let metadata = request
        .features
        .iter_mut()
        .map(|it| it.metadata.get_or_insert_default());
    metadata.for_each(|it| it.tags = vec!["secret".into()]);
    server.commit(&prost::Message::encode_to_vec(&request)).ok();
    let told = ask().error(403);
    assert!(told.contains("carries the tag `secret`"), "{told}");
    let result = format!("{PATH}/result?request_id={job}");
    server.call("GET", &result).bearer(&token).send().error(403);
}

#[test]
fn what_fails_once_a_job_is_taken_is_counted() {
    let (server, files) = server();
    let errors = |code: &str| {
        let text = scrape(&server);
        let of = ["target=\"extract_historical_features\"", code];
        value(&text, "fennel_extract_features_error_counter", &of)
    };
    let refused = server.post(PATH, &json!({"input": {}}));
    refused.error(400);
    let bad = "code=\"400\"";
    assert_eq!(errors(bad), 1.0);

    let input = files.path().join("in.csv");
    fs::write(&input, "id,ts\na,2024-01-02\na,soon\nb,then\n").unwrap();
    let out = files.path().join("out.parquet");
    let mut request = file(&input, "csv");
    request["output"] = json!(format!("file://{}", out.display()));
    assert_eq!(run(&server, &request)["rows_failed"], 2);
    assert_eq!(errors(bad), 2.0, "a part of which rows failed");

    // Its end, which tells of its columns, is as it was.
    let mut parquet = fs::read(&out).unwrap();
    parquet[4..40].fill(0xff);
    fs::write(&out, parquet).unwrap();
    let mut request = file(&out, "parquet");
    request["input"]["File"]["feature_to_column_map"] =
        json!({"TicketFeatures.ticket_id": "TicketFeatures.price"});
    let status = run(&server, &request);
    assert_eq!(status["status"], "failed", "{status}");
    assert_eq!(errors(bad), 3.0, "a job that failed");
}

#[test]
fn a_job_that_a_stop_cut_off_goes_on_after_the_start() {
    let (server, files) = server();
    let input = files.path().join("in.csv");
    let rows: String = (0..100_000)
        .map(|i| format!("{},2024-01-02\n", ["a", "b"][i % 2]))
        .collect();
    fs::write(&input, format!("id,ts\n{rows}")).unwrap();
    let id = id(&server.post(PATH, &file(&input, "csv")).ok());
    let dir = server.stop();
    let server = TestServer::configured(dir, |config| {
        config.offline_dirs = vec![files.path().to_owned()];
    });
    let status = ended(&server, &id);
    assert_eq!(
        (&status["status"], &status["rows"]),
        (&json!("completed"), &json!(100_000)),
        "{status}"
    );
    let prices: Vec<i64> = result(&server, &status)
        .into_iter()
        .map(|(price, _)| price)
        .collect();
    assert_eq!(prices, [1, 2].repeat(50_000));
}

#[test]
fn a_job_that_is_cancelled_leaves_nothing() {
    let (server, files) = server();
    let input = files.path().join("in.csv");
    let rows = "a,2024-01-02\n".repeat(300_000);
    fs::write(&input, format!("id,ts\n{rows}")).unwrap();
    let mut request = file(&input, "csv");
    request["output"] = json!(format!(
        "file://{}",
        files.path().join("out.parquet").display()
    ));
    let id = id(&server.post(PATH, &request).ok());
    server
        .post(&format!("{PATH}/cancel?request_id={id}"), &json!({}))
        .ok();
    let status = ended(&server, &id);
    assert_eq!(status["status"], "cancelled", "{status}");
    assert_eq!(fs::read_dir(files.path()).unwrap().count(), 1);
    let job = server.dir.path().join("data/offline").join(&id);
    let mut left: Vec<_> = fs::read_dir(job)
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["end.json", "job.json"]);
    let told = server
        .get(&format!("{PATH}/result?request_id={id}"))
        .error(409);
    assert!(told.contains("has no output"), "{told}");
}

/// As many rows as `FENNEL_TEST_ROWS` says.
#[test]
fn one_bad_value_among_many_rows_is_told_with_its_place() {
    let (server, files) = server();
    let rows = std::env::var("FENNEL_TEST_ROWS").map_or(50_000, |rows| rows.parse().unwrap());
    let bad = rows / 10 * 7 + 1_234;
    let input = files.path().join("in.csv");
    let mut lines = BufWriter::new(File::create(&input).unwrap());
    writeln!(lines, "id,ts").unwrap();
    for row in 1..=rows {
        let at = if row == bad { "soon" } else { "2024-01-02" };
        writeln!(lines, "{},{at}", ["a", "b", "c"][row % 3]).unwrap();
    }
    lines.into_inner().unwrap();
    let out = files.path().join("out.parquet");
    let mut request = file(&input, "csv");
    request["output"] = json!(format!("file://{}", out.display()));
    let begun = Instant::now();
    let status = run(&server, &request);
    println!("{rows} rows in {:?}", begun.elapsed());
    assert_eq!(status["status"], "completed", "{status}");
    assert_eq!(
        (
            &status["rows"],
            &status["rows_done"],
            &status["rows_failed"]
        ),
        (&json!(rows), &json!(rows), &json!(1))
    );
    assert_eq!(
        status["failures"],
        json!([{
            "file": format!("file://{}", input.display()), "row": bad, "line": bad + 1,
            "reason": "column `ts`: expected an instant such as 2024-01-31T12:30:00Z, found \"soon\"",
        }])
    );
    let mut expected = (1..=rows).filter(|row| *row != bad);
    let prices = ParquetRecordBatchReaderBuilder::try_new(File::open(&out).unwrap()).unwrap();
    for batch in prices.build().unwrap() {
        let batch = batch.unwrap();
        for price in batch["TicketFeatures.price"]
            .as_primitive::<Int64Type>()
            .values()
        {
            assert_eq!(*price, [1, 2, 0][expected.next().unwrap() % 3]);
        }
    }
    assert_eq!(expected.next(), None);
}
