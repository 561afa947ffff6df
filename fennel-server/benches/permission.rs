//! What a check of a permission costs, by the size of the role.
//!
//! `cargo bench -p fennel-server --bench permission`

#[allow(
    dead_code,
    unused_imports,
    reason = "a part of the server, with tests that don't run here"
)]
#[path = "../src/auth/glob.rs"]
mod glob;
#[allow(
    dead_code,
    reason = "a part of the server, of which the checks are measured"
)]
#[path = "../src/auth/role.rs"]
mod role;

use std::hint::black_box;
use std::time::Instant;

use role::{Grant, Mode, Rights};

/// How often each check is made in a row, and how many times that.
const CHECKS: u32 = 20_000;
const PASSES: usize = 101;

fn main() {
    println!("| role | branch | branch and 3 tags | endpoint | denied |");
    println!("|:--|--:|--:|--:|--:|");
    for (name, grants) in [
        (
            "reader of `main`",
            vec![grant(&["main"], &[], &["app/sales"])],
        ),
        (
            "three grants with tags",
            (0..3)
                .map(|_| grant(&["dev/*", "main"], &["~PII", "~card"], &["app/*"]))
                .collect(),
        ),
        ("100 patterns", vec![of_many(70, 15, 15)]),
    ] {
        let rights = Rights::compile("r", &grants).expect("the role is sound");
        let tags = ["model", "team-a", "stripe"];
        let timed = [
            time(|| rights.may(Mode::ReadData, black_box("main"))),
            time(|| {
                rights
                    .refused_tag(Mode::ReadData, black_box("main"), black_box(&tags))
                    .is_none()
            }),
            time(|| rights.may_log(black_box("app"), black_box("sales"))),
            time(|| {
                !rights.may(Mode::WriteDefinitions, black_box("main"))
                    && !rights.may(Mode::ReadData, black_box("production/eu"))
            }),
        ];
        let cells = timed.map(|nanos| format!("{nanos:.0} ns"));
        println!("| {name} | {} |", cells.join(" | "));
    }
}

/// How long a check takes, in nanoseconds: the median of the passes. It must say yes.
fn time(check: impl Fn() -> bool) -> f64 {
    assert!(check(), "the check says no");
    let mut passes = [0.0; PASSES].map(|_: f64| {
        let begin = Instant::now();
        for _ in 0..CHECKS {
            black_box(check());
        }
        begin.elapsed().as_secs_f64() * 1e9 / f64::from(CHECKS)
    });
    passes.sort_unstable_by(f64::total_cmp);
    passes.get(PASSES / 2).copied().unwrap_or_default()
}

fn grant(branches: &[&str], tags: &[&str], endpoints: &[&str]) -> Grant {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Grant {
        modes: vec![Mode::ReadData, Mode::WriteData],
        branches: texts(branches),
        tags: texts(tags),
        endpoints: texts(endpoints),
    }
}

/// As many patterns as a role may have, of which the last ones match.
fn of_many(branches: usize, tags: usize, endpoints: usize) -> Grant {
    let numbered = |count: usize, text: &str, last: &str| {
        let mut texts: Vec<String> = (1..count).map(|i| format!("{text}{i}")).collect();
        texts.push(last.to_owned());
        texts
    };
    Grant {
        modes: vec![Mode::ReadData, Mode::WriteData],
        branches: numbered(branches, "team-*/x", "main"),
        tags: numbered(tags, "~secret-*", "*"),
        endpoints: numbered(endpoints, "app/*-", "app/sales"),
    }
}
