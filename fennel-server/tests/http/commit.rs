//! Commits and branches.

use std::sync::Barrier;

use fennel_server::ServerName;
use prost::Message as _;
use serde_json::{Value as Json, json};

use crate::support::{TestServer, ticket, ticket_request};

const COMMIT: &str = "/api/v1/commit";

fn is_id(json: &Json) -> bool {
    let is_hex = |id: &str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    json.as_str().is_some_and(is_hex)
}

#[test]
fn a_commit_tells_what_it_created_and_the_same_again_changes_nothing() {
    let server = TestServer::start();
    let first = server.commit(&ticket()).ok();
    assert_eq!(first["changed"], true);
    assert_eq!(first["preview"], false);
    assert_eq!(first["branch"], "main");
    assert!(is_id(&first["commit"]), "{first}");
    let created = first["diff"]["entities"].as_array().unwrap();
    assert!(
        created.iter().all(|entity| entity["change"] == "created"),
        "{first}"
    );
    let summary = first["summary"].as_array().unwrap();
    assert!(
        summary
            .iter()
            .all(|line| line.as_str().unwrap().ends_with('\n')),
        "{first}"
    );
    assert_eq!(summary[0], "dataset `Ticket`: created\n");

    let again = server.commit(&ticket()).ok();
    assert_eq!(again["changed"], false);
    assert_eq!(again["commit"], first["commit"]);
}

