//! `/api/v1/query_offline`: features for the rows of a frame or of files, each as of its own instant.
//!
//! The answer of all but `result` is the job as it is. A job is shown to whoever has submitted it, and to admins; for
//! others there is none of that id.

mod request;
mod schema;

use std::fs::File;
use std::io::Read;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fennel_core::value::Value;
use fennel_engine::Query;
use fennel_offline::{Place, Status, Submitter};
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::{Caller, Mode};
use crate::body::JsonBody;
use crate::error::Failure;
use crate::offline::answer;
use crate::openapi::{Call, Calls, Schema};
use crate::request::{Branch, Parameters};

pub(super) fn calls(calls: Calls) -> Calls {
    let which = |call: Call| call.query_needed("request_id", Schema::text(), "Which query.");
    let about = |name, summary| Call::new(name, summary).refuses([404]);
    calls
        .on(
            Method::POST,
            "/api/v1/query_offline",
            submit,
            about(
                "query_offline",
                "Begins to answer features of many rows, each as of its own instant.",
            )
            .branch()
            .json(schema::request())
            .answers(schema::status())
            .writes()
            .refuses([409]),
        )
        .on(
            Method::GET,
            "/api/v1/query_offline/status",
            status,
            which(about(
                "offline_status",
                "Tells how far an offline query is.",
            ))
            .answers(schema::status()),
        )
        .on(
            Method::POST,
            "/api/v1/query_offline/cancel",
            cancel,
            which(about(
                "cancel_offline",
                "Ends an offline query without an output.",
            ))
            .answers(schema::status()),
        )
        .on(
            Method::GET,
            "/api/v1/query_offline/result",
            result,
            which(about(
                "offline_result",
                "Gives the output of an offline query that keeps it.",
            ))
            .answers_as("application/vnd.apache.parquet", Schema::text())
            .refuses([409]),
        )
}

/// Which job is meant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    request_id: String,
}

async fn submit(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require(Mode::ReadData, &branch)?;
    let jobs = app.clone();
    app.write(move |engine| {
        let (mut job, frame) = request::decode(&mut body, &caller, engine, branch)?;
        job.submitter.since = jobs.access.account_since(caller.account());
        // Before the job asks the same, since what is refused here is answered with the right status.
        let inputs = job
            .inputs
            .iter()
            .map(|it| (it.clone(), Vec::<Value>::new()));
        let nothing = Query {
            inputs: job.inputs.clone(),
            outputs: job.outputs.clone(),
            data: inputs.collect(),
            at: Some(Vec::new()),
        };
        answer(engine, &caller, &job.branch, &nothing)?;
        let status = jobs.offline.submit(job, frame.as_ref())?;
        Ok(told(&status))
    })
    .await
}

async fn status(
    State(app): State<App>,
    caller: Caller,
    Parameters(which): Parameters<Which>,
) -> Result<Answer, Failure> {
    let jobs = app.clone();
    app.read(move |_| found(&jobs, &caller, &which.request_id).map(|status| told(&status)))
        .await
}

async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Parameters(which): Parameters<Which>,
) -> Result<Answer, Failure> {
    let jobs = app.clone();
    app.write(move |_| {
        found(&jobs, &caller, &which.request_id)?;
        Ok(told(&jobs.offline.cancel(&which.request_id)?))
    })
    .await
}

async fn result(
    State(app): State<App>,
    caller: Caller,
    Parameters(which): Parameters<Which>,
) -> Result<Response, Failure> {
    let jobs = app.clone();
    let opened = app.read(move |engine| {
        let status = found(&jobs, &caller, &which.request_id)?;
        // Who may not read the features any more may not read them here.
        caller.read_features(engine, &status.branch, &status.outputs, || Ok(()))?;
        let file = jobs.offline.result(&which.request_id)?;
        let length = file.metadata().map_err(|error| {
            let message = format!("the output can't be read: {error}");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        })?;
        Ok((file, length))
    });
    let (file, length) = opened.await?;
    let parquet = HeaderValue::from_static("application/vnd.apache.parquet");
    let headers = [
        (header::CONTENT_TYPE, parquet),
        (header::CONTENT_LENGTH, length.len().into()),
    ];
    Ok((headers, stream(file)).into_response())
}

/// The job of that id, if the caller may see it.
fn found(app: &App, caller: &Caller, id: &str) -> Result<Status, Failure> {
    let status = app.offline.status(id);
    let since = app.access.account_since(caller.account());
    let is_own = |it: &Submitter| it.account == caller.account() && it.since == since;
    let shown = status.filter(|it| caller.is_admin() || is_own(&it.submitter));
    shown.ok_or_else(|| no_job(id))
}

fn no_job(id: &str) -> Failure {
    let message = format!(
        "there is no offline query `{id}`, or it is another account's; those that ended more than 7 days ago, or of an account before 1,000 others, are gone"
    );
    Failure::new(StatusCode::NOT_FOUND, message)
}

fn told(status: &Status) -> Answer {
    let (bucket, prefix) = match &status.output {
        Some(Place::S3(bucket)) => (Some(&bucket.name), Some(&bucket.prefix)),
        _ => (None, None),
    };
    let output = match &status.output {
        Some(place) => place.to_string(),
        None => format!("/api/v1/query_offline/result?request_id={}", status.id),
    };
    Answer::json(&json!({
        "request_id": status.id,
        "status": status.state,
        "completion_rate": status.completion_rate(),
        "failure_rate": status.failure_rate(),
        "output_bucket": bucket,
        "output_prefix": prefix,
        "output": output,
        "rows": status.rows,
        "rows_done": status.done,
        "rows_failed": status.failed,
        "failures": status.failures,
        "error": status.error,
        "workflow": status.workflow,
    }))
}

/// A file as a body that is read as it is sent.
fn stream(file: File) -> Body {
    const BLOCK: usize = 256 << 10;
    let read = |mut file: File| async {
        let read = tokio::task::spawn_blocking(move || {
            let mut block = vec![0; BLOCK];
            let read = file.read(&mut block)?;
            block.truncate(read);
            Ok::<_, std::io::Error>((block, file))
        });
        match read.await.map_err(std::io::Error::other).flatten() {
            Ok((block, _)) if block.is_empty() => None,
            Ok((block, file)) => Some((Ok(Bytes::from(block)), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    };
    Body::from_stream(unfold(Some(file), move |file| async move {
        match file {
            Some(file) => read(file).await,
            None => None,
        }
    }))
}
