//! Properties of whole graphs of pipelines.
//!
//! A graph of random definitions (`generate`) is committed, and a random history of rows arrives in several ways
//! (`arrival`): in every order that keeps those that tie as they are, in requests of any size, with
//! restarts between, and before the definitions as well as after them; and with other rows between, that are
//! erased again. All ways must come to the same tables and the
//! same answers, to the bit, and these must be those of the `oracle`, which computes them from the definitions.
//!
//! `FENNEL_CASES` says how many graphs are tried and `FENNEL_SEED` which is the first. A case that fails is made
//! smaller and printed with its seed; `FENNEL_SEED=<seed> FENNEL_CASES=1` repeats it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arrival;
mod case;
mod cases;
mod compare;
mod generate;
mod graph;
mod oracle;
mod run;
mod scenarios;
mod value;

use std::env;
use std::ops::Range;

use case::Case;
use generate::Random;
use graph::Graph;

/// The seeds to try.
fn seeds() -> Range<u64> {
    let number = |name: &str, default: u64| {
        let text = env::var(name).ok();
        text.map_or(default, |text| text.parse().expect("a number"))
    };
    let first = number("FENNEL_SEED", 1);
    first..first + number("FENNEL_CASES", 64)
}

/// Panics with the smallest case of the first seed that fails.
fn hold(graph: impl Fn(&mut Random) -> Graph) {
    for seed in seeds() {
        let case = Case::random(seed, &graph);
        if case.check().is_some() {
            let case = case.shrink();
            let told = case.check().expect("a smaller case fails too");
            panic!("seed {seed}:\n{case}\n{told}");
        }
    }
}

#[test]
fn generated_definitions_are_accepted() {
    for seed in seeds() {
        let graph = Graph::random(&mut Random::new(seed));
        assert_eq!(graph.problems(), None, "seed {seed}:\n{graph}");
        assert_eq!(Graph::read(&graph.request()), graph, "seed {seed}");
    }
}

#[test]
fn generated_definitions_use_all_that_there_is() {
    let graphs = (0..400).map(|seed| Graph::random(&mut Random::new(seed)).to_string());
    let graphs: String = graphs.collect();
    let operators = [
        ".filter(",
        ".assign(",
        ".drop(",
        ".rename(",
        ".dropnull(",
        ".explode(",
        ".dedup(",
        ".union(",
        ".join_left(",
        ".join_inner(",
        ".first()",
        ".latest()",
        ".changelog(",
        ".aggregate(",
    ];
    let windows = [
        "over forever",
        "tumbling(",
        "hopping(",
        "hopping(forever",
        "session(",
    ];
    let aggregates = [
        "Count", "Sum", "Average", "Min", "Max", "Stddev", "Quantile", "Distinct", "LastK",
        "FirstK", "DecaySum",
    ];
    let options = [
        "within",
        "fields",
        "along = ",
        "emit = final",
        "dedup: true",
        "dropnull: true",
        "unique: true",
    ];
    for part in [&operators[..], &windows, &aggregates, &options].concat() {
        assert!(graphs.contains(part), "no graph has `{part}`");
    }
}

#[test]
fn any_way_of_arrival_comes_to_what_the_definitions_say() {
    hold(Graph::random);
}
