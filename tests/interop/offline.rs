//! Offline queries of the public client: a frame, and S3, which is a small one on this machine.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use fennel_tests::support::{Process, Server, TOKEN, workspace};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::python::script;

/// The longest that the small S3 takes to start, or the test fails.
const LIMIT: Duration = Duration::from_secs(30);

fn prices(output: &Path) -> Vec<i64> {
    let file = File::open(output).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut prices = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let column = batch["TicketFeatures.price"].as_primitive::<Int64Type>();
        prices.extend(column.values().iter());
    }
    prices
}

#[test]
fn frames_and_objects_are_answered_offline() {
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("lake/asked/2024");
    fs::create_dir_all(&asked).unwrap();
    fs::write(asked.join("a.csv"), "a;2024-01-02\na;2024-01-04T00:00:00\n").unwrap();
    fs::write(asked.join("b.csv"), "nobody;2024-01-02\na;then\n").unwrap();
    let mut s3 = Command::new("python3");
    s3.arg(workspace().join("tests/interop/s3.py"))
        .arg(folder.path())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let mut s3 = Process::start(&mut s3);
    let port = s3.line(LIMIT).unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut command = Server::command(data.path());
    command
        .args(["--offline-bucket", "lake"])
        .env("FENNEL_ADMIN_TOKEN", TOKEN)
        .env("AWS_ENDPOINT", format!("http://127.0.0.1:{}", port.trim()))
        .env("AWS_ALLOW_HTTP", "true")
        .env("no_proxy", "127.0.0.1");
    let server = Server::ready(Process::start(&mut command));
    if script("offline.py", &server).is_none() {
        return;
    }
    let output = folder.path().join("lake/prices/2024/part-00000.parquet");
    assert_eq!(prices(&output), [100, 300, 0]);
    // The key of a job that has ended is kept nowhere.
    for job in fs::read_dir(data.path().join("offline")).unwrap() {
        let job = fs::read_to_string(job.unwrap().path().join("job.json")).unwrap();
        assert!(!job.contains("hush"), "{job}");
    }
}
