//! Properties of whole graphs of pipelines.
//!
//! A graph of random definitions (`generate`) is committed, and a random history of rows arrives in several ways
//! (`arrival`): in every order that keeps those that tie as they are, in requests of any size, with
//! restarts between, and before the definitions as well as after them; and with other rows between, that are
//! erased again. All ways must come to the same tables and the
//! same answers, to the bit, and these must be those of the `oracle`, which computes them from the definitions. Where older
//! rows were removed before a commit, what it makes must be what the oracle computes of those that were `left`.
//!
//! `FENNEL_CASES` says how many graphs are tried and `FENNEL_SEED` which is the first. With `FENNEL_SECONDS` instead of
//! `FENNEL_CASES`, further graphs are tried until so many seconds have passed, and the number of them is printed: the one
//! that is being tried then is the last. A case that fails is made smaller and printed with its seed;
//! `FENNEL_SEED=<seed> FENNEL_CASES=1` repeats it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod arrival;
mod case;
mod cases;
mod compare;
mod generate;
mod graph;
mod left;
mod logged;
mod oracle;
mod run;
mod scenarios;
mod value;

use std::env;
use std::io::{self, Write as _};
use std::ops::Range;
use std::time::{Duration, Instant};

use case::Case;
use generate::Random;
use graph::Graph;

/// How many graphs are tried, unless the environment says it.
const CASES: u64 = 64;

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is `{text}`, and no number")),
    )
}

/// How many are to be tried, or for how long.
fn at_least_one(name: &str) -> Option<u64> {
    let count = number(name)?;
    assert!(count > 0, "{name} is 0, and so nothing would be tried");
    Some(count)
}

/// The first seed to try.
fn first() -> u64 {
    number("FENNEL_SEED").unwrap_or(1)
}

/// The seeds to try, where no time is given.
fn seeds() -> Range<u64> {
    first()..first() + at_least_one("FENNEL_CASES").unwrap_or(CASES)
}

/// Tries seeds, as many as there is time for or as there are to be.
fn hold(graph: impl Fn(&mut Random) -> Graph) {
    let Some(seconds) = at_least_one("FENNEL_SECONDS") else {
        return seeds().for_each(|seed| hold_for(seed, &graph));
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let in_time = (first()..).take_while(|_| Instant::now() < end);
    let tried = in_time.map(|seed| hold_for(seed, &graph)).count();
    // What is printed with a macro isn't shown of a test that passes.
    let told = format!("{tried} seeds from {} on hold\n", first());
    io::stderr().write_all(told.as_bytes()).unwrap();
}

/// Panics with the smallest case of the seed, if it fails.
fn hold_for(seed: u64, graph: impl Fn(&mut Random) -> Graph) {
    let case = Case::random(seed, &graph);
    if case.check().is_some() {
        let case = case.shrink();
        let told = case.check().expect("a smaller case fails too");
        panic!("seed {seed}:\n{case}\n{told}");
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
    let graphs = (0..400).map(|seed| Graph::random(&mut Random::new(seed)));
    let graphs: Vec<_> = graphs.collect();
    let in_order = graphs.iter().filter(|graph| graph.needs_apart()).count();
    assert!(
        in_order > 10,
        "{in_order} graphs ask for the order of changes"
    );
    let placed = graphs
        .iter()
        .filter(|graph| graph.places_versions())
        .count();
    assert!(placed > 10, "{placed} graphs place versions by a column");
    let doubled = graphs.iter().filter(|graph| graph.doubles_rows()).count();
    assert!(doubled > 10, "{doubled} graphs take what steps made twice");
    let graphs: String = graphs.iter().map(Graph::to_string).collect();
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
        "lookback",
        "emit = final",
        "dedup: true",
        "dropnull: true",
        "unique: true",
        "window).aggregate(",
        "done).aggregate(",
        "tags).latest()",
        "Max(None) of `done`",
    ];
    for part in [&operators[..], &windows, &aggregates, &options].concat() {
        assert!(graphs.contains(part), "no graph has `{part}`");
    }
}

#[test]
fn any_way_of_arrival_comes_to_what_the_definitions_say() {
    hold(Graph::random);
}
