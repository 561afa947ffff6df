//! A production server with roles: CI deploys, everybody else queries, and lost tokens are worth nothing.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fennel_tests::support::{Finished, Http, Process, Server, TOKEN, programs};
use serde_json::{Value, json};

use crate::sales::{END_OF_TIME, Oracle, sales, served_prices};
use crate::sync::sync;

/// The longest that a command takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a subcommand of `fennel-server` against a server.
fn fennel_server(server: &Server, token: &str, arguments: &[&str]) -> Finished {
    let mut command = Command::new(&programs().server);
    let command = command
        .env("FENNEL_URL", server.url())
        .env("FENNEL_TOKEN", token)
        .args(arguments);
    Process::start(command).finish(LIMIT)
}

/// What an admin's subcommand prints.
fn admin(server: &Server, arguments: &[&str]) -> String {
    let finished = fennel_server(server, TOKEN, arguments);
    assert_eq!(finished.code, Some(0), "{arguments:?}: {finished:?}");
    assert_eq!(finished.err, "");
    finished.out
}

/// A new token of an account, and its id.
fn token_of(server: &Server, account: &str) -> (String, String) {
    told(&admin(server, &["token", "create", account]))
}

/// The token and its id that a subcommand told.
fn told(out: &str) -> (String, String) {
    let told = |before: &str| {
        let (_, rest) = out.split_once(before).unwrap_or_else(|| panic!("{out}"));
        let end = rest.find([',', '\n']).unwrap();
        rest[..end].to_owned()
    };
    (told("shown only this once: "), told("\nid: "))
}

fn with(server: &Server, token: &str) -> Http {
    Http {
        token: token.into(),
        ..server.http()
    }
}

/// Everything that a reader's token may not do, each refused with 403.
fn cannot_write(http: &Http) {
    for parameters in ["preview=false", "preview=false&incremental=true"] {
        let reply = http.try_commit(&[], parameters).unwrap();
        assert!(
            reply
                .error(403)
                .contains("`write_definitions` on branch `main`")
        );
    }
    let sale = json!([{"ticket_id": "a", "price": 1, "at": "2024-01-01"}]);
    let error = http.log("example", "ticket_sale", &sale);
    assert!(error.error(403).contains("`write_data`"));
    for path in ["init", "delete"] {
        let reply = http.on("dev").post(path, &json!({}));
        assert!(reply.error(403).contains("`write_definitions`"));
    }
    for path in ["token", "role", "account", "audit"] {
        assert!(http.get(path).error(403).contains("`admin`"));
    }
    let made = http.post("token", &json!({"account": "admin"}));
    assert!(made.error(403).contains("`admin`"));
}

