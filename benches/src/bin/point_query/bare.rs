//! A server that has the rows in a hash map and answers with the same JSON: what HTTP and JSON take.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

/// The columns that depend on the key, by key.
pub(crate) type Rows = Arc<HashMap<i64, (i64, String)>>;

#[derive(Deserialize)]
struct Request {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "Features.id")]
    id: Vec<i64>,
}

#[derive(Default, Serialize)]
struct Answer {
    #[serde(rename = "Features.id")]
    id: Vec<i64>,
    #[serde(rename = "Features.a")]
    a: Vec<i64>,
    #[serde(rename = "Features.b")]
    b: Vec<i64>,
    #[serde(rename = "Features.c")]
    c: Vec<i64>,
    #[serde(rename = "Features.d")]
    d: Vec<i64>,
    #[serde(rename = "Features.e")]
    e: Vec<f64>,
    #[serde(rename = "Features.f")]
    f: Vec<f64>,
    #[serde(rename = "Features.g")]
    g: Vec<f64>,
    #[serde(rename = "Features.h")]
    h: Vec<String>,
    #[serde(rename = "Features.i")]
    i: Vec<String>,
    #[serde(rename = "Features.j")]
    j: Vec<bool>,
}

/// The server's only route, `/query`.
pub(crate) fn router(rows: Rows) -> Router {
    Router::new().route("/query", post(query)).with_state(rows)
}

async fn query(State(rows): State<Rows>, Json(request): Json<Request>) -> Json<Answer> {
    let mut answer = Answer::default();
    for id in request.data.id {
        let Some((a, h)) = rows.get(&id) else {
            continue;
        };
        answer.id.push(id);
        answer.a.push(*a);
        answer.b.push(1);
        answer.c.push(2);
        answer.d.push(3);
        answer.e.push(0.5);
        answer.f.push(1.5);
        answer.g.push(2.5);
        answer.h.push(h.clone());
        answer.i.push("other".to_owned());
        answer.j.push(true);
    }
    Json(answer)
}
