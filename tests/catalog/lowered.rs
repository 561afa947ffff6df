//! What pipelines come to: the kernels that an engine runs.

use std::collections::BTreeSet;

use fennel_core::kernel::{Kernel, Program};

use crate::project::catalog;

/// The kernels between a dataset and those it is made of.
fn kernels(dataset: &str) -> String {
    let program = catalog().lower(None).expect("the project is right");
    let table = table(&program, dataset);
    let mut wanted = BTreeSet::new();
    let mut open = program.nodes[table].inputs.clone();
    while let Some(at) = open.pop() {
        if !matches!(program.nodes[at].kernel, Kernel::Table(_)) && wanted.insert(at) {
            open.extend(&program.nodes[at].inputs);
        }
    }
    let lines = wanted.iter().map(|at| {
        let node = &program.nodes[*at];
        let inputs = node
            .inputs
            .iter()
            .map(|input| match program.nodes[*input].kernel {
                Kernel::Table(name) => name.to_owned(),
                // By position among those that are shown.
                _ => format!("#{}", wanted.range(..input).count()),
            });
        let inputs = inputs.collect::<Vec<_>>().join(", ");
        format!("{} <- {inputs}\n  {}", node.kernel, node.output)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn table(program: &Program<'_>, dataset: &str) -> usize {
    let mut nodes = program.nodes.iter();
    let found =
        nodes.position(|node| matches!(node.kernel, Kernel::Table(name) if name == dataset));
    found.expect("each dataset has a table")
}

#[test]
fn what_is_done_to_each_row_is_one_kernel() {
    assert_eq!(
        kernels("Line"),
        "rows filter amount.fill_null(0.0) > 0.0 | dropnull amount <- Order
  uid: i64, buyer: i64, skus: Vec<String>, amount: f64, time at
join left on buyer == uid, at most 30d older, at most 2h younger, adds country <- #0, User
  uid: i64, buyer: i64, skus: Vec<String>, amount: f64, country: Option<String>, time at
rows assign usd = amount * 1.08 | rename skus to sku | explode sku | drop buyer, amount <- #1
  uid: i64, sku: Option<String>, country: Option<String>, usd: f64, time at"
    );
    assert_eq!(
        kernels("Change"),
        "rows drop sku | changelog, gone for deletes <- LastLine
  uid: i64, country: String, usd: f64, gone: bool, time at"
    );
}

#[test]
fn what_several_steps_take_is_computed_once() {
    assert_eq!(
        kernels("Seen"),
        "rows dropnull sku, country <- Line
  uid: i64, sku: String, usd: f64, country: String, time at
join inner on uid == uid, at most 1d older, adds r#type <- #0, User
  uid: i64, sku: String, usd: f64, country: String, r#type: Option<String>, time at
rows drop sku, usd, country, r#type <- #1
  uid: i64, time at
rows filter country != \"DE\" | drop sku, usd, country, r#type <- #1
  uid: i64, time at
merge <- #2, #3
  uid: i64, time at
rows drop sku, usd, country <- Line
  uid: i64, time at
pick first by uid at one time <- #5
  uid: i64, time at
merge <- #4, #6
  uid: i64, time at
pick first by uid in one session(\"10m\") <- #7
  uid: i64, time at"
    );
}

#[test]
fn groups_are_picked_from_or_folded() {
    assert_eq!(
        kernels("FirstSeen"),
        "pick first by uid <- Seen\n  key uid: i64, time at"
    );
    assert_eq!(
        kernels("LastLine"),
        "rows dropnull country <- Line
  uid: i64, sku: Option<String>, usd: f64, country: String, time at
pick latest by uid, country <- #0
  key uid: i64, key country: String, sku: Option<String>, usd: f64, time at"
    );
    assert_eq!(
        kernels("Hourly"),
        "fold by uid in tumbling(\"1h\"): usd = sum(usd, tumbling(\"1h\")); told at the end of windows \
         <- Line
  key uid: i64, key window: Window, usd: f64, time at"
    );
    let stats = kernels("Stats");
    assert!(
        stats.starts_with("fold by uid: lines = count(\"forever\"), skus = count(sku, \"7d\", "),
        "{stats}"
    );
    assert!(stats.contains("; computed when read <- Line\n"), "{stats}");
}

#[test]
fn a_program_begins_with_sources_and_ends_with_tables() {
    let program = catalog().lower(None).expect("the project is right");
    let shown = program.to_string();
    assert!(
        shown.starts_with(
            "#0 source webhook app, endpoint users, upsert
    key uid: i64, country: String, r#type: Option<String>, time at
#1 table User <- #0
    key uid: i64, country: String, r#type: Option<String>, time at
"
        ),
        "{shown}"
    );
    for (i, node) in program.nodes.iter().enumerate() {
        assert!(node.inputs.iter().all(|input| *input < i), "{node}");
    }
    // Each table is there once, whoever takes its rows.
    let tables = program.nodes.iter();
    let tables = tables.filter(|node| matches!(node.kernel, Kernel::Table(_)));
    assert_eq!(tables.count(), catalog().datasets().len());
}
