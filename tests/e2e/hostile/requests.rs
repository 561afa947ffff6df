//! Rows and questions of those who may send others, or none.

use serde_json::{Value, json};

use super::case::{Case, call};

fn rows(endpoint: &str) -> Value {
    let row = json!({"uid": 9, "amount": 9, "at": "2026-01-01T00:00:00Z"});
    json!({"webhook": "shop", "endpoint": endpoint, "data": [row]})
}

fn question(feature: &str) -> Value {
    json!({"inputs": ["UserFeatures.uid"], "outputs": [feature], "data": {"UserFeatures.uid": [1]}})
}

#[rustfmt::skip] // A case a line.
pub(super) fn cases() -> Vec<Case> {
    let log = |what, token| call(what, "POST", "log", rows("orders")).by(token);
    let query = |what, token| call(what, "POST", "query", question("UserFeatures.total")).by(token);
    vec![
        log("a reader who logs rows", "{reader}")
            .answers(403, &["`write_data` at endpoint `shop/orders`"]),
        log("a deployer who logs rows", "{deployer}")
            .answers(403, &["`write_data` at endpoint `shop/orders`"]),
        call("a producer at an endpoint of others", "POST", "log", rows("refunds")).by("{producer}")
            .answers(403, &["`write_data` at endpoint `shop/refunds`"]),
        call("rows for an endpoint that nothing reads", "POST", "log", rows("refunds"))
            .answers(404, &["refunds"]),
        query("a deployer who reads data", "{deployer}")
            .answers(403, &["`read_data` on branch `main`"]),
        query("a producer who reads data", "{producer}")
            .answers(403, &["`read_data` on branch `main`"]),
        query("an analyst who asks for what carries a tag that is kept from it", "{analyst}")
            .answers(403, &["`read_data` for what carries the tag `PII`, as feature `UserFeatures.total` does"]),
        call("an analyst who looks into the rows", "GET", "dataset/Order/inspect", Value::Null).by("{analyst}")
            .answers(403, &["`read_data` for what carries the tag `PII`, as dataset `Order` does"]),
        call("an analyst who reads the history, which has all definitions", "GET", "commits", Value::Null).by("{analyst}")
            .answers(403, &["`read_definitions` on branch `main` for all tags"]),
        query("a reader on a branch of others", "{reader}").on("dev")
            .answers(403, &["`read_data` on branch `dev`"]),
        query("a reader on a branch that is not there, told the same", "{reader}").on("nowhere")
            .answers(403, &["`read_data` on branch `nowhere`"]),
        query("one who left", "{leaver}")
            .answers(401, &["revoked"]),
        query("a stranger", "fnl_guessed")
            .answers(401, &["not valid on this server"]),
        query("no token", "")
            .answers(401, &["token"]),
        query("two tokens", "{reader}").headers(&[("authorization", "Bearer fnl_guessed")])
            .answers(401, &["several authorization headers"]),
        call("a call with a slip", "POST", "comit", json!({}))
            .answers(404, &["there is no call `/api/v1/comit`"]),
        call("a call by the wrong method", "GET", "commit", Value::Null)
            .answers(405, &["doesn't take GET"]),
    ]
}
