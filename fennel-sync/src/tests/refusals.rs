//! Runs that a server, or the lack of one, ends.

use serde_json::{Value as Json, json};

use super::server::{Reply, Server, json};
use super::{Ran, Run, TOKEN};

/// A run against a server with one answer.
fn against(reply: Reply) -> Ran {
    Run::against(&Server::start(vec![reply]).url).run(&[])
}

/// The error, without the server's address.
fn error(ran: &Ran) -> String {
    let url = ran.out.split(' ').nth(1).unwrap().trim_end_matches(',');
    ran.err.replace(url, "URL")
}

#[test]
fn each_problem_of_a_refusal_has_a_line_with_the_place_of_its_definition() {
    let ran = against(json(
        409,
        &json!({
            "err_msg": "all of them in one text",
            "problems": [
                {"kind": "dataset", "entity": "Ticket", "member": "", "message": "write version = 2"},
                {"kind": "featureset", "entity": "TicketFeatures", "member": "price", "message": "odd\u{1b}[2J"},
                {"kind": "dataset", "entity": "Gone", "member": "", "message": "left out",
                 "file": "/somewhere/else.rs", "line": 1},
                {"kind": null, "entity": "", "member": "", "message": "too many"},
            ],
        }),
    ));
    assert_eq!(ran.code, 3);
    assert_eq!(
        ran.err,
        r"error: the server refuses this commit (status 409) for 4 problems
  dataset `Ticket`: write version = 2 (src/lib.rs:9)
  featureset `TicketFeatures.price`: odd\u{1b}[2J (src/lib.rs:20)
  dataset `Gone`: left out
  too many
"
    );
}

#[test]
fn the_code_that_solves_a_problem_is_shown_whether_or_not_the_entity_is_still_there() {
    let deleted = |name: &str| format!("#[meta(deleted)]\n{name}: i64,\n");
    let refusal = json!({
        "err_msg": "all of them in one text",
        "problems": [
            {"kind": "featureset", "entity": "TicketFeatures", "member": "fee", "message": "it is left out",
             "code": deleted("fee")},
            {"kind": "dataset", "entity": "Gone", "member": "", "message": "it is left out",
             "code": "#[dataset]\nstruct Gone {}\n"},
        ],
    });
    let ran = against(json(409, &refusal));
    assert_eq!(
        ran.err,
        "error: the server refuses this commit (status 409) for 2 problems
  featureset `TicketFeatures.fee`: it is left out (src/lib.rs:20)
  dataset `Gone`: it is left out

To delete what is left out, paste this, commit, and take it out again:

#[dataset]
struct Gone {}

To delete what is left out of TicketFeatures, paste this into it, commit, and take it out again:

#[meta(deleted)]
fee: i64,
"
    );
    let server = Server::start(vec![json(409, &refusal)]);
    let ran = Run::against(&server.url).run(&["--format", "json"]);
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    let problem = &report["error"]["problems"][0];
    assert_eq!(
        (&problem["code"], &problem["line"]),
        (&json!(deleted("fee")), &json!(20))
    );
}

#[test]
fn a_refusal_without_problems_has_the_servers_words() {
    let ran = against(json(
        404,
        &json!({"err_msg": "no branch `x`; there is `main`"}),
    ));
    assert_eq!(ran.code, 3);
    assert_eq!(
        ran.err,
        "error: the server refuses this commit (status 404): no branch `x`; there is `main`\n"
    );
}

#[test]
fn a_branch_that_is_not_there_comes_with_the_way_to_create_it() {
    let reply = json(404, &json!({"err_msg": "no branch `dev`; there is `main`"}));
    let server = Server::start(vec![reply]);
    let ran = Run::against(&server.url).run(&["--branch", "dev"]);
    assert_eq!(ran.code, 3);
    assert_eq!(
        error(&ran),
        "error: the server refuses this commit (status 404): no branch `dev`; there is `main`; if you want a new branch, create it with `sync branch create dev`, or `sync branch clone main dev` for one that begins as `main` is\n"
    );
}

#[test]
fn a_token_that_is_not_accepted_is_an_error_of_its_own() {
    let words = format!("`{TOKEN}` is unknown");
    let ran = against(json(401, &json!({"err_msg": words})));
    assert_eq!(ran.code, 4);
    assert_eq!(
        ran.err,
        "error: the server does not accept the token in FENNEL_TOKEN or --token (status 401): `[token]` is unknown\n"
    );
    let ran = against(Reply::Answer(403, "", "<html>".into()));
    assert_eq!(ran.code, 4);
    assert_eq!(ran.err, "error: the token may not do this (status 403)\n");
}

#[test]
fn a_redirect_is_not_followed() {
    let location = "location: https://me:secret@other.example/login?token=secret\r\n";
    let ran = against(Reply::Answer(302, location, String::new()));
    assert_eq!(ran.code, 3);
    assert_eq!(
        error(&ran),
        "error: URL answers with a redirect (status 302) to https://other.example/login, which is not followed; write the server's own address into FENNEL_URL\n"
    );
}

#[test]
fn what_does_not_speak_like_a_fennel_server_is_said_to_be_none() {
    let echo = format!(r#"{{"headers": {{"Authorization": "Bearer {TOKEN}"}}}}"#);
    let twisted = format!(r#"{{"commit": null, "changed": "{TOKEN}"}}"#);
    for (status, body) in [
        (200, "<html>hello</html>"),
        (200, ""),
        (200, "{}"),
        (200, &*echo),
        (200, &*twisted),
        (204, ""),
        (404, "<html>nothing here</html>"),
        (400, "{\"error\": \"bad\"}"),
        (501, "no"),
    ] {
        let ran = against(Reply::Answer(status, "", body.into()));
        assert_eq!(ran.code, 3, "{ran:?}");
        let error = error(&ran);
        assert!(
            error.starts_with("error: URL doesn't look like a fennel server: "),
            "{error}"
        );
        assert!(
            error.ends_with("; check the address in FENNEL_URL\n"),
            "{error}"
        );
    }
}

#[test]
fn what_is_not_http_is_no_fennel_server() {
    let ran = against(Reply::Raw("SSH-2.0-OpenSSH_9.6\r\n"));
    assert_eq!(ran.code, 3);
    assert!(
        error(&ran)
            .starts_with("error: URL doesn't look like a fennel server: its answer is no HTTP ("),
        "{ran:?}"
    );
}

#[test]
fn a_connection_that_breaks_off_each_time_is_not_reachable() {
    let server = Server::start((0..5).map(|_| Reply::Hangup).collect());
    let ran = Run::against(&server.url).run(&[]);
    assert_eq!(ran.code, 5);
    let start = "error: URL can't be reached, after 5 tries: the connection broke off, ";
    assert!(error(&ran).starts_with(start), "{ran:?}");
}

#[test]
fn plain_http_behind_an_https_address_is_not_reachable() {
    let server = Server::start(
        (0..5)
            .map(|_| Reply::Raw("HTTP/1.1 400 \r\n\r\n"))
            .collect(),
    );
    let url = server.url.replace("http:", "https:");
    assert_eq!(Run::against(&url).run(&[]).code, 5);
}

#[test]
fn a_server_that_is_not_there_is_not_reachable() {
    let url = "http://127.0.0.1:1";
    let ran = Run::against(url).run(&["--format", "json"]);
    assert_eq!(ran.code, 5);
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["error"]["kind"], "not_reachable");
    let message = report["error"]["message"].as_str().unwrap();
    let expected =
        format!("{url} can't be reached, after 5 tries: no connection, Connection refused");
    assert!(message.starts_with(&expected), "{message}");
    let hint = "; see whether the server runs, and check the address in FENNEL_URL";
    assert!(message.ends_with(hint), "{message}");
}

#[test]
fn a_server_that_stays_down_is_tried_five_times() {
    let down = || json(503, &json!({"err_msg": "starting"}));
    let server = Server::start((0..5).map(|_| down()).collect());
    let ran = Run::against(&server.url).run(&[]);
    assert_eq!(ran.code, 5);
    assert_eq!(
        error(&ran),
        "error: URL can't answer now, after 5 tries: status 503: starting\n"
    );
    assert_eq!(server.asked().len(), 5);
}

#[test]
fn a_refusal_of_the_commit_itself_comes_after_its_plan() {
    let planned = json!({"commit": null, "changed": true, "diff": {"entities": []}});
    let refusal = json!({"err_msg": "the branch has another head by now"});
    let server = Server::start(vec![json(200, &planned), json(409, &refusal)]);
    let ran = Run::against(&server.url).run(&["--format", "json"]);
    assert_eq!(ran.code, 3);
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["outcome"], "failed");
    assert!(report["plan"].is_object());
}
