//! The project that is deployed: datasets of five columns, each with a featureset that looks three of them up, as a user
//! writes them in Rust and in Python.

use std::fmt::Write;
use std::path::Path;

use fennel_benches::{Error, Project, ours};

/// How many datasets a crate has, so that no rustc needs much memory.
const PER_CRATE: usize = 500;
/// How many datasets, and as many featuresets, a file of Python has.
const PER_FILE: usize = 2;

/// What a user's program does before it speaks to a server, each step with its time.
const MAIN: &str = r#"use std::time::Instant;

use fennel_core::{registry, wire};
use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name the file for the request")?;
    let begin = Instant::now();
    let catalog = registry::collect(&CRATES)?;
    let collected = begin.elapsed();
    catalog.check(None)?;
    let checked = begin.elapsed();
    let bytes = wire::encode(&catalog, None, "a deploy").encode_to_vec();
    let encoded = begin.elapsed();
    std::fs::write(path, bytes)?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.map_or("0", |line| line.trim().trim_end_matches(" kB"));
    let [collect, check, encode] = [collected, checked - collected, encoded - checked].map(|took| took.as_secs_f64());
    println!("{{\"collect\": {collect}, \"check\": {check}, \"encode\": {encode}, \"peak_kib\": {peak}}}");
    Ok(())
}
"#;

/// Writes crates with so many datasets, and a program that has them; answers the program's name.
pub(crate) fn rust(project: &Project, datasets: usize) -> Result<String, Error> {
    let program = format!("deploy{datasets}");
    let crates: Vec<String> = (0..datasets.div_ceil(PER_CRATE))
        .map(|part| format!("part{datasets}_{part}"))
        .collect();
    for (part, name) in crates.iter().enumerate() {
        project.member(name, &ours("fennel", ""))?;
        let first = part * PER_CRATE;
        let entities = (first..datasets.min(first + PER_CRATE)).map(rust_pair);
        let text = format!(
            "//! Users.\n\nuse fennel::prelude::*;\n\nfennel::owner!(\"team@example.com\");\n\npub static APP: Webhook = Webhook::new(\"app\");\n\n{}",
            entities.collect::<String>()
        );
        project.write(&format!("{name}/src/lib.rs"), &text)?;
    }
    let own = crates.iter().fold(String::new(), |mut all, name| {
        let _ = writeln!(all, "{name} = {{ path = \"../{name}\" }}");
        all
    });
    let core = ours("fennel-core", "fennel-core");
    let prost = "prost = { version = \"0.14\", default-features = false }\n";
    project.member(&program, &format!("{core}{prost}{own}"))?;
    let linked: String = crates
        .iter()
        .map(|name| format!("use {name} as _;\n"))
        .collect();
    let head = format!(
        "//! Encodes what it has.\n\n{linked}const CRATES: [&str; {}] = {crates:?};\n\n",
        crates.len()
    );
    project.write(&format!("{program}/src/main.rs"), &format!("{head}{MAIN}"))?;
    Ok(program)
}

fn rust_pair(i: usize) -> String {
    format!(
        r#"#[dataset(index)]
#[source(APP.endpoint("user{i}"), disorder = "14d", cdc = upsert)]
pub struct User{i} {{
    #[field(key)]
    pub uid: i64,
    pub name: String,
    pub age: i64,
    pub score: f64,
    pub at: DateTime<Utc>,
}}

#[featureset]
pub struct Features{i} {{
    pub uid: i64,
    #[feature(User{i}::name)]
    pub name: Option<String>,
    #[feature(User{i}::age)]
    pub age: Option<i64>,
    #[feature(User{i}::score)]
    pub score: Option<f64>,
}}

"#
    )
}

/// Writes the same as files of Python into a folder.
pub(crate) fn python(folder: &Path, datasets: usize) -> Result<(), Error> {
    const HEAD: &str = "from datetime import datetime\nfrom typing import Optional\n\nfrom fennel.connectors import Webhook, source\nfrom fennel.datasets import dataset, field\nfrom fennel.featuresets import feature as F, featureset\nfrom fennel.lib import meta\n\napp = Webhook(name=\"app\")\n\n";
    let all: Vec<usize> = (0..datasets).collect();
    for (number, few) in all.chunks(PER_FILE).enumerate() {
        let entities: String = few.iter().copied().map(python_pair).collect();
        let path = folder.join(format!("users{number}.py"));
        std::fs::write(path, format!("{HEAD}{entities}"))?;
    }
    Ok(())
}

fn python_pair(i: usize) -> String {
    format!(
        r#"
@meta(owner="team@example.com")
@source(app.endpoint("user{i}"), disorder="14d", cdc="upsert")
@dataset(index=True)
class User{i}:
    uid: int = field(key=True)
    name: str
    age: int
    score: float
    at: datetime


@meta(owner="team@example.com")
@featureset
class Features{i}:
    uid: int
    name: Optional[str] = F(User{i}.name)
    age: Optional[int] = F(User{i}.age)
    score: Optional[float] = F(User{i}.score)

"#
    )
}
