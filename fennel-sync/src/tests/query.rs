//! Questions about features: what a server is asked, and what is shown.

use serde_json::{Value as Json, json};
use tempfile::tempdir;

use super::server::{Asked, Reply, Server, json};
use super::{Ran, Run};
use crate::embedded::{EmbeddedServer, Running};

/// What is told beside an answer.
const SERVER: &str = "Server: URL, branch main\n";
const ID: &str = "0a3ccb4e-3d0c-4e7e-9d0c-7a0b3f5f6a11";

fn asked(replies: Vec<Reply>, args: &[&str]) -> (Ran, Vec<Asked>) {
    let server = Server::start(replies);
    let mut run = Run::against(&server.url);
    // A query needs no definitions.
    run.catalog = Err(fennel_core::Error::EmptyRegistry);
    let mut ran = run.run(args);
    ran.out = ran.out.replace(&server.url, "URL");
    ran.err = ran.err.replace(&server.url, "URL");
    (ran, server.asked())
}

fn first_line(asked: &Asked) -> &str {
    asked.head.lines().next().unwrap()
}

fn body(asked: &Asked) -> Json {
    serde_json::from_slice(&asked.body).unwrap()
}

fn job(status: &str) -> Json {
    json!({
        "request_id": ID, "status": status, "completion_rate": 0.5, "failure_rate": 0.5,
        "output_bucket": null, "output_prefix": null, "output": "file:///d/out.parquet",
        "rows": 2, "rows_done": 2, "rows_failed": 1,
        "failures": [{"file": "file:///d/in.csv", "row": 2, "line": 3, "reason": "column `ts`: no"}],
        "error": (status == "failed").then_some("the disk is full"), "workflow": null,
    })
}

#[test]
fn features_are_shown_by_row() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data.json");
    std::fs::write(&data, r#"[{"Fs.id": "a"}, {"Fs.id": "bc"}]"#).unwrap();
    let data = data.to_str().unwrap();
    let reply = json(
        200,
        &json!({"Fs.id": ["a", "bc"], "Fs.price": [12345678901_i64, null]}),
    );
    let (ran, asked) = asked(
        vec![reply],
        &[
            "query",
            "--output",
            "Fs",
            "--data",
            data,
            "--at",
            "2024-01-02",
        ],
    );
    assert_eq!(first_line(&asked[0]), "POST /api/v1/query HTTP/1.1");
    assert_eq!(
        body(&asked[0]),
        json!({
            "inputs": ["Fs.id"], "outputs": ["Fs"], "data": {"Fs.id": ["a", "bc"]},
            "timestamps": ["2024-01-02", "2024-01-02"],
        })
    );
    assert_eq!(
        ran.out,
        "Fs.id  Fs.price\na      12345678901\nbc     null\n"
    );
    assert_eq!((ran.code, &*ran.err), (0, SERVER));
}

#[test]
fn a_file_is_asked_offline_and_waited_for() {
    let (ran, asked) = asked(
        vec![json(200, &job("running")), json(200, &job("completed"))],
        &[
            "query-offline",
            "--output",
            "Fs.price",
            "--given",
            "Fs.id=ticket",
            "--timestamp-column",
            "ts",
            "--input",
            "file:///d/in.csv",
            "--to",
            "file:///d/out.parquet",
        ],
    );
    assert_eq!(
        body(&asked[0]),
        json!({
            "input_features": ["Fs.id"], "output_features": ["Fs.price"], "timestamp_column": "ts",
            "input": {"File": {
                "path": "file:///d/in.csv", "format": "csv", "feature_to_column_map": {"Fs.id": "ticket"},
            }},
            "output": "file:///d/out.parquet",
        })
    );
    let status = format!("GET /api/v1/query_offline/status?request_id={ID} HTTP/1.1");
    assert_eq!(first_line(&asked[1]), status);
    assert_eq!(
        ran.out,
        format!(
            "\
Query {ID} is completed: 2 rows, 1 failed
  file:///d/in.csv, row 2, line 3: column `ts`: no
Output: file:///d/out.parquet
"
        )
    );
    // The output is there, and whoever goes on with it should know what it lacks.
    assert_eq!(
        (ran.code, &*ran.err),
        (
            6,
            &*format!(
                "{SERVER}error: 1 of 2 rows of query {ID} failed and are not in its output; mend them and ask again, or go on without them\n"
            )
        )
    );
}

#[test]
fn an_output_that_the_server_keeps_is_told_with_its_address() {
    let path = format!("/api/v1/query_offline/result?request_id={ID}");
    let mut kept = job("completed");
    kept["output"] = path.as_str().into();
    kept["rows_failed"] = 0.into();
    kept["failures"] = json!([]);
    let (ran, _) = asked(vec![json(200, &kept)], &["query-offline", "--watch", ID]);
    assert_eq!(
        ran.out,
        format!("Query {ID} is completed: 2 rows, 0 failed\nOutput: URL{path}\n")
    );
    assert_eq!((ran.code, &*ran.err), (0, SERVER));
}

