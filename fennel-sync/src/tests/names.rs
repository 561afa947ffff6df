//! Runs that look at which server answers.

use serde_json::{Value as Json, json};

use super::server::{Reply, Server, json};
use super::{Ran, Run};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An answer to a commit that creates something.
fn answer(server: &Json) -> Reply {
    let diff = json!({"entities": [
        {"kind": "dataset", "name": "Ticket", "change": "created", "fields": []},
    ]});
    let body = json!({"commit": "0a1b2c3d4e5f", "changed": true, "server": server, "diff": diff});
    json(200, &body)
}

fn identity(name: &str, version: &str) -> Json {
    json!({"name": name, "version": version})
}

/// A run that gets these answers, and what the server was asked.
fn run(replies: Vec<Reply>, args: &[&str]) -> (Ran, Vec<String>) {
    let server = Server::start(replies);
    let ran = Run::against(&server.url).run(args);
    let asked = server.asked();
    let first = |head: &str| {
        head.split(" HTTP")
            .next()
            .unwrap()
            .replace("&incremental=false&backfill=true", "")
    };
    (ran, asked.iter().map(|asked| first(&asked.head)).collect())
}

#[test]
fn a_plan_shows_the_servers_name_and_version() {
    let prod = identity("prod", VERSION);
    let (ran, _) = run(vec![answer(&prod)], &["plan"]);
    let lines: Vec<_> = ran.out.lines().skip(1).take(2).collect();
    assert_eq!(
        lines,
        [
            &*format!("Name: prod, version {VERSION}"),
            "Plan: 1 created"
        ]
    );

    let (ran, _) = run(vec![answer(&prod)], &["plan", "--format", "json"]);
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["server"]["name"], "prod");
    assert_eq!(report["server"]["version"], VERSION);
}

#[test]
fn the_expected_server_is_asked_for_its_name_first_and_then_committed_to() {
    let prod = identity("prod", VERSION);
    let replies = vec![json(200, &prod), answer(&prod), answer(&prod)];
    let (ran, asked) = run(replies, &["--expect-server", "prod"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    // The id of a commit is chosen at random.
    let calls: Vec<_> = asked
        .iter()
        .filter_map(|call| call.split('&').next())
        .collect();
    assert_eq!(
        calls,
        [
            "GET /api/v1/server",
            "POST /api/v1/commit?preview=true",
            "POST /api/v1/commit?preview=false",
        ]
    );
}

#[test]
fn another_server_than_the_expected_gets_nothing() {
    let unnamed = json!({"err_msg": "there is no call `/api/v1/server`"});
    for (reply, is) in [
        (json(200, &identity("dev", VERSION)), "server `dev`"),
        (json(200, &identity("Prod", VERSION)), "server `Prod`"),
        (json(200, &identity("", VERSION)), "server ``"),
        (
            json(200, &identity("de\u{1b}[2Jv", VERSION)),
            "server `de\\u{1b}[2Jv`",
        ),
        (json(404, &unnamed), "a server without a name"),
    ] {
        let (ran, asked) = run(vec![reply], &["--expect-server", "prod"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(
            ran.err.ends_with(&format!(
                " is {is}, and --expect-server expects `prod`; nothing was committed; check the address\n"
            )),
            "{ran:?}"
        );
        assert_eq!(asked, ["GET /api/v1/server"]);
    }
}

#[test]
fn a_server_that_is_another_one_by_the_time_of_the_plan_is_committed_nothing() {
    for told in [identity("dev", VERSION), Json::Null] {
        let replies = vec![json(200, &identity("prod", VERSION)), answer(&told)];
        let (ran, asked) = run(replies, &["--expect-server", "prod"]);
        assert_eq!((ran.code, asked.len()), (2, 2), "{ran:?}");
    }
}

#[test]
fn a_name_that_no_server_has_is_wrong_usage() {
    for name in ["", "a b", "a\n", "https://prod.example", "prüfung"] {
        let ran = Run::against("http://127.0.0.1:1").run(&["--expect-server", name]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(
            ran.err
                .starts_with("error: --expect-server is not a server's name"),
            "{ran:?}"
        );
    }
}

#[test]
fn a_server_of_another_version_is_named_whatever_else_it_answers() {
    let of = |version: &str, rest: Json| {
        let mut body = rest;
        body["server"] = identity("prod", version);
        json(200, &body)
    };
    for (reply, version) in [
        (
            of(
                "9.2.1",
                json!({"commit": null, "changed": true, "diff": {"entities": []}}),
            ),
            "9.2.1",
        ),
        (
            of("9.2.1", json!({"plan": "of a kind that is not known yet"})),
            "9.2.1",
        ),
        (of("0.99.0", json!({})), "0.99.0"),
        (of("", json!({})), ""),
        (of("odd\u{7}", json!({})), "odd\\u{7}"),
    ] {
        let (ran, asked) = run(vec![reply], &[]);
        assert_eq!((ran.code, asked.len()), (3, 1), "{ran:?}");
        let says = format!(
            " runs version {version} of fennel-server, which does not go with version {VERSION} of fennel-sync in this program; nothing was committed; build"
        );
        assert!(ran.err.contains(&says), "{ran:?}");
    }
    let (ran, asked) = run(
        vec![json(200, &identity("prod", "9.0.0"))],
        &["--expect-server", "prod"],
    );
    assert_eq!((ran.code, asked.len()), (3, 1), "{ran:?}");
}

#[test]
fn a_later_server_of_the_same_kind_is_one_to_talk_to() {
    let (generation, _) = VERSION.rsplit_once('.').unwrap();
    let (ran, _) = run(
        vec![answer(&identity("prod", &format!("{generation}.77")))],
        &["plan"],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn who_may_not_ask_for_the_name_is_told_as_everywhere() {
    let (ran, _) = run(
        vec![json(401, &json!({"err_msg": "no"}))],
        &["--expect-server", "prod"],
    );
    assert_eq!(ran.code, 4, "{ran:?}");
    let (ran, _) = run(
        vec![Reply::Answer(200, "", "<html>".into())],
        &["--expect-server", "prod"],
    );
    assert_eq!(ran.code, 3, "{ran:?}");
}
