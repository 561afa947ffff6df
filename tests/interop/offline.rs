//! Offline queries of the public client: a frame, and S3, which is moto's on this machine.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fennel_tests::support::{Process, Server, TOKEN, workspace};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::pages::{blocks, run};
use crate::python::{installed, script_with};

const PAGE: &str = "docs/querying.md";

const S3: &str = "moto[s3,server]==5.2.5";

/// The longest that S3 takes to start or to end, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// So many rows, with ids so long that their answer is uploaded in parts.
const LONG_ROWS: usize = 60_000;

/// An id of 200 characters, which compression makes no shorter.
fn long_id(row: usize) -> String {
    let mut state = (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bytes = (0..150).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    BASE64_STANDARD.encode(bytes.collect::<Vec<u8>>())
}

fn batches(output: &Path) -> Vec<RecordBatch> {
    let file = File::open(output).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}

fn prices(output: &Path) -> Vec<i64> {
    let prices = batches(output).into_iter().flat_map(|batch| {
        let column = batch["TicketFeatures.price"].as_primitive::<Int64Type>();
        column.values().to_vec()
    });
    prices.collect()
}

fn ids(output: &Path) -> Vec<String> {
    let ids = batches(output).into_iter().flat_map(|batch| {
        let column = batch["TicketFeatures.ticket_id"].as_string::<i32>();
        let ids = column.iter().map(|id| id.unwrap().to_owned());
        ids.collect::<Vec<_>>()
    });
    ids.collect()
}

/// The rows that the page asks for.
fn write_asked(file: &Path) {
    let texts = |texts: [&str; 2]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
    let columns = [
        ("ticket", texts(["a", "nobody"])),
        ("at", texts(["2024-01-02", "2024-01-02"])),
    ];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(file).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

/// Runs the page's programs with this key, up to the end of what they ask of S3.
fn follow_page(server: &Server, id: &str, secret: &str) {
    const WAIT: &str = r#"
while job["status"] in ("pending", "running"):
    job = client.track_offline_query(job["request_id"])
print(job["status"], job["rows"], job["rows_failed"])
"#;
    let program = blocks(PAGE, "python").join("\n") + WAIT;
    let program = program
        .replace("key_id=\"..\"", &format!("key_id={id:?}"))
        .replace("access_key=\"..\"", &format!("access_key={secret:?}"))
        .replace("/2024\"", "/page\"");
    assert_eq!(run(&program, server, PAGE), "completed 2 0\n");
}

#[test]
fn frames_and_objects_are_answered_offline() {
    let Some(bin) = installed("s3-venv", S3, "offline queries of S3") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    fs::create_dir_all(lake.join("asked/2024")).unwrap();
    fs::create_dir_all(lake.join("asked/long")).unwrap();
    fs::create_dir_all(lake.join("asked/page")).unwrap();
    write_asked(&lake.join("asked/page/a.parquet"));
    let put = |name: &str, text: &str| fs::write(lake.join(name), text).unwrap();
    put("asked/2024/a.csv", "a;2024-01-02\na;2024-01-04T00:00:00\n");
    put("asked/2024/b.csv", "nobody;2024-01-02\na;then\n");
    put("asked/2024/_SUCCESS", "");
    let rows = (0..LONG_ROWS).map(|row| format!("{};2024-01-02\n", long_id(row)));
    put("asked/long/a.csv", &rows.collect::<String>());
    let mut s3 = Command::new(bin.join("python"));
    s3.arg(workspace().join("tests/interop/s3.py"))
        .arg(folder.path())
        // So that a list comes in pages.
        .env("MOTO_S3_DEFAULT_MAX_KEYS", "2")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("no_proxy", "127.0.0.1");
    let mut s3 = Process::start(&mut s3);
    let there: Value = serde_json::from_str(&s3.line(LIMIT).unwrap()).unwrap();
    let of = |name: &str| there[name].as_str().unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut command = Server::command(data.path());
    command
        .args(["--offline-bucket", "lake", "--offline-bucket", "sea"])
        .env("FENNEL_ADMIN_TOKEN", TOKEN)
        .env("AWS_ENDPOINT", of("url"))
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_ACCESS_KEY_ID", of("id"))
        .env("AWS_SECRET_ACCESS_KEY", of("secret"))
        .env("no_proxy", "127.0.0.1");
    let server = Server::ready(Process::start(&mut command));
    let keys = [("S3_KEY_ID", of("id")), ("S3_SECRET", of("secret"))];
    if script_with("offline.py", &server, &keys).is_none() {
        return;
    }
    follow_page(&server, of("id"), of("secret"));
    s3.signal("TERM");
    let kept: Value = serde_json::from_str(&s3.line(LIMIT).unwrap()).unwrap();
    assert_eq!(kept["unfinished"], json!([]), "{kept}");
    let output = |name: &str| lake.join(name).join("part-00000.parquet");
    assert_eq!(prices(&output("prices/2024")), [100, 300, 0]);
    assert_eq!(prices(&output("prices/own-key")), [100, 300, 0]);
    assert_eq!(prices(&output("prices/page")), [100, 0]);
    let long = output("prices/long");
    assert_eq!(prices(&long), [0; LONG_ROWS]);
    let expected: Vec<String> = (0..LONG_ROWS).map(long_id).collect();
    assert!(ids(&long) == expected, "the ids differ");
    let object = &kept["objects"]["prices/long/part-00000.parquet"];
    assert!(object["parts"].as_u64() >= Some(2), "{object}");
    assert_eq!(
        object["metadata"]["fennel-request-id"]
            .as_str()
            .map(str::len),
        Some(36)
    );
    let names = kept["objects"].as_object().unwrap().keys();
    assert_eq!(
        names.filter(|name| name.starts_with("prices/")).count(),
        4,
        "{kept}"
    );
    // The key of a job that has ended is kept nowhere.
    for job in fs::read_dir(data.path().join("offline")).unwrap() {
        let job = fs::read_to_string(job.unwrap().path().join("job.json")).unwrap();
        assert!(
            !job.contains(of("secret")) && !job.contains("hush"),
            "{job}"
        );
    }
}