#[test]
fn failed_rows_are_told_to_programs() {
    let (ran, _) = asked(
        vec![json(200, &job("completed"))],
        &["query-offline", "--watch", ID, "--format", "json"],
    );
    let told: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (ran.code, &told["exit_code"], &told["error"]["kind"]),
        (6, &json!(6), &json!("incomplete"))
    );
    assert_eq!(told["answer"]["query"], job("completed"));
}

#[test]
fn buckets_and_rows_are_sent_as_the_protocol_has_them() {
    let (_, asked_of_s3) = asked(
        vec![json(200, &job("running"))],
        &[
            "query-offline",
            "--output",
            "Fs",
            "--given",
            "Fs.id",
            "--input",
            "s3://lake/in/2024",
            "--input-format",
            "parquet",
            "--to",
            "s3://lake/out",
            "--detach",
        ],
    );
    let body_of_s3 = body(&asked_of_s3[0]);
    assert_eq!(
        body_of_s3["input"]["S3"]["s3_table"],
        json!({"bucket": "lake", "path_prefix": "in/2024", "format": "parquet"})
    );
    assert_eq!(
        body_of_s3["s3_output"],
        json!({"bucket": "lake", "path_prefix": "out", "format": "parquet"})
    );
    let folder = tempdir().unwrap();
    let data = folder.path().join("data.json");
    std::fs::write(&data, r#"{"Fs.id": ["a"], "timestamp": ["2024-01-02"]}"#).unwrap();
    let (ran, asked) = asked(
        vec![json(200, &job("pending"))],
        &[
            "query-offline",
            "--output",
            "Fs",
            "--data",
            data.to_str().unwrap(),
            "--detach",
        ],
    );
    assert_eq!(body(&asked[0])["input_features"], json!(["Fs.id"]));
    assert!(
        ran.out.contains(&format!("`query-offline --watch {ID}`")),
        "{}",
        ran.out
    );
}

#[test]
fn features_may_have_one_column_of_the_rows() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data.json");
    std::fs::write(&data, r#"{"id": [7], "at": ["2024-01-02"], "other": [0]}"#).unwrap();
    let (_, asked) = asked(
        vec![json(200, &job("pending"))],
        &[
            "query-offline",
            "--output",
            "Fs",
            "--data",
            data.to_str().unwrap(),
            "--timestamp-column",
            "at",
            "--given",
            "Fs.a=id",
            "--given",
            "Fs.b=id",
            "--given",
            "Fs.since=at",
            "--detach",
        ],
    );
    let asked = body(&asked[0]);
    assert_eq!(asked["input_features"], json!(["Fs.a", "Fs.b", "Fs.since"]));
    assert_eq!(
        asked["input"],
        json!({"Pandas": {
            "Fs.a": [7], "Fs.b": [7], "Fs.since": ["2024-01-02"], "at": ["2024-01-02"],
        }})
    );
}

#[test]
fn a_query_without_an_output_is_an_error() {
    let (ran, _) = asked(
        vec![json(200, &job("failed"))],
        &["query-offline", "--watch", ID],
    );
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("has no output: the disk is full"),
        "{}",
        ran.err
    );
    let (ran, asked) = asked(
        vec![json(200, &job("cancelled"))],
        &["query-offline", "--cancel", ID, "--format", "json"],
    );
    let cancel = format!("POST /api/v1/query_offline/cancel?request_id={ID} HTTP/1.1");
    assert_eq!(first_line(&asked[0]), cancel);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["answer"]["query"], job("cancelled"));
}

static EMBEDDED: EmbeddedServer = EmbeddedServer {
    start: |folder| {
        std::fs::create_dir_all(folder).unwrap();
        Ok(Running {
            // Nothing is asked of it.
            url: "http://127.0.0.1:9".into(),
            token: "token-of-the-embedded-server".into(),
            stop: Box::new(|| {}),
        })
    },
};

#[test]
fn a_server_that_ends_with_the_run_keeps_no_output_and_uses_no_bucket() {
    let new = ["query-offline", "--output", "Fs", "--given", "Fs.id"];
    let file = ["--input", "file:///d/in.csv"];
    let bucket = ["--input", "s3://lake/in.csv"];
    for (args, told) in [
        (
            &file[..],
            "--to is missing; the embedded server ends with this run",
        ),
        (
            &bucket,
            "--input is in S3, which the embedded server doesn't use",
        ),
        (
            &[&file[..], &["--to", "s3://lake/out"]].concat(),
            "--to is in S3, which the embedded server doesn't use",
        ),
    ] {
        let folder = tempdir().unwrap();
        let mut run = Run::alone().within(folder.path());
        run.embedded = Some(&EMBEDDED);
        let ran = run.run(&[&new[..], args].concat());
        assert_eq!((ran.code, &*ran.out), (2, ""));
        assert!(ran.err.contains(&format!("error: {told}")), "{}", ran.err);
    }
}

#[test]
fn data_that_can_not_be_read_is_named() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data.json");
    std::fs::write(&data, "[1]").unwrap();
    for (path, why) in [
        (data.to_str().unwrap(), "has a row that is no object"),
        ("/none.json", "can't be read"),
    ] {
        let (ran, _) = asked(vec![], &["query", "--output", "Fs", "--data", path]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(why), "{}", ran.err);
    }
}
