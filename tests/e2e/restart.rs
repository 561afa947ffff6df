//! A server that is stopped and started again.

use std::fs;
use std::time::Duration;

use fennel_tests::support::{Finished, Process, Server, TOKEN};
use serde_json::json;

use crate::sales::{END_OF_TIME, Oracle, sales, served_prices, ticket_server};
use crate::sync::sync;

#[test]
fn a_restart_keeps_everything() {
    let (sales, data) = (sales(), tempfile::tempdir().unwrap());
    let oracle = Oracle::new(&sales);
    let server = ticket_server(data.path());
    let http = server.http();
    http.post("log", &sales).ok();
    http.log("example", "ticket_sale", &json!([{"ticket_id": "a"}]))
        .ok();
    http.on("dev/price-2").post("init", &json!({})).ok();
    let calls = [
        "branch/list",
        "dataset/Ticket/inspect?n=10000",
        "dataset/Ticket/rejects",
    ];
    let before = calls.map(|call| http.get(call).ok());
    let committed = sync(&server.url(), TOKEN, &[]).out;
    server.stop();

    let server = Server::start(data.path());
    let http = server.http();
    assert_eq!(calls.map(|call| http.get(call).ok()), before);
    assert_eq!(
        served_prices(&http, &oracle.ids(), None),
        oracle.prices(END_OF_TIME)
    );
    let line = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("Nothing changed"))
            .map(str::to_owned)
    };
    let again = sync(&server.url(), TOKEN, &[]).out;
    assert!(
        line(&again).is_some() && line(&again) == line(&committed),
        "{committed}{again}"
    );
}

#[test]
fn what_is_cut_off_a_journal_is_told_and_damage_stops_the_start() {
    let data = tempfile::tempdir().unwrap();
    Server::start(data.path()).stop();
    let journal = data.path().join("data/0.jnl");
    let mut bytes = fs::read(&journal).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    bytes.truncate(used);
    fs::write(&journal, [&bytes[..], b"\x01half a write"].concat()).unwrap();
    let Finished { err, .. } = Server::start(data.path()).stop();
    let told = format!(
        "warning: {} ended with 13 bytes of a write that isn't whole; they are cut off at byte {used}\n",
        journal.display()
    );
    assert_eq!(err, told);

    let mut bytes = fs::read(&journal).unwrap();
    // In the first of several batches.
    bytes[20] ^= 1;
    fs::write(&journal, bytes).unwrap();
    let mut refused = Process::start(&mut Server::command(data.path()));
    assert_eq!(refused.line(Duration::from_secs(60)), None);
    let Finished { code, err, .. } = refused.finish(Duration::from_secs(60));
    assert_eq!(code, Some(1));
    assert!(
        err.contains("is damaged, restore it from a backup: ")
            && err.contains("0.jnl is broken at byte "),
        "{err}"
    );
}

#[test]
fn the_admin_token_is_told_on_the_first_start_only() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_without_token(data.path());
    let (url, Finished { out, err, .. }) = (server.url(), server.stop());
    let told = "admin token, shown only this once: ";
    let token = out
        .lines()
        .find_map(|line| line.strip_prefix(told))
        .unwrap_or_else(|| panic!("{out}"))
        .to_owned();
    assert_eq!(err, "");
    assert!(!url.contains(&token));

    let server = Server::start_without_token(data.path());
    let committed = sync(&server.url(), &token, &[]);
    assert_eq!(committed.code, Some(0), "it is valid: {committed:?}");
    let Finished { out, err, .. } = server.stop();
    assert!(!out.contains(&token) && !out.contains(told), "{out}");
    assert_eq!(err, "");
}
