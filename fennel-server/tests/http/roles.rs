//! What each role may, call by call, and what the others are told.

use fennel_core::wire::proto::metadata::Metadata;
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::access::{send, token_of, token_with};
use crate::support::{Reply, TestServer, ticket, ticket_request};

const QUERY: &str = "/api/v1/query";
const COMMIT: &str = "/api/v1/commit?preview=false&incremental=false&backfill=true";
const PREVIEW: &str = "/api/v1/commit?preview=true&incremental=false&backfill=true";
const INCREMENT: &str = "/api/v1/commit?preview=false&incremental=true&backfill=true";

fn query(ids: &Json) -> Json {
    json!({
        "inputs": ["TicketFeatures.ticket_id"],
        "outputs": ["TicketFeatures.price"],
        "data": {"TicketFeatures.ticket_id": ids},
    })
}

/// The tickets, of which the dataset carries `tags`.
fn tagged(tags: &[&str]) -> Vec<u8> {
    let mut request = ticket_request();
    let metadata = request.datasets[0]
        .metadata
        .get_or_insert_with(Metadata::default);
    metadata.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    request.encode_to_vec()
}

fn commit(server: &TestServer, token: &str, path: &str, branch: &str, request: &[u8]) -> Reply {
    let call = server.call("POST", path).bearer(token).branch(branch);
    call.content("application/octet-stream", request).send()
}

fn post(server: &TestServer, token: &str, path: &str, branch: &str, body: &Json) -> Reply {
    send(server.call("POST", path).bearer(token).branch(branch), body)
}

