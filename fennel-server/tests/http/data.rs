//! Rows in, features out.

use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::support::{TestServer, ticket_request};

#[test]
fn logged_rows_are_served_in_every_shape_of_data() {
    let server = TestServer::with_tickets();
    let columns = json!({"ticket_id": ["a"], "price": [1], "at": ["2024-01-01"]});
    let rows = json!([{"ticket_id": "b", "price": 2, "at": "2024-01-01"}]);
    let text = json!(json!([{"ticket_id": "c", "price": 3, "at": "2024-01-01"}]).to_string());
    for data in [columns, rows, text] {
        assert_eq!(server.log(&data).ok(), json!({"rows": 1, "set_aside": 0}));
    }
    assert_eq!(
        server.prices(&json!(["c", "b", "a", "none"])),
        json!([3, 2, 1, 0])
    );

    let query = |data: &Json| {
        let reply = server.post(
            "/api/v1/query",
            &json!({
                "inputs": ["TicketFeatures.ticket_id"], "outputs": ["TicketFeatures"], "data": data,
                "log": false, "workflow": "w", "sampling_rate": 0.5,
            }),
        );
        reply.ok();
        reply.text()
    };
    let expected = r#"{"TicketFeatures.ticket_id":["b","c"],"TicketFeatures.price":[2,3]}"#;
    let rows = json!([{"TicketFeatures.ticket_id": "b"}, {"TicketFeatures.ticket_id": "c"}]);
    assert_eq!(query(&rows), expected);
    assert_eq!(query(&json!(rows.to_string())), expected);
    let columns = json!({"other": [null, 1], "TicketFeatures.ticket_id": ["b", "c"]});
    assert_eq!(query(&columns), expected);
}

