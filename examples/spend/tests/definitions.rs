//! The definitions are right for each environment, and what they come to is what we mean.

use std::process::{Command, Output};

use fennel::prelude::DateTime;
use spend::{User, UserFeatures};

/// What the program says, with credentials in its environment that nothing may show.
fn sync(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spend-sync"));
    for variable in ["KAFKA_USER", "KAFKA_PASSWORD", "PG_USER", "PG_PASSWORD"] {
        command.env(variable, "hunter2");
    }
    command.args(args).output().expect("the program runs")
}

fn said(output: Output) -> String {
    let errors = String::from_utf8(output.stderr).expect("errors are text");
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("answers are text")
}

#[test]
fn the_definitions_come_to_what_we_mean() {
    let explained = said(sync(&["check", "--env", "prod", "--explain"]));
    assert_eq!(explained, include_str!("explained.txt"));
}

#[test]
fn what_is_made_of_what_is_drawn() {
    let drawn = |format| said(sync(&["graph", "--env", "prod", "--format", format]));
    assert_eq!(drawn("mermaid"), include_str!("drawn.mmd"));
    assert_eq!(drawn("dot"), include_str!("drawn.dot"));
}

#[test]
fn the_definitions_are_right_in_every_environment() {
    for env in ["prod", "dev"] {
        let checked = said(sync(&["check", "--env", env]));
        assert_eq!(
            checked,
            "The definitions are right: 3 datasets, 2 featuresets\n"
        );
    }
}

#[test]
fn an_environment_has_its_own_source_of_purchases() {
    let purchases = |env| {
        let dump = said(sync(&["dump", "--env", env]));
        let request: serde_json::Value = serde_json::from_str(&dump).expect("a request is JSON");
        let sources = request["sources"].as_array().expect("there are sources");
        let source = sources
            .iter()
            .find(|source| source["dataset"] == "Purchase");
        source.expect("purchases have a source")["table"].clone()
    };
    assert_eq!(purchases("prod")["kafka_topic"]["topic"], "purchases");
    assert_eq!(purchases("dev")["endpoint"]["endpoint"], "purchase");
}

#[test]
fn a_request_is_shown_without_its_credentials() {
    let dump = said(sync(&["dump", "--env", "prod"]));
    assert!(
        dump.contains("[redacted]") && !dump.contains("hunter2"),
        "{dump}"
    );
}

#[test]
fn a_function_of_features_is_a_function() {
    let user = User {
        uid: 7,
        country: "US".into(),
        born: None,
        updated_at: DateTime::UNIX_EPOCH,
    };
    let ratio = 4.0;
    assert_eq!(
        UserFeatures::risk("10.0.0.1", 7, ratio, Some(user)),
        (0.4, "low".into())
    );
    assert_eq!(
        UserFeatures::risk("10.0.0.1", 7, ratio, None),
        (1.0, "high".into())
    );
}