fn audit(server: &Server) -> Vec<Value> {
    let lines = admin(server, &["audit", "--jsonl", "--limit", "1000"]);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn count(audit: &[Value], what: &str, who: &str, outcome: &str) -> usize {
    let is_it = |entry: &&Value| {
        entry["what"] == what && entry["who"] == who && entry["outcome"] == outcome
    };
    audit.iter().filter(is_it).count()
}

#[test]
fn only_ci_deploys_to_production_and_lost_tokens_are_worth_nothing() {
    let (sales, data) = (sales(), tempfile::tempdir().unwrap());
    let oracle = Oracle::new(&sales);
    let server = Server::start(data.path());
    admin(
        &server,
        &["account", "set", "ci", "--role", "deployer:main"],
    );
    admin(
        &server,
        &["account", "set", "shop", "--role", "producer:example/*"],
    );
    admin(
        &server,
        &["account", "set", "model", "--role", "reader:main"],
    );
    admin(
        &server,
        &[
            "account",
            "set",
            "dev",
            "--role",
            "reader:*",
            "--role",
            "deployer:dev/*",
        ],
    );
    let (ci, _) = token_of(&server, "ci");
    let (shop, _) = token_of(&server, "shop");
    let (model, model_id) = token_of(&server, "model");
    let (dev, _) = token_of(&server, "dev");

    let refused = sync(&server.url(), &dev, &[]);
    assert!(
        refused.err.contains("`write_definitions` on branch `main`"),
        "{refused:?}"
    );
    let deployed = sync(&server.url(), &ci, &[]);
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    with(&server, &shop).post("log", &sales).ok();
    let ids = oracle.ids();
    let served = |server: &Server, token: &str| served_prices(&with(server, token), &ids, None);
    let prices = oracle.prices(END_OF_TIME);
    assert_eq!(served(&server, &model), prices);
    assert_eq!(served(&server, &dev), prices);
    let query = json!({
        "inputs": ["TicketFeatures.ticket_id"],
        "outputs": ["TicketFeatures.price"],
        "data": {"TicketFeatures.ticket_id": ["a"]},
    });
    for token in [&ci, &shop] {
        let reply = with(&server, token).post("query", &query);
        assert!(reply.error(403).contains("`read_data` on branch `main`"));
    }
    // A developer works on a branch of its own.
    let own = with(&server, &dev).on("dev/price");
    own.post("init", &json!({"clone_from": "main"})).ok();
    assert_eq!(served_prices(&own, &ids, None), prices);

    // A reader's token has leaked.
    cannot_write(&with(&server, &model));
    let rotated = admin(&server, &["token", "rotate", &model_id, "--overlap", "1h"]);
    let (renewed, _) = told(&rotated);
    assert_eq!(
        served(&server, &model),
        prices,
        "until whoever uses it has the new one"
    );
    assert_eq!(served(&server, &renewed), prices);
    // It was found somewhere, and nobody knows its id by heart.
    let revoked = admin(&server, &["token", "revoke", &model]);
    assert_eq!(revoked, format!("token {model_id} is revoked\n"));
    let lost = with(&server, &model);
    assert!(lost.post("query", &query).error(401).contains("revoked"));
    let before = audit(&server);
    let shown = [
        admin(&server, &["role", "list"]),
        admin(&server, &["account", "list"]),
    ];
    let Finished { out, err, .. } = server.stop();
    for token in [&ci, &shop, &model, &dev, &renewed] {
        assert!(!out.contains(token) && !err.contains(token));
    }

    let server = Server::start(data.path());
    assert_eq!(
        [
            admin(&server, &["role", "list"]),
            admin(&server, &["account", "list"])
        ],
        shown
    );
    assert_eq!(audit(&server)[..before.len()], before);
    let lost = with(&server, &model).post("query", &query);
    assert!(lost.error(401).contains("revoked"));
    assert_eq!(served(&server, &renewed), prices);
    cannot_write(&with(&server, &renewed));
    let again = sync(&server.url(), &ci, &[]);
    assert!(again.out.contains("Nothing changed"), "{again:?}");

    let audit = audit(&server);
    assert_eq!(count(&audit, "commit", "ci", "done"), 1);
    assert_eq!(count(&audit, "commit", "dev", "done"), 0);
    assert_eq!(count(&audit, "branch.init", "dev", "done"), 1);
    assert_eq!(count(&audit, "token.rotate", "admin", "done"), 1);
    assert_eq!(count(&audit, "token.revoke", "admin", "done"), 1);
    assert!(count(&audit, "POST /api/v1/log", "model", "denied") > 0);
    assert!(count(&audit, "POST /api/v1/commit", "model", "denied") > 0);
}

#[test]
fn a_kill_right_after_a_token_is_revoked_brings_it_not_back() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    admin(&server, &["account", "set", "bi", "--role", "reader:*"]);
    let (kept, _) = token_of(&server, "bi");
    let (gone, id) = token_of(&server, "bi");
    admin(&server, &["token", "revoke", &id]);
    server.kill();
    let server = Server::start(data.path());
    assert_eq!(with(&server, &kept).get("branch/list").status, 200);
    assert_eq!(with(&server, &gone).get("branch/list").status, 401);
}

#[test]
fn a_lost_admin_token_is_replaced_while_no_server_runs() {
    let data = tempfile::tempdir().unwrap();
    let reset = |folder: &Path| {
        let mut command = Command::new(&programs().server);
        let command = command
            .args(["token", "reset-admin", "--data-dir"])
            .arg(folder);
        Process::start(command).finish(LIMIT)
    };
    let server = Server::start(data.path());
    let refused = reset(data.path());
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains("a server runs on data folder"),
        "{refused:?}"
    );
    server.stop();
    let missing = reset(&data.path().join("nothing"));
    assert!(
        missing.err.contains("there is no data folder"),
        "{missing:?}"
    );
    assert!(!data.path().join("nothing").exists());
    let done = reset(data.path());
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let line = done.out.lines().next().unwrap();
    let token = line
        .strip_prefix("admin token, shown only this once: ")
        .unwrap();
    let server = Server::start_without_token(data.path());
    assert_eq!(with(&server, token).get("token").status, 200);
    assert!(
        with(&server, TOKEN)
            .get("token")
            .error(401)
            .contains("revoked")
    );
}

#[test]
fn subcommands_say_what_is_missing() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let run = |url: &str, token: Option<&str>| {
        let mut command = Command::new(&programs().server);
        command.env("FENNEL_URL", url).env_remove("FENNEL_TOKEN");
        if let Some(token) = token {
            command.env("FENNEL_TOKEN", token);
        }
        let finished = Process::start(command.args(["token", "list"])).finish(LIMIT);
        assert_eq!((finished.code, finished.out.as_str()), (Some(1), ""));
        finished.err
    };
    let url = server.url();
    assert!(run(&url, None).contains("FENNEL_TOKEN is not set"));
    assert!(run(&url, Some("")).contains("FENNEL_TOKEN: it can't be a token, since it is empty"));
    let odd = run(&url, Some("fnl_secret\nx"));
    assert!(
        odd.contains("a line break") && !odd.contains("fnl_secret"),
        "{odd}"
    );
    assert!(run(&url, Some("fnl_wrong")).contains("not valid on this server"));
    assert!(run("https://fennel.example.com", Some(TOKEN)).contains("plain HTTP"));
    assert!(run("http://127.0.0.1:1", Some(TOKEN)).contains("no server can be reached"));
    let with_break = format!("{TOKEN}\n");
    let listed = fennel_server(&server, &with_break, &["token", "list"]);
    assert_eq!(
        listed.code,
        Some(0),
        "a file's last line break does no harm: {listed:?}"
    );
}
