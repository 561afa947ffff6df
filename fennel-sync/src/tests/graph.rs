//! What `graph` draws, which needs no server.

use serde_json::Value as Json;

use super::Run;

#[test]
fn the_lineage_is_all_that_standard_output_gets() {
    let ran = Run::alone().run(&["graph"]);
    assert_eq!(
        ran.out,
        r#"flowchart LR
  n0[("Ticket, version 1<br/>tickets@shop.example")]
  subgraph n1 ["TicketFeatures<br/>tickets@shop.example"]
    n2("ticket_id")
    n3("price")
  end
  n0 --> n3
  n2 --> n3
"#
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let ran = Run::alone().run(&["graph", "--format", "json"]);
    let json: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&json["schema"], &json["nodes"][0]["name"]),
        (&1.into(), &"Ticket".into())
    );
    let ran = Run::alone().run(&["graph", "--format", "dot"]);
    assert!(ran.out.starts_with("digraph lineage {\n"), "{}", ran.out);
}

#[test]
fn one_entity_is_drawn_with_what_is_around_it() {
    let ran = Run::alone().run(&["graph", "Ticket", "--steps", "0"]);
    assert_eq!(
        ran.out,
        "flowchart LR\n  n0[(\"Ticket, version 1<br/>tickets@shop.example\")]\n"
    );
    let ran = Run::alone().run(&["graph", "Tiket"]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (
            2,
            "",
            "error: there is no dataset and no featureset `Tiket` to draw\n"
        )
    );
    let ran = Run::alone().run(&["graph", "--steps", "1"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
}
