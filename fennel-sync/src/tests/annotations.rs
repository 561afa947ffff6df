//! What GitHub gets to show in a change.

use serde_json::json;

use super::server::{Server, json};
use super::{Ran, Run};

fn in_github(run: Run<'_>) -> Run<'_> {
    run.with("GITHUB_ACTIONS", "true")
        .with("CI", "true")
        .within(std::path::Path::new("."))
}

fn annotations(ran: &Ran) -> Vec<&str> {
    ran.err
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect()
}

#[test]
fn each_problem_of_a_refusal_is_at_the_struct_that_caused_it() {
    let refusal = json!({
        "err_msg": "all of them in one text",
        "problems": [
            {"kind": "dataset", "entity": "Ticket", "member": "", "message": "100 % wrong: write version = 2"},
            {"kind": "featureset", "entity": "TicketFeatures", "member": "price", "message": "odd\r\n::error::fake"},
            {"kind": "dataset", "entity": "Gone, or not", "member": "", "message": "left out"},
            {"kind": null, "entity": "", "member": "", "message": "too many"},
        ],
    });
    for args in [&[][..], &["--format", "json"]] {
        let server = Server::start(vec![json(409, &refusal)]);
        let ran = in_github(Run::against(&server.url)).run(args);
        assert_eq!(ran.code, 3);
        assert_eq!(
            annotations(&ran),
            [
                "::error file=src/lib.rs,line=9,title=dataset Ticket::100 %25 wrong: write version = 2",
                "::error file=src/lib.rs,line=20,title=featureset TicketFeatures.price::odd\\r\\n::error::fake",
                "::error title=dataset Gone%2C or not::left out",
                "::error title=sync::too many",
            ]
        );
        assert!(
            !ran.out
                .lines()
                .any(|line| line.trim_start().starts_with("::"))
        );
    }
}

#[test]
fn problems_that_no_server_was_needed_for_are_at_their_structs_too() {
    let mut run = in_github(Run::alone());
    let mut catalog = super::definitions::catalog();
    let mut wrong = super::definitions::TICKET;
    wrong.name = "Wrong";
    wrong.location = super::definitions::at(33);
    wrong.meta.owner = "";
    catalog.push_dataset(wrong);
    run.catalog = Ok(catalog);
    let ran = run.run(&["check"]);
    assert_eq!(ran.code, 2);
    let annotations = annotations(&ran);
    assert_eq!(annotations.len(), 1, "{ran:?}");
    let start = "::error file=src/lib.rs,line=33,title=dataset Wrong::";
    assert!(annotations[0].starts_with(start), "{ran:?}");
}

#[test]
fn other_errors_are_annotations_of_the_whole() {
    let ran = in_github(Run::alone()).run(&[]);
    assert_eq!(ran.code, 2);
    let annotations = annotations(&ran);
    assert_eq!(annotations.len(), 1, "{ran:?}");
    assert!(
        annotations[0].starts_with("::error title=sync::FENNEL_URL and FENNEL_TOKEN are not set"),
        "{ran:?}"
    );
}

#[test]
fn what_uses_something_deprecated_is_warned_of_where_it_is() {
    let plan = json!({
        "schema": 1, "created": 0, "changed": 1, "deprecated": 0, "deleted": 0, "retired": 0, "unchanged": 0,
        "entities": [], "tables": [], "tags": [], "destructive": [],
        "deprecated_uses": [{
            "user": {"kind": "featureset", "entity": "TicketFeatures", "member": "price"},
            "used": {"kind": "dataset", "entity": "Ticket", "member": ""},
        }],
    });
    let diff = json!({"entities": []});
    let answer = json!({"commit": null, "changed": true, "diff": diff, "plan": plan});
    let server = Server::start(vec![json(200, &answer)]);
    let ran = in_github(Run::against(&server.url)).run(&["plan"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        annotations(&ran),
        [
            "::warning file=src/lib.rs,line=20,title=feature TicketFeatures.price::it uses dataset Ticket, which is deprecated"
        ]
    );
}

#[test]
fn elsewhere_there_are_none() {
    let ran = Run::alone().with("CI", "true").run(&[]);
    assert_eq!((ran.code, annotations(&ran).len()), (2, 0));
    let server = Server::start(vec![json(
        200,
        &json!({"commit": null, "changed": false, "diff": {"entities": []}}),
    )]);
    let ran = in_github(Run::against(&server.url)).run(&[]);
    assert_eq!((ran.code, &*ran.err), (0, ""), "nothing is wrong");
}