fn branches(server: &TestServer, token: &str) -> Vec<String> {
    let reply = server
        .call("GET", "/api/v1/branch/list")
        .bearer(token)
        .send()
        .ok();
    let names = reply["branches"].as_array().unwrap().iter();
    names
        .map(|branch| branch["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The calls that take a token and answer with 200, each with nothing but an empty body, as `METHOD path`.
fn answered(server: &TestServer, token: &str) -> Vec<String> {
    let description = server.get("/api/v1/openapi.json").ok();
    let mut answered = Vec::new();
    for (path, calls) in description["paths"].as_object().unwrap() {
        // Whatever it is that a path names: a dataset, or something that isn't there.
        let mut named = path.clone();
        while let (Some(from), Some(to)) = (named.find('{'), named.find('}')) {
            named.replace_range(from..=to, "Ticket");
        }
        for (method, described) in calls.as_object().unwrap() {
            if described["security"] == json!([]) {
                continue;
            }
            let method = method.to_ascii_uppercase();
            let call = server.call(&method, &named).bearer(token);
            let reply = match method.as_str() {
                "GET" | "DELETE" => call.send(),
                _ => send(call, &json!({})),
            };
            if reply.status == 200 {
                answered.push(format!("{method} {path}"));
            }
        }
    }
    answered.sort_unstable();
    answered
}

#[test]
fn whoever_may_nothing_gets_no_answer_from_any_call() {
    let server = TestServer::with_tickets();
    let grants = json!([{"modes": ["read_data"], "branches": ["elsewhere"]}]);
    let nobody = token_with(&server, "nobody", &grants);
    assert_eq!(
        answered(&server, &nobody),
        ["GET /api/v1/branch/list", "GET /api/v1/server"]
    );
    assert!(branches(&server, &nobody).is_empty());
    // The calls are such that others get answers.
    let admin = answered(&server, crate::support::TOKEN);
    for call in ["GET /api/v1/commits", "GET /api/v1/audit", "GET /metrics"] {
        assert!(admin.iter().any(|answered| answered == call), "{admin:?}");
    }
}

/// What each built-in role may on `main` and on `dev`, where it holds on `main` alone.
#[test]
fn each_role_may_what_it_says_and_nothing_else() {
    let server = TestServer::with_tickets();
    server
        .call("POST", "/api/v1/init")
        .branch("dev")
        .content("application/json", b"{}")
        .send()
        .ok();
    let deployer = token_of(&server, "ci", &["deployer:main"]);
    let reader = token_of(&server, "bi", &["reader:main"]);
    let producer = token_of(&server, "shop", &["producer:example/ticket_sale"]);
    let rows = json!({"webhook": "example", "endpoint": "ticket_sale", "data": []});
    let keys = json!({"keys": {"ticket_id": ["a"]}});
    type Try<'a> = (&'a str, Box<dyn Fn(&str, &str) -> Reply + 'a>);
    let tries: Vec<Try<'_>> = vec![
        (
            "write_definitions",
            Box::new(|token, branch| commit(&server, token, COMMIT, branch, &ticket())),
        ),
        (
            "read_definitions",
            Box::new(|token, branch| commit(&server, token, PREVIEW, branch, &ticket())),
        ),
        (
            "read_data",
            Box::new(|token, branch| post(&server, token, QUERY, branch, &query(&json!(["a"])))),
        ),
        (
            "read_data",
            Box::new(|token, branch| {
                post(
                    &server,
                    token,
                    "/api/v1/dataset/Ticket/lookup",
                    branch,
                    &keys,
                )
            }),
        ),
        (
            "read_data",
            Box::new(|token, branch| {
                server
                    .call("GET", "/api/v1/dataset/Ticket/inspect")
                    .bearer(token)
                    .branch(branch)
                    .send()
            }),
        ),
        (
            "read_data",
            Box::new(|token, branch| {
                server
                    .call("GET", "/api/v1/dataset/Ticket/rejects")
                    .bearer(token)
                    .branch(branch)
                    .send()
            }),
        ),
        (
            "write_data",
            Box::new(|token, branch| post(&server, token, "/api/v1/log", branch, &rows)),
        ),
    ];
    for (token, account, modes) in [
        (
            &deployer,
            "ci",
            &["read_definitions", "write_definitions"][..],
        ),
        (&reader, "bi", &["read_definitions", "read_data"]),
        (&producer, "shop", &["write_data"]),
    ] {
        for (mode, attempt) in &tries {
            let reply = attempt(token, "main");
            if modes.contains(mode) {
                assert_eq!(reply.status, 200, "{account} {mode}: {}", reply.text());
            } else {
                let error = reply.error(403);
                assert!(
                    error.contains(&format!("account `{account}` doesn't have `{mode}`")),
                    "{error}"
                );
            }
            if *mode != "write_data" {
                attempt(token, "dev").error(403);
            }
        }
    }
    assert_eq!(branches(&server, &deployer), ["main"]);
    assert_eq!(branches(&server, &producer), [""; 0]);
}

#[test]
fn a_forbidden_branch_and_one_that_is_not_there_answer_alike() {
    let server = TestServer::with_tickets();
    server
        .call("POST", "/api/v1/init")
        .branch("secret")
        .content("application/json", b"{}")
        .send()
        .ok();
    let token = token_of(&server, "bi", &["reader:main,mine/*", "deployer:mine/*"]);
    for (path, body) in [
        (QUERY, query(&json!(["a"]))),
        (
            "/api/v1/dataset/Ticket/lookup",
            json!({"keys": {"ticket_id": ["a"]}}),
        ),
        ("/api/v1/init", json!({})),
        ("/api/v1/init", json!({"clone_from": "main"})),
        ("/api/v1/delete", json!({})),
    ] {
        let known = post(&server, &token, path, "secret", &body).error(403);
        let unknown = post(&server, &token, path, "no-one", &body).error(403);
        assert_eq!(known.replace("secret", "no-one"), unknown);
    }
    let known = post(
        &server,
        &token,
        "/api/v1/init",
        "mine/a",
        &json!({"clone_from": "secret"}),
    )
    .error(403);
    let unknown = post(
        &server,
        &token,
        "/api/v1/init",
        "mine/a",
        &json!({"clone_from": "no-one"}),
    )
    .error(403);
    assert_eq!(known.replace("secret", "no-one"), unknown);
    let lost = post(&server, &token, QUERY, "mine/lost", &query(&json!(["a"]))).error(404);
    assert_eq!(lost, "no branch `mine/lost`; this account may see `main`");
    for reply in [
        commit(&server, &token, COMMIT, "Main", &ticket()),
        commit(&server, &token, PREVIEW, "MAIN", &ticket()),
        commit(&server, &token, COMMIT, "mine", &ticket()),
        commit(&server, &token, COMMIT, "mine\u{7f}/x", &ticket()),
    ] {
        assert!([400, 403].contains(&reply.status), "{}", reply.text());
    }
}

#[test]
fn endpoints_that_are_not_ones_own_are_not_told() {
    let server = TestServer::with_tickets();
    let token = token_of(&server, "shop", &["producer:example/mine"]);
    let log = |webhook: &str, endpoint: &str| {
        let body = json!({"webhook": webhook, "endpoint": endpoint, "data": []});
        post(&server, &token, "/api/v1/log", "main", &body)
    };
    let error = log("example", "ticket_sale").error(403);
    assert!(
        error.contains("`write_data` at endpoint `example/ticket_sale`"),
        "{error}"
    );
    log("example", "Mine").error(403);
    let error = log("example", "mine").error(404);
    assert!(!error.contains("ticket_sale"), "{error}");
}

#[test]
fn a_feature_is_kept_from_those_who_may_not_read_one_of_its_tags() {
    let server = TestServer::start();
    server.commit(&tagged(&["PII", "card"])).ok();
    server
        .log(&json!([{"ticket_id": "a", "price": 5, "at": "2024-01-01"}]))
        .ok();
    let reads = |tags: Json| json!([{"modes": ["read_data"], "branches": ["*"], "tags": tags}]);
    let but_pii = token_with(&server, "but-pii", &reads(json!(["~PII"])));
    let only_card = token_with(&server, "only-card", &reads(json!(["card"])));
    let both = token_with(&server, "both", &reads(json!(["card", "P*"])));
    let ask = |token: &str| post(&server, token, QUERY, "main", &query(&json!(["a"])));
    for (token, account) in [(&but_pii, "but-pii"), (&only_card, "only-card")] {
        let error = ask(token).error(403);
        assert_eq!(
            error,
            format!(
                "account `{account}` doesn't have `read_data` for what carries the tag `PII`, as feature `TicketFeatures.price` does; ask an admin of this server for a role that has it"
            )
        );
        let whole = json!({"inputs": ["TicketFeatures.ticket_id"], "outputs": ["TicketFeatures"], "data": {"TicketFeatures.ticket_id": ["a"]}});
        assert!(
            post(&server, token, QUERY, "main", &whole)
                .error(403)
                .contains("`PII`")
        );
        for call in ["inspect", "rejects"] {
            let call = server.call("GET", &format!("/api/v1/dataset/Ticket/{call}"));
            assert!(
                call.bearer(token)
                    .send()
                    .error(403)
                    .contains("dataset `Ticket`")
            );
        }
        let keys = json!({"keys": {"ticket_id": ["a"]}});
        post(
            &server,
            token,
            "/api/v1/dataset/Ticket/lookup",
            "main",
            &keys,
        )
        .error(403);
        let given = json!({"inputs": ["TicketFeatures.ticket_id"], "outputs": ["TicketFeatures.ticket_id"], "data": {"TicketFeatures.ticket_id": ["a"]}});
        post(&server, token, QUERY, "main", &given).ok();
    }
    assert_eq!(ask(&both).ok(), json!({"TicketFeatures.price": [5]}));
    // A tag that is taken away, or ended where the feature is made, keeps nobody any more.
    let mut request = ticket_request();
    request.datasets[0]
        .metadata
        .get_or_insert_with(Metadata::default)
        .tags = vec!["PII".into()];
    for featureset in &mut request.feature_sets {
        featureset
            .metadata
            .get_or_insert_with(Metadata::default)
            .tags = vec!["~PII".into()];
    }
    server.commit(&request.encode_to_vec()).ok();
    assert_eq!(ask(&but_pii).ok(), json!({"TicketFeatures.price": [5]}));
    let call = server.call("GET", "/api/v1/dataset/Ticket/inspect");
    call.bearer(&but_pii).send().error(403);
}

#[test]
fn names_are_told_to_those_who_may_see_them() {
    let server = TestServer::start();
    server.commit(&tagged(&["PII"])).ok();
    let grants =
        json!([{"modes": ["read_data", "read_definitions"], "branches": ["*"], "tags": ["~PII"]}]);
    let token = token_with(&server, "but-pii", &grants);
    let call = server
        .call("GET", "/api/v1/dataset/Tickets/inspect")
        .bearer(&token);
    assert!(!call.send().error(404).contains("`Ticket`"));
    let all = token_of(&server, "all", &["reader:*"]);
    let call = server
        .call("GET", "/api/v1/dataset/Tickets/inspect")
        .bearer(&all);
    assert!(call.send().error(404).contains("`Ticket`"));
}

#[test]
fn nobody_overwrites_definitions_that_it_may_not_see() {
    let server = TestServer::start();
    server.commit(&tagged(&["PII"])).ok();
    let writes = json!([
        {"modes": ["read_definitions"], "branches": ["main"], "tags": ["~PII"]},
        {"modes": ["write_definitions"], "branches": ["main"]},
    ]);
    let token = token_with(&server, "team", &writes);
    let blind = json!([{"modes": ["write_definitions"], "branches": ["main"]}]);
    let blind = token_with(&server, "blind", &blind);
    let mut other = ticket_request();
    other.datasets[0]
        .metadata
        .get_or_insert_with(Metadata::default)
        .description = "mine".into();
    let other = other.encode_to_vec();
    let nothing = Vec::new();
    for token in [&token, &blind] {
        for (path, request) in [(COMMIT, &other), (COMMIT, &nothing), (INCREMENT, &other)] {
            let error = commit(&server, token, path, "main", request).error(403);
            assert!(
                error.contains("doesn't have `read_definitions` on branch `main`"),
                "{error}"
            );
            assert!(
                !error.contains("Ticket") && !error.contains("PII"),
                "{error}"
            );
        }
    }
    let preview = commit(&server, &token, PREVIEW, "main", &other);
    preview.error(403);
    let kept = commit(&server, &token, INCREMENT, "main", &nothing).ok();
    assert_eq!(
        kept["diff"]["entities"],
        json!([]),
        "what is hidden isn't shown"
    );
    assert_eq!(kept["changed"], json!(false));
}

#[test]
fn nobody_writes_what_carries_a_tag_that_it_may_not_write() {
    let server = TestServer::start();
    let grants = json!([
        {"modes": ["read_definitions"], "branches": ["*"]},
        {"modes": ["write_definitions"], "branches": ["*"], "tags": ["~PII"]},
    ]);
    let token = token_with(&server, "team", &grants);
    let error = commit(&server, &token, COMMIT, "main", &tagged(&["PII"])).error(403);
    assert!(
        error.contains("`write_definitions` on branch `main` for what carries the tag `PII`, as dataset `Ticket` does"),
        "{error}"
    );
    commit(&server, &token, COMMIT, "main", &ticket()).ok();
    server.commit(&tagged(&["PII"])).ok();
    commit(&server, &token, COMMIT, "main", &ticket()).error(403);
    commit(&server, &token, COMMIT, "main", &tagged(&["PII"])).ok();
    let clone = json!({"clone_from": "main"});
    post(&server, &token, "/api/v1/init", "dev", &clone).ok();
    post(&server, &token, "/api/v1/delete", "dev", &json!({})).error(403);
}

#[test]
fn a_clone_gives_nothing_to_read_that_could_not_be_read_before() {
    let server = TestServer::start();
    server.commit(&tagged(&["PII"])).ok();
    let own = json!({"modes": ["read_definitions", "write_definitions", "read_data"], "branches": ["dev/*"]});
    let base = |modes: Json, tags: Json| json!([own, {"modes": modes, "branches": ["main"], "tags": tags}]);
    let definitions = token_with(
        &server,
        "definitions",
        &base(json!(["read_definitions"]), json!([])),
    );
    let but_pii = token_with(
        &server,
        "but-pii",
        &base(json!(["read_definitions", "read_data"]), json!(["~PII"])),
    );
    let all = token_with(
        &server,
        "all",
        &base(json!(["read_definitions", "read_data"]), json!([])),
    );
    let deployer = token_of(&server, "ci", &["deployer:main,dev/*"]);
    let clone = |token: &str, name: &str| {
        post(
            &server,
            token,
            "/api/v1/init",
            name,
            &json!({"clone_from": "main"}),
        )
    };
    assert!(
        clone(&definitions, "dev/a")
            .error(403)
            .contains("`read_data` on branch `main`")
    );
    assert!(
        clone(&but_pii, "dev/a")
            .error(403)
            .contains("for all that is on branch `main`")
    );
    clone(&all, "dev/a").ok();
    clone(&deployer, "dev/b").ok();
    assert_eq!(branches(&server, &definitions), ["dev/a", "dev/b", "main"]);
    clone(&all, "dev/a").error(409);
    post(&server, &all, "/api/v1/delete", "dev/a", &json!({})).ok();
}

#[test]
fn the_name_of_a_forbidden_branch_names_no_commit() {
    let server = TestServer::with_tickets();
    let init = |branch: &str| {
        let call = server.call("POST", "/api/v1/init").branch(branch);
        call.content("application/json", br#"{"clone_from": "main"}"#)
            .send()
            .ok();
    };
    init("secret");
    init("HEAD");
    let id = server.get("/api/v1/commits/HEAD").ok()["commit"]["id"].clone();
    let digits = &id.as_str().unwrap()[..5];
    init(digits);
    let token = token_of(&server, "bi", &["reader:main"]);
    let get = |path: &str| server.call("GET", path).bearer(&token).send();
    for after in ["", "~0", "~1", "~9", "~x", "~"] {
        for path in ["commits/", "commits?before=", "diff?from=HEAD&to="] {
            let known = get(&format!("/api/v1/{path}secret{after}"));
            let unknown = get(&format!("/api/v1/{path}no-one{after}"));
            assert_eq!(known.status, unknown.status, "{path}{after}");
            let texts = (known.text(), unknown.text());
            assert_eq!(texts.0.replace("secret", "no-one"), texts.1);
        }
    }
    // What is one's own is found as if there were no such branches.
    for name in ["HEAD", digits] {
        let shown = get(&format!("/api/v1/commits/{name}")).ok();
        assert_eq!(shown["commit"]["id"], id, "{name}");
    }
}

#[test]
fn rows_that_did_not_fit_are_kept_from_those_whom_tags_are_kept_from() {
    let server = TestServer::with_tickets();
    server
        .log(&json!([{"ticket_id": "a", "price": "much", "email": "a@example.com"}]))
        .ok();
    let reads = |tags: Json| json!([{"modes": ["read_data"], "branches": ["*"], "tags": tags}]);
    let rejects = |token: &str| {
        let call = server.call("GET", "/api/v1/dataset/Ticket/rejects");
        call.bearer(token).send().ok()
    };
    let all = token_with(&server, "all", &reads(json!([])));
    assert_eq!(rejects(&all)["rows"][0]["row"]["email"], "a@example.com");
    // Other datasets of the endpoint may have the columns that this one doesn't have, under any tags.
    let but_pii = token_with(&server, "but-pii", &reads(json!(["~PII"])));
    let told = rejects(&but_pii);
    assert_eq!(told["total"], 1);
    assert!(told["rows"][0]["reason"].is_string(), "{told}");
    assert_eq!(
        told["rows"][0]["row"],
        json!({"ticket_id": "a", "price": "much"})
    );
}

#[test]
fn a_preview_tells_nothing_of_endpoints_that_the_branch_does_not_read() {
    let server = TestServer::with_tickets();
    server
        .log(&json!([{"ticket_id": "a", "price": 5, "at": "2024-01-01"}]))
        .ok();
    let init = server.call("POST", "/api/v1/init").branch("dev");
    init.content("application/json", b"{}").send().ok();
    let history = |token: &str, branch: &str| {
        let mut request = ticket_request();
        // Another table than the one that there is.
        request.datasets[0].version = 2;
        request.sources[0].ds_version = 2;
        for index in &mut request.online_indices {
            index.ds_version = 2;
        }
        for index in &mut request.offline_indices {
            index.ds_version = 2;
        }
        let reply = commit(&server, token, PREVIEW, branch, &request.encode_to_vec());
        reply.ok()["plan"]["tables"][0]["history"].clone()
    };
    let reader = token_of(&server, "reader", &["reader:*"]);
    assert_eq!(history(&reader, "main")["rows"], 1);
    assert_eq!(history(&reader, "dev"), Json::Null);
    let deployer = token_of(&server, "deployer", &["deployer:*"]);
    assert_eq!(history(&deployer, "dev")["rows"], 1);
}