#[test]
fn a_preview_tells_and_changes_nothing() {
    let server = TestServer::start();
    let call = server.call(
        "POST",
        "/api/v1/commit?preview=true&incremental=false&backfill=true",
    );
    let preview = call
        .content("application/octet-stream", &ticket())
        .send()
        .ok();
    assert_eq!(
        (&preview["changed"], &preview["preview"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(preview["commit"], Json::Null);
    assert_eq!(server.get("/api/v1/dataset/Ticket/inspect").status, 404);
}

#[test]
fn a_commit_and_a_call_of_its_own_tell_which_server_answers() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::configured(dir, |config| {
        config.name = Some(ServerName::new("staging").unwrap());
    });
    let told = json!({"name": "staging", "version": env!("CARGO_PKG_VERSION")});
    assert_eq!(server.commit(&ticket()).ok()["server"], told);
    assert_eq!(server.get("/api/v1/server").ok(), told);
    let unknown = server.call("GET", "/api/v1/server").without_token().send();
    assert!(!unknown.error(401).contains("staging"));
}

#[test]
fn parameters_have_the_defaults_of_the_python_client() {
    let server = TestServer::start();
    let call = server
        .call("POST", COMMIT)
        .content("application/x-protobuf", &ticket())
        .send()
        .ok();
    assert_eq!(
        (&call["changed"], &call["preview"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn an_omitted_entity_is_a_conflict_that_names_it() {
    let server = TestServer::with_tickets();
    let reply = server.commit(b"");
    let error = reply.error(409);
    assert!(
        error.contains("`Ticket`") && error.contains("`TicketFeatures`"),
        "{error}"
    );
    let problems = reply.json()["problems"].clone();
    assert_eq!(problems.as_array().unwrap().len(), 2, "{problems}");
    assert!(problems[0]["message"].is_string() && problems[0]["entity"].is_string());

    let call = server.call("POST", "/api/v1/commit?incremental=true");
    let incremental = call.content("application/octet-stream", b"").send().ok();
    assert_eq!(incremental["changed"], false);
}

#[test]
fn wrong_definitions_are_listed_one_by_one() {
    let server = TestServer::start();
    let mut request = ticket_request();
    request.datasets[0].metadata.as_mut().unwrap().owner.clear();
    request.feature_sets[0]
        .metadata
        .as_mut()
        .unwrap()
        .owner
        .clear();
    let reply = server.commit(&request.encode_to_vec());
    let error = reply.error(400);
    assert!(
        error.contains("`Ticket`") && error.contains("`TicketFeatures`"),
        "{error}"
    );
    assert!(reply.json()["problems"].as_array().unwrap().len() >= 2);
    assert_eq!(
        server.get("/api/v1/dataset/Ticket/inspect").status,
        404,
        "nothing is committed"
    );
}

#[test]
fn of_equal_commits_at_once_one_changes_something() {
    let server = TestServer::start();
    let barrier = Barrier::new(4);
    let replies: Vec<Json> = std::thread::scope(|scope| {
        let commits = [(); 4].map(|()| {
            scope.spawn(|| {
                barrier.wait();
                server.commit(&ticket()).ok()
            })
        });
        commits
            .into_iter()
            .map(|commit| commit.join().unwrap())
            .collect()
    });
    assert_eq!(
        replies
            .iter()
            .filter(|reply| reply["changed"] == true)
            .count(),
        1
    );
    assert!(
        replies
            .iter()
            .all(|reply| reply["commit"] == replies[0]["commit"])
    );
}

#[test]
fn of_conflicting_commits_at_once_one_wins() {
    let server = TestServer::start();
    let mut other = ticket_request();
    other.datasets[0].history.as_mut().unwrap().seconds += 86_400;
    let requests = [ticket(), other.encode_to_vec()];
    let barrier = Barrier::new(2);
    let replies = std::thread::scope(|scope| {
        let commits = requests.each_ref().map(|request| {
            scope.spawn(|| {
                barrier.wait();
                server.commit(request)
            })
        });
        commits.map(|commit| commit.join().unwrap())
    });
    let mut status = replies.each_ref().map(|reply| reply.status);
    status.sort_unstable();
    assert_eq!(status, [200, 409]);
    let winner = replies
        .iter()
        .position(|reply| reply.status == 200)
        .unwrap();
    assert_eq!(server.commit(&requests[winner]).ok()["changed"], false);
}

#[test]
fn branches_are_made_by_the_header_and_listed() {
    let server = TestServer::start();
    let init = |name: &str, body: &Json| {
        let body = body.to_string();
        let call = server.call("POST", "/api/v1/init").branch(name);
        call.content("application/json", body.as_bytes()).send()
    };
    assert_eq!(init("dev/a", &json!({})).ok(), json!({"branch": "dev/a"}));
    let error = init("dev/a", &json!({})).error(409);
    assert!(error.contains("dev/a"), "{error}");
    assert!(init("main", &json!({})).error(409).contains("main"));
    assert_eq!(init("a b", &json!({})).status, 400);
    assert_eq!(init("b", &json!({"clone_form": "main"})).status, 400);
    assert!(
        init("b", &json!({"clone_from": "prod"}))
            .error(404)
            .contains("prod")
    );
    assert_eq!(
        init("b", &json!({"clone_from": "dev/a"})).ok(),
        json!({"branch": "b"})
    );
    assert_eq!(
        server.get("/api/v1/branch/list").ok(),
        json!({"branches": [{"name": "b"}, {"name": "dev/a"}, {"name": "main"}]})
    );
    let delete = |name: &str| {
        let call = server.call("POST", "/api/v1/delete").branch(name);
        call.content("application/json", b"{}").send()
    };
    assert_eq!(delete("dev/a").ok(), json!({"branch": "dev/a"}));
    assert!(delete("dev/a").error(404).contains("dev/a"));
    assert_eq!(delete("main").status, 400);
    assert_eq!(
        server.get("/api/v1/branch/list").ok(),
        json!({"branches": [{"name": "b"}, {"name": "main"}]})
    );
}

#[test]
fn a_commit_goes_to_the_branch_of_the_header() {
    let server = TestServer::start();
    server
        .call("POST", "/api/v1/init")
        .branch("dev")
        .content("application/json", b"{}")
        .send()
        .ok();
    let call = server.call("POST", COMMIT).branch("dev");
    let reply = call
        .content("application/octet-stream", &ticket())
        .send()
        .ok();
    assert_eq!(reply["branch"], "dev");
    assert_eq!(
        server.get("/api/v1/dataset/Ticket/inspect").status,
        404,
        "main has no Ticket"
    );
    let inspect = server
        .call("GET", "/api/v1/dataset/Ticket/inspect")
        .branch("dev")
        .send();
    assert_eq!(inspect.status, 200);
}
