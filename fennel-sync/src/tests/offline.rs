//! What needs no server: help, `check`, `dump`, and everything that is wrong before one is asked.

use fennel_core::catalog::Catalog;
use fennel_core::entity::Dataset;
use serde_json::{Value as Json, json};

use super::definitions::{TICKET, TICKET_FEATURES};
use super::{Run, TOKEN};

#[test]
fn check_counts_what_is_right() {
    let ran = Run::alone().run(&["check"]);
    assert_eq!(
        ran.out,
        "The definitions are right: 1 dataset, 1 featureset\n"
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn wrong_definitions_are_listed_with_their_places_before_any_server_is_asked() {
    for args in [&["check"][..], &["dump"], &["graph"], &["plan"], &[]] {
        let mut run = Run::against("http://fennel.invalid");
        let mut catalog = Catalog::default();
        catalog.push_dataset(Dataset {
            version: 0,
            fields: &[],
            ..TICKET
        });
        catalog.push_featureset(TICKET_FEATURES);
        run.catalog = Ok(catalog);
        let ran = run.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        let mut lines = ran.err.lines();
        assert!(
            lines
                .next()
                .unwrap()
                .starts_with("error: the definitions have "),
            "{ran:?}"
        );
        for line in lines {
            assert!(line.contains(" (src/lib.rs:"), "{line}");
        }
    }
}

#[test]
fn dump_is_the_request_with_the_protocols_names() {
    let ran = Run::alone().run(&["dump"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let request: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(request["message"], "sync of tickets");
    assert_eq!(request["datasets"][0]["name"], "Ticket");
    assert_eq!(
        request["datasets"][0]["dsschema"]["keys"]["fields"],
        json!([{"name": "ticket_id", "dtype": {"string_type": {}}}])
    );
    assert_eq!(request["feature_sets"][0]["name"], "TicketFeatures");
    let named = Run::alone().run(&["dump", "--message", ""]);
    let request: Json = serde_json::from_str(&named.out).unwrap();
    assert_eq!(request.get("message"), None);
}

#[test]
fn help_explains_exit_codes_and_shows_no_variables_value() {
    let ran = Run::against("http://fennel.invalid").run(&["sync", "--help"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for text in [
        "FENNEL_URL",
        "FENNEL_TOKEN",
        "--no-backfill",
        "  5  not reachable",
    ] {
        assert!(ran.out.contains(text), "{}", ran.out);
    }
    assert!(!ran.out.contains("fennel.invalid"));
}

#[test]
fn help_tells_what_an_offline_query_needs() {
    let ran = Run::alone().run(&["query-offline", "--help"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for text in [
        "Usage: sync query-offline [OPTIONS] --output <NAME> --input <URL> --given <FEATURE[=COLUMN]>\n",
        "       sync query-offline [OPTIONS] --output <NAME> --data <FILE>\n",
        "  6  the output is there, without rows that failed",
    ] {
        assert!(ran.out.contains(text), "{}", ran.out);
    }
}

#[test]
fn wrong_usage_is_exit_code_2_and_does_not_show_the_token() {
    for args in [
        &["--tokn", TOKEN][..],
        &["check", "--url", "http://x"],
        &["--preview=yes"],
        &["--format", "yaml"],
        &["--token", TOKEN, "--token", TOKEN],
        &["--branch", ""],
        &["--env", "~prod"],
        &["--token"],
        // It has no plan to be shown so.
        &["history", "--format", "markdown"],
        &["branch", "list", "--format", "markdown"],
    ] {
        let ran = Run::against("http://fennel.invalid").run(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.starts_with("error: "), "{ran:?}");
    }
}

#[test]
fn a_crate_without_definitions_is_not_passed_over() {
    let mut run = Run::against("http://fennel.invalid");
    run.catalog = Err(fennel_core::Error::EmptyCrate("tickets".into()));
    let ran = run.run(&["--format", "json"]);
    assert_eq!(ran.code, 2);
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["definitions"], Json::Null);
    assert!(
        ran.err.starts_with("error: crate `tickets` has no "),
        "{ran:?}"
    );
}
