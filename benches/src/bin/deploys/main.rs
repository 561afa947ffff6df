//! What a deploy costs: collecting, checking, encoding, planning and committing datasets with their featuresets, beside
//! the encoding of the same by the public Python client.
//!
//! `cargo run --release -p fennel-benches --bin deploys -- --datasets 10,1000,10000`

mod generate;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use fennel_benches::{Error, Project, Python, Table, Took, millis, peak, reset_peak};
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{CommitOptions, Engine, SystemClock};
use prost::Message as _;
use serde::Deserialize;

/// The public client.
const CLIENT: &str = "fennel-ai==1.5.80";

/// Measures what deploys of made-up projects take, in milliseconds.
#[derive(Parser)]
struct Args {
    /// How many datasets there are, each with a featureset. Crates of 10,000 take rustc some minutes
    #[arg(long, value_delimiter = ',', default_value = "10,1000")]
    datasets: Vec<usize>,
    /// A Python that has the public client; without it, a virtual environment is made for this run
    #[arg(long)]
    python: Option<PathBuf>,
    /// Wait for a line break once everything is built, and before anything is measured
    #[arg(long)]
    wait: bool,
}

/// What a user's program takes before it speaks to a server, in seconds.
#[derive(Deserialize)]
struct Program {
    collect: f64,
    check: f64,
    encode: f64,
    peak_kib: u64,
}

fn main() -> Result<(), Error> {
    let args = Args::parse();
    let project = Project::new()?;
    let programs: Vec<PathBuf> = args
        .datasets
        .iter()
        .map(|datasets| build(&project, *datasets))
        .collect::<Result<_, _>>()?;
    let python = Python::with(&[CLIENT], args.python.as_deref());
    if let Err(reason) = &python {
        println!("The Python client is left out: {reason}\n");
    }
    if args.wait {
        println!("Ready.");
        std::io::stdin().read_line(&mut String::new())?;
    }
    let mut table = Table::new(&[
        "datasets",
        "collect",
        "check",
        "encode",
        "plan",
        "commit",
        "again",
        "clone",
        "all, µs an entity",
        "bytes",
        "sync MiB",
        "server MiB",
    ]);
    let mut encoded = Vec::new();
    for (datasets, program) in args.datasets.iter().zip(&programs) {
        let (ours, bytes) = encode(program)?;
        reset_peak();
        let (engine, took) = deploy(&bytes)?;
        table.row(stage_row(*datasets, &ours, &took, bytes.len()));
        encoded.push((*datasets, ours, engine));
    }
    println!("{table}");
    // By far the longest.
    if let Ok(python) = python {
        println!("{}", compare(&python, &encoded)?);
    }
    Ok(())
}

/// Runs a program, and answers what it took and the request that it made.
fn encode(program: &Path) -> Result<(Program, Vec<u8>), Error> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("request");
    let output = Command::new(program).arg(&path).output()?;
    Ok((serde_json::from_slice(&output.stdout)?, fs::read(path)?))
}

/// Has Python encode the same definitions, of which each engine has to find that they are.
fn compare(python: &Python, encoded: &[(usize, Program, Engine)]) -> Result<Table, Error> {
    let mut table = Table::new(&[
        "datasets",
        "here, µs an entity",
        "Python, µs an entity",
        "of Python's",
        "Python MiB",
    ]);
    for (datasets, ours, engine) in encoded {
        let folder = tempfile::tempdir()?;
        generate::python(folder.path(), *datasets)?;
        let theirs = python.measure(folder.path(), include_str!("encode.py"), "")?;
        let request = fs::read(folder.path().join("request"))?;
        if commit(engine, &request, true)?.changed {
            return Err("the definitions in Python are others".into());
        }
        table.row(encoding_row(*datasets, ours, &theirs));
    }
    Ok(table)
}

/// Builds a program with so many datasets, and answers where it is.
fn build(project: &Project, datasets: usize) -> Result<PathBuf, Error> {
    let name = generate::rust(project, datasets)?;
    project.cargo(&["build", "--release", "--package", &name])?;
    Ok(project.program("release", &name))
}

/// The stages of a server: a plan, the commit, a plan of the same again, and a clone of the branch.
fn deploy(bytes: &[u8]) -> Result<(Engine, [Duration; 4]), Error> {
    let engine = Engine::open(Store::in_memory(), Arc::new(SystemClock))?;
    let mut begin = Instant::now();
    let mut took = [Duration::ZERO; 4];
    let stages = [(true, true), (false, true), (true, false)];
    for (took, (preview, changes)) in took.iter_mut().zip(stages) {
        let done = commit(&engine, bytes, preview)?;
        *took = begin.elapsed();
        begin = Instant::now();
        if done.changed != changes {
            return Err("a commit changes what it should not".into());
        }
    }
    engine.clone_branch("main", "clone")?;
    took[3] = begin.elapsed();
    Ok((engine, took))
}

/// Commits as the server does, which decodes what it got each time.
fn commit(engine: &Engine, bytes: &[u8], preview: bool) -> Result<fennel_engine::Commit, Error> {
    let request = SyncRequest::decode(bytes)?;
    let options = CommitOptions {
        preview,
        ..CommitOptions::default()
    };
    Ok(engine.commit("main", &request, options)?)
}

fn stage_row(datasets: usize, ours: &Program, served: &[Duration; 4], bytes: usize) -> Vec<String> {
    let local = [ours.collect, ours.check, ours.encode].map(|seconds| seconds * 1e3);
    let stages = local.into_iter().chain(served.iter().copied().map(millis));
    let stages: Vec<f64> = stages.collect();
    let an_entity = stages.iter().sum::<f64>() * 1e3 / (2 * datasets) as f64;
    let cells = stages.iter().map(|took| format!("{took:.2}"));
    let end = [
        format!("{an_entity:.0}"),
        bytes.to_string(),
        (ours.peak_kib >> 10).to_string(),
        (peak() >> 20).to_string(),
    ];
    [datasets.to_string()]
        .into_iter()
        .chain(cells)
        .chain(end)
        .collect()
}

fn encoding_row(datasets: usize, ours: &Program, theirs: &Took) -> Vec<String> {
    let an_entity = |seconds: f64| seconds * 1e6 / (2 * datasets) as f64;
    vec![
        datasets.to_string(),
        format!("{:.2}", an_entity(ours.encode)),
        format!("{:.0}", an_entity(theirs.answer)),
        format!("1/{:.0}", theirs.answer / ours.encode),
        (theirs.memory >> 20).to_string(),
    ]
}
