//! Whatever a client sends, it gets an error that says what to do, and nothing is half done.

use std::io::{Read, Write};

use serde_json::json;

use crate::support::{Call, Reply, TestServer, ticket};

const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";

#[test]
fn a_truncated_commit_changes_nothing() {
    let server = TestServer::with_tickets();
    let whole = ticket();
    for length in 0..whole.len() {
        let reply = server.commit(&whole[..length]);
        assert!(
            [400, 409].contains(&reply.status),
            "{length}: {}",
            reply.text()
        );
        assert!(!reply.json()["err_msg"].as_str().unwrap().is_empty());
    }
    assert_eq!(server.commit(&whole).ok()["changed"], false);
}

#[test]
fn random_bytes_are_no_commit() {
    let server = TestServer::with_tickets();
    let mut state = 42_u64;
    let mut byte = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    for length in 0..200 {
        let random: Vec<u8> = (0..length).map(|_| byte()).collect();
        let reply = server.commit(&random);
        assert!(
            [400, 409].contains(&reply.status),
            "{random:?}: {}",
            reply.text()
        );
    }
    // One byte of a good commit is wrong. Some of these still are good commits.
    let whole = ticket();
    for i in 0..whole.len() {
        let mut broken = whole.clone();
        broken[i] = byte();
        let reply = server.commit(&broken);
        assert!(
            [200, 400, 409].contains(&reply.status),
            "byte {i}: {}",
            reply.text()
        );
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_body_beyond_the_limit_is_refused_with_an_answer() {
    let server = TestServer::with_tickets();
    let body = vec![b' '; 100 << 20];
    for path in ["/api/v1/log", "/api/v1/query", "/api/v1/init"] {
        let error = server
            .call("POST", path)
            .content(JSON, &body)
            .send()
            .error(413);
        assert!(error.contains("67108864 bytes"), "{error}");
    }
    let error = server.commit(&body).error(413);
    assert!(error.contains("several requests"), "{error}");
}

#[test]
fn a_client_that_asks_first_is_spared_the_sending() {
    let server = TestServer::start();
    let call = |length: &str| {
        let call = server
            .call("POST", "/api/v1/query")
            .header("content-type", JSON);
        call.header("expect", "100-continue")
            .header("content-length", length)
    };
    assert_eq!(Reply::read(call("100000000").open()).status, 413);
    let no_token = call("10").without_token();
    assert_eq!(Reply::read(no_token.open()).status, 401);

    let mut stream = call("2").open();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{}").unwrap();
    assert_eq!(Reply::read(stream).status, 400);
}

#[test]
fn the_limit_holds_for_chunked_bodies() {
    let server = TestServer::start_with(tempfile::tempdir().unwrap(), 1_000);
    let call = server
        .call("POST", "/api/v1/log")
        .header("content-type", JSON);
    let mut stream = call.header("transfer-encoding", "chunked").open();
    for _ in 0..30 {
        stream.write_all(b"64\r\n").unwrap();
        stream.write_all(&[b' '; 100]).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert!(Reply::read(stream).error(413).contains("1000 bytes"));
}

#[test]
fn a_wrong_content_type_is_told_beside_the_right_one() {
    let server = TestServer::start();
    for (path, found, expected) in [
        (
            "/api/v1/commit",
            "application/json",
            "`application/octet-stream` or `application/x-protobuf`",
        ),
        ("/api/v1/commit", "", "`application/octet-stream`"),
        ("/api/v1/log", "text/plain", "`application/json`"),
        (
            "/api/v1/query",
            "application/octet-stream",
            "`application/json`",
        ),
        ("/api/v1/query", "application/jsonl", "`application/json`"),
        (
            "/api/v1/init",
            "application/x-www-form-urlencoded",
            "`application/json`",
        ),
        (
            "/api/v1/dataset/Ticket/lookup",
            "text/json; charset=utf-8",
            "`application/json`",
        ),
    ] {
        let error = server
            .call("POST", path)
            .content(found, b"{}")
            .send()
            .error(415);
        assert!(error.contains(expected), "{error}");
        let found = found.split(';').next().unwrap();
        assert!(error.contains(&format!("`{found}`")), "{error}");
    }
    let error = server.call("POST", "/api/v1/log").send().error(415);
    assert!(error.contains("no content-type"), "{error}");
    let zip = server
        .call("POST", "/api/v1/log")
        .header("content-encoding", "br");
    let error = zip.content(JSON, b"{}").send().error(415);
    assert!(
        error.contains("`br`") && error.contains("`gzip`"),
        "{error}"
    );
}

#[test]
fn what_is_not_json_is_told_with_its_place() {
    let server = TestServer::with_tickets();
    let log = |data: &str| {
        let mut body = br#"{"webhook": "example", "endpoint": "ticket_sale", "data": "#.to_vec();
        body.extend(data.bytes());
        body.push(b'}');
        body
    };
    for (body, expected) in [
        (b"".to_vec(), "line 1 column 0"),
        (b"{".to_vec(), "line 1 column 1"),
        (b"[]".to_vec(), "no JSON object"),
        (b"{}".to_vec(), "missing field `webhook`"),
        (
            b"{\"webhook\": \"\xff\xfe\"}".to_vec(),
            "not UTF-8 from byte 13",
        ),
        (log(r#"{"price": [NaN]}"#), "JSON has no NaN"),
        (log(r#"{"price": [1, -Infinity]}"#), "send null"),
        (log(r#"{"price": [1e400]}"#), "out of range"),
        (log(r#"{"price": [01]}"#), "column"),
        (log(&"[".repeat(500)), "recursion limit"),
        (log("7"), "`data` is a number"),
        (log(r#"{"price": 7}"#), "column `price`"),
        (
            log(r#"{"price": [7], "at": []}"#),
            "`at` of `data` has 0 values and `price` has 1",
        ),
        (log("[7]"), "row 0 of `data`"),
        (log("\"not json\""), "`data` is text that is not JSON"),
        (log("[], \"dat\": 1"), "unknown field `dat`"),
        (
            log(r#"[{"price": 1, "price": 2}]"#),
            "an object has `price` twice",
        ),
        (log(r#"{"at": [], "at": []}"#), "an object has `at` twice"),
    ] {
        let error = server
            .call("POST", "/api/v1/log")
            .content(JSON, &body)
            .send()
            .error(400);
        assert!(error.contains(expected), "{error}");
    }
    let inspect = server.get("/api/v1/dataset/Ticket/inspect").ok();
    assert_eq!(inspect["price"], json!([]), "no row was taken");
}

#[test]
fn what_is_unknown_is_named_beside_what_there_is() {
    let server = TestServer::with_tickets();
    let query = |input: &str, output: &str| {
        let request = json!({"inputs": [input], "outputs": [output], "data": {input: ["a"]}});
        server.post("/api/v1/query", &request).error(404)
    };
    let (id, price) = ("TicketFeatures.ticket_id", "TicketFeatures.price");
    let log = |webhook: &str, endpoint: &str| {
        let request = json!({"webhook": webhook, "endpoint": endpoint, "data": []});
        server.post("/api/v1/log", &request).error(404)
    };
    let lookup = json!({"keys": [], "fields": []});
    let branch = server
        .call("GET", "/api/v1/dataset/Ticket/inspect")
        .branch("dev")
        .send();
    for (error, unknown, known) in [
        (query(id, "TicketFeatures.prize"), "prize", "price"),
        (query("TicketFeatures.id", price), "id", "ticket_id"),
        (query(id, "Tickets"), "Tickets", "TicketFeatures"),
        (log("exampel", "ticket_sale"), "exampel", "example"),
        (log("example", "sale"), "sale", "ticket_sale"),
        (
            server
                .post("/api/v1/dataset/Tickets/lookup", &lookup)
                .error(404),
            "Tickets",
            "Ticket",
        ),
        (
            server.get("/api/v1/dataset/Tickets/inspect").error(404),
            "Tickets",
            "Ticket",
        ),
        (
            server.get("/api/v1/dataset/Tickets/rejects").error(404),
            "Tickets",
            "Ticket",
        ),
        (branch.error(404), "dev", "main"),
        (
            server.get("/api/v1/inspect").error(404),
            "/api/v1/inspect",
            "",
        ),
        (
            server.get("/api/v2/branch/list").error(404),
            "/api/v2/branch/list",
            "",
        ),
    ] {
        assert!(error.contains(unknown) && error.contains(known), "{error}");
    }
}

#[test]
fn a_query_that_can_not_be_answered_says_why() {
    let server = TestServer::with_tickets();
    let id = "TicketFeatures.ticket_id";
    let price = "TicketFeatures.price";
    for (request, expected) in [
        (
            json!({"outputs": [price], "data": {}}),
            "missing field `inputs`",
        ),
        (json!({"inputs": [], "outputs": [price], "data": [{}]}), id),
        (
            json!({"inputs": [id], "outputs": [price], "data": {"x": ["a"]}}),
            id,
        ),
        (
            json!({"inputs": [id], "outputs": [price], "data": {id: [null]}}),
            id,
        ),
        (
            json!({"inputs": [id], "outputs": [price], "data": {id: [true]}}),
            id,
        ),
        (
            json!({"inputs": [id], "outputs": [price], "data": {id: ["a"]}, "log": true, "sampling_rate": 2}),
            "`sampling_rate`",
        ),
        (
            json!({"inputs": [id], "outputs": [price], "data": {id: ["a"]}, "timestamp": []}),
            "unknown field `timestamp`",
        ),
        (
            json!({"inputs": [id], "outputs": [price], "data": {id: ["a"]}, "timestamps": ["soon"]}),
            "`timestamps[0]`",
        ),
        (
            json!({"inputs": [id], "outputs": [price], "data": {id: ["a"]}, "timestamps": [1, 2]}),
            "2",
        ),
    ] {
        let error = server.post("/api/v1/query", &request).error(400);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn half_of_the_keys_for_a_bucket_and_keys_beside_a_role_are_refused_and_not_told() {
    let server = TestServer::with_tickets();
    let keys = json!({"access_key": "AKIA-mine", "secret_key": "hush"});
    for (credentials, expected) in [
        (
            json!({"creds": {"access_key": "AKIA-mine"}, "role_arn": null}),
            "missing field `secret_key`",
        ),
        (
            json!({"creds": {"secret_key": "hush"}}),
            "missing field `access_key`",
        ),
        (
            json!({"creds": keys, "role_arn": "arn:of:a:role"}),
            "give access keys or role_arn, not both",
        ),
        (
            json!({"creds": null, "role_arn": "arn:of:a:role"}),
            "role_arn is not supported",
        ),
    ] {
        let table = json!({
            "bucket": "b", "path_prefix": "p", "format": "json", "db": {"name": "x", "db": {"S3": credentials}},
        });
        let request = json!({
            "input_features": ["TicketFeatures.ticket_id"], "output_features": ["TicketFeatures.price"],
            "timestamp_column": "at", "input": {"S3": {"s3_table": table}},
        });
        let error = server.post("/api/v1/query_offline", &request).error(400);
        assert!(error.contains(expected), "{error}");
        assert!(
            !error.contains("hush") && !error.contains("AKIA-mine"),
            "{error}"
        );
    }
}

#[test]
fn a_lookup_that_can_not_be_answered_says_why() {
    let server = TestServer::with_tickets();
    for (request, expected) in [
        (json!({"fields": []}), "missing field `keys`"),
        (json!({"keys": ["a"], "fields": []}), "row 0 of `keys`"),
        (json!({"keys": [{"id": "a"}], "fields": []}), "ticket_id"),
        (
            json!({"keys": [{"ticket_id": null}], "fields": []}),
            "ticket_id",
        ),
        (
            json!({"keys": [{"ticket_id": "a"}], "fields": ["prize"]}),
            "prize",
        ),
        (
            json!({"keys": [{"ticket_id": "a"}], "fields": [], "timestamps": []}),
            "1",
        ),
        (
            json!({"keys": [{"ticket_id": "a"}], "fields": [], "timestamps": ["soon"]}),
            "soon",
        ),
    ] {
        let error = server
            .post("/api/v1/dataset/Ticket/lookup", &request)
            .error(400);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn parameters_and_headers_are_checked() {
    let server = TestServer::with_tickets();
    let get = |path: &str| server.get(&format!("/api/v1/dataset/{path}")).error(400);
    let commit = |parameters: &str| {
        let path = format!("/api/v1/commit?{parameters}");
        server
            .call("POST", &path)
            .content(OCTETS, &ticket())
            .send()
            .error(400)
    };
    let branch = |call: Call<'_>, name: &str| call.branch(name).send().error(400);
    let inspect = || server.call("GET", "/api/v1/dataset/Ticket/inspect");
    for (error, expected) in [
        (get("Ticket/inspect?n=-1"), "n"),
        (get("Ticket/inspect?n=many"), "n"),
        (get("Ticket/inspect?n=10001"), "at most 10000"),
        (get("Ticket/rejects?m=1"), "unknown field `m`"),
        (get("%ff/inspect"), "UTF-8"),
        (commit("preview=yes"), "preview"),
        (commit("previw=true"), "unknown field `previw`"),
        (branch(inspect(), ""), "x-fennel-branch is empty"),
        (branch(inspect(), "caf\u{e9}"), "not ASCII"),
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_is_said_twice_is_refused() {
    let server = TestServer::with_tickets();
    let call = || server.call("POST", "/api/v1/init").branch("one");
    for (name, value) in [
        ("x-fennel-branch", "two"),
        ("content-type", JSON),
        ("content-encoding", "gzip"),
    ] {
        let call = call()
            .header("content-encoding", "identity")
            .header(name, value);
        let error = call.content(JSON, b"{}").send().error(400);
        assert!(
            error.contains(&format!("several headers `{name}`")),
            "{error}"
        );
    }
    let twice = call().header("authorization", "Bearer fnl_another-token");
    let error = twice.content(JSON, b"{}").send().error(401);
    assert!(error.contains("several authorization headers"), "{error}");
    assert_eq!(
        server.get("/api/v1/branch/list").ok(),
        json!({"branches": [{"name": "main"}]})
    );
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    let server = TestServer::with_tickets();
    for path in ["log", "query", "init", "dataset/Ticket/lookup"] {
        for body in [
            "[]",
            " [\"example\", \"ticket_sale\", []]",
            "1",
            "\"x\"",
            "null",
            "x",
        ] {
            let path = format!("/api/v1/{path}");
            let error = server
                .call("POST", &path)
                .content(JSON, body.as_bytes())
                .send()
                .error(400);
            assert!(error.contains("no JSON object"), "{error}");
        }
    }
}

#[test]
fn what_is_unknown_is_not_repeated_without_end() {
    let server = TestServer::with_tickets();
    let request =
        json!({"webhook": "\u{e9}".repeat(1 << 20), "endpoint": "ticket_sale", "data": []});
    let error = server.post("/api/v1/log", &request).error(404);
    assert!(
        error.starts_with("no webhook") && error.len() < 20_000,
        "{}",
        error.len()
    );
}

#[test]
fn a_number_beyond_an_integer_is_set_aside() {
    let server = TestServer::with_tickets();
    for (price, fits) in [
        ("9223372036854775807", true),
        ("-9223372036854775808", true),
        ("9223372036854775808", false),
        ("-9223372036854775809", false),
        ("1e300", false),
    ] {
        let body = format!(
            r#"{{"webhook": "example", "endpoint": "ticket_sale", "data": [{{"ticket_id": "a", "price": {price}, "at": 1}}]}}"#
        );
        let call = server.call("POST", "/api/v1/log");
        let answer = call.content(JSON, body.as_bytes()).send().ok();
        assert_eq!(answer["set_aside"], i32::from(!fits), "{price}");
    }
}

#[test]
fn a_body_that_breaks_off_has_no_effect() {
    let server = TestServer::with_tickets();
    let call = server
        .call("POST", "/api/v1/log")
        .header("content-type", JSON);
    let mut stream = call.header("content-length", "1000").open();
    stream.write_all(b"{\"webhook\": \"example\"").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
    assert_eq!(server.get("/healthz").status, 200);
}