#[test]
fn columns_come_in_the_order_asked_for() {
    let server = TestServer::with_tickets();
    let query = |outputs: Json| {
        let data = json!({"TicketFeatures.ticket_id": ["a"]});
        let inputs = json!(["TicketFeatures.ticket_id"]);
        let request = json!({"inputs": inputs, "outputs": outputs, "data": data});
        let reply = server.post("/api/v1/query", &request).ok();
        reply
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    let (id, price) = ("TicketFeatures.ticket_id", "TicketFeatures.price");
    assert_eq!(query(json!([price, id])), [price, id]);
    assert_eq!(query(json!([id, price])), [id, price]);
}

#[test]
fn numbers_stay_exact() {
    let server = TestServer::with_tickets();
    let prices = json!([i64::MAX, i64::MIN, 9_007_199_254_740_993_i64]);
    let data = json!({"ticket_id": ["a", "b", "c"], "price": prices, "at": [0, 0, 0]});
    assert_eq!(server.log(&data).ok()["set_aside"], 0);
    assert_eq!(server.prices(&json!(["a", "b", "c"])), prices);
}

#[test]
fn an_instant_is_taken_in_each_documented_form() {
    let server = TestServer::with_tickets();
    let instants = json!([
        1_704_164_645,
        1_704_164_645_000_i64,
        1_704_164_645_000_000_i64,
        1_704_164_645_000_000_000_i64,
        "1704164645",
        "1704164645000",
        "2024-01-02T03:04:05Z",
        "2024-01-02T04:04:05.000000+01:00",
        "2024-01-02 03:04:05+00:00",
        "2024-01-02T03:04:05",
        "Tue, 02 Jan 2024 03:04:05 GMT",
    ]);
    let instants = instants.as_array().unwrap();
    let ids: Vec<String> = (0..instants.len()).map(|i| format!("t{i}")).collect();
    let prices: Vec<usize> = (1..=instants.len()).collect();
    let data = json!({"ticket_id": ids, "price": prices, "at": instants});
    assert_eq!(server.log(&data).ok()["set_aside"], 0);

    let keys: Vec<Json> = ids.iter().map(|id| json!({"ticket_id": id})).collect();
    let lookup = json!({"keys": keys, "fields": ["at"]});
    let found = server.post("/api/v1/dataset/Ticket/lookup", &lookup).ok();
    for at in found["data"]["at"].as_array().unwrap() {
        assert_eq!(at, "2024-01-02T03:04:05.000000Z", "always six digits");
    }

    // The same forms, as the instants that a lookup and a query are answered as of.
    let lookup = json!({"keys": keys, "fields": ["price"], "timestamps": instants});
    let found = server.post("/api/v1/dataset/Ticket/lookup", &lookup).ok();
    assert_eq!(found["data"]["price"], json!(prices), "{found}");
    let query = json!({
        "inputs": ["TicketFeatures.ticket_id"], "outputs": ["TicketFeatures.price"],
        "data": {"TicketFeatures.ticket_id": ids}, "timestamps": instants,
    });
    let reply = server.post("/api/v1/query", &query).ok();
    assert_eq!(reply["TicketFeatures.price"], json!(prices));
}

#[test]
fn queries_and_lookups_answer_as_of_given_instants() {
    let server = TestServer::with_tickets();
    let data = json!([
        {"ticket_id": "a", "price": 1, "at": "2024-01-01"},
        {"ticket_id": "a", "price": 2, "at": "2024-01-02"},
    ]);
    server.log(&data).ok();
    let instants = json!(["2023-12-31", "2024-01-01T12:00:00Z", "2024-01-02"]);
    let query = json!({
        "inputs": ["TicketFeatures.ticket_id"], "outputs": ["TicketFeatures.price"],
        "data": {"TicketFeatures.ticket_id": ["a", "a", "a"]}, "timestamps": instants,
    });
    let reply = server.post("/api/v1/query", &query).ok();
    assert_eq!(reply["TicketFeatures.price"], json!([0, 1, 2]));

    let keys = json!([{"ticket_id": "a"}, {"ticket_id": "a"}, {"ticket_id": "a"}]);
    let lookup = json!({"keys": keys, "fields": ["price"], "timestamps": instants});
    assert_eq!(
        server.post("/api/v1/dataset/Ticket/lookup", &lookup).ok(),
        json!({"found": [false, true, true], "data": {"price": [null, 1, 2]}})
    );
}

#[test]
fn a_lookup_answers_all_columns_unless_some_are_named() {
    let server = TestServer::with_tickets();
    server
        .log(&json!([{"ticket_id": "a", "price": 1, "at": "2024-01-01"}]))
        .ok();
    let lookup = json!({"keys": [{"ticket_id": "a"}, {"ticket_id": "b"}], "fields": []});
    let reply = server.post("/api/v1/dataset/Ticket/lookup", &lookup).ok();
    assert_eq!(reply["found"], json!([true, false]));
    assert_eq!(reply["data"]["price"], json!([1, null]));
    assert_eq!(
        reply["data"]["at"],
        json!(["2024-01-01T00:00:00.000000Z", null])
    );
}

#[test]
fn inspect_shows_up_to_n_rows() {
    let server = TestServer::with_tickets();
    let ids: Vec<String> = (0..20).map(|i| format!("t{i}")).collect();
    let data = json!({"ticket_id": ids, "price": vec![7; 20], "at": vec!["2024-01-01"; 20]});
    server.log(&data).ok();
    for (path, rows) in [
        ("inspect", 10),
        ("inspect?n=3", 3),
        ("inspect?n=0", 0),
        ("inspect?n=50", 20),
    ] {
        let reply = server.get(&format!("/api/v1/dataset/Ticket/{path}")).ok();
        let columns: Vec<&String> = reply.as_object().unwrap().keys().collect();
        assert_eq!(columns, ["ticket_id", "price", "at"]);
        assert_eq!(reply["price"], json!(vec![7; rows]));
    }
}

#[test]
fn a_row_that_does_not_fit_two_datasets_is_set_aside_once() {
    let server = TestServer::start();
    let mut request = ticket_request();
    let mut copy = request.datasets[0].clone();
    copy.name = "Copy".into();
    request.datasets.push(copy);
    let mut source = request.sources[0].clone();
    source.dataset = "Copy".into();
    request.sources.push(source);
    server.commit(&request.encode_to_vec()).ok();
    let data = json!([
        {"ticket_id": "a", "price": "cheap", "at": "2024-01-01"},
        {"ticket_id": "b", "price": 2, "at": "2024-01-01"},
    ]);
    assert_eq!(server.log(&data).ok(), json!({"rows": 2, "set_aside": 1}));
    for name in ["Ticket", "Copy"] {
        let rejects = server.get(&format!("/api/v1/dataset/{name}/rejects"));
        assert_eq!(rejects.ok()["total"], 1);
    }
}

#[test]
fn rows_that_do_not_fit_are_set_aside_with_the_reason() {
    let server = TestServer::with_tickets();
    let data = json!([
        {"ticket_id": "a", "price": "cheap", "at": "2024-01-01"},
        {"ticket_id": "b", "price": 2, "at": "soon"},
        {"ticket_id": "c", "price": 9_223_372_036_854_775_808_u64, "at": "2024-01-01"},
        {"ticket_id": "d", "at": "2024-01-01"},
        {"ticket_id": "e", "price": 5, "at": "2024-01-01"},
    ]);
    assert_eq!(server.log(&data).ok(), json!({"rows": 5, "set_aside": 4}));
    assert_eq!(
        server.prices(&json!(["a", "b", "c", "d", "e"])),
        json!([0, 0, 0, 0, 5])
    );

    let rejects = server.get("/api/v1/dataset/Ticket/rejects?n=3").ok();
    assert_eq!(rejects["total"], 4);
    let rows = rejects["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    for (row, (id, column)) in rows
        .iter()
        .zip([("d", "price"), ("c", "price"), ("b", "at")])
    {
        assert_eq!(row["row"]["ticket_id"], id, "newest first");
        assert!(
            row["reason"]
                .as_str()
                .unwrap()
                .contains(&format!("`{column}`")),
            "{row}"
        );
        assert_eq!(
            row["at"].as_str().unwrap().len(),
            "2024-01-01T00:00:00.000000Z".len()
        );
    }
}
