//! What a crate that only syncs costs to build from nothing, beside a bare HTTP client.
//!
//! Two bare crates: one with reqwest's default features, as `cargo add reqwest` gives them, and one with
//! those that `fennel-sync` chose.

use clap::Parser;
use fennel_benches::{Error, Project, Run, Table, median, ours};

/// Measures the clean build of a crate that only syncs.
#[derive(Parser)]
struct Args {
    /// How often each crate is built; the medians are shown
    #[arg(long, default_value_t = 1)]
    runs: usize,
}

const DEFINITIONS: &str = r#"//! One dataset.
use fennel::prelude::*;

fennel::owner!("team@example.com");

pub static APP: Webhook = Webhook::new("app");

#[dataset(index)]
#[source(APP.endpoint("sales"), disorder = "14d", cdc = upsert)]
pub struct Sale {
    #[field(key)]
    pub id: String,
    pub price: i64,
    pub at: DateTime<Utc>,
}
"#;

const BARE: &str = r#"//! A bare client.
#[derive(serde::Serialize)]
struct Sale {
    id: String,
}

#[tokio::main]
async fn main() {
    let sale = Sale { id: String::new() };
    let _ = reqwest::Client::builder().build().map(|client| client.post("http://localhost").json(&sale));
}
"#;

fn main() -> Result<(), Error> {
    let Args { runs } = Args::parse();
    let project = Project::new()?;
    let serde = "serde = { version = \"1\", features = [\"derive\"] }\n";
    let tokio = "tokio = { version = \"1\", features = [\"rt-multi-thread\", \"macros\"] }\n";
    let lean = "default-features = false, features = [\"json\", \"rustls-no-provider\"]";
    let ring = "rustls = { version = \"0.23\", default-features = false, features = [\"ring\", \"std\"] }\n";
    let subjects = [
        (
            "syncs",
            "a crate that only syncs",
            format!(
                "{}{}",
                ours("fennel", ""),
                ours("fennel-sync", "fennel-sync")
            ),
        ),
        (
            "bare",
            "serde, tokio, reqwest",
            format!("{serde}{tokio}reqwest = {{ version = \"0.13\", features = [\"json\"] }}\n"),
        ),
        (
            "bare_lean",
            "the same, reqwest as fennel-sync has it",
            format!("{serde}{tokio}{ring}reqwest = {{ version = \"0.13\", {lean} }}\n"),
        ),
    ];
    for (name, _, dependencies) in &subjects {
        project.member(name, dependencies)?;
    }
    project.write("syncs/src/lib.rs", DEFINITIONS)?;
    project.write("syncs/src/bin/sync.rs", "fennel_sync::main!(syncs);\n")?;
    project.write("bare/src/main.rs", BARE)?;
    project.write("bare_lean/src/main.rs", BARE)?;

    let mut builds: Vec<Vec<Run>> = vec![Vec::new(); subjects.len()];
    for run in 1..=runs {
        eprintln!("run {run} of {runs}");
        for ((name, ..), builds) in subjects.iter().zip(&mut builds) {
            project.clean()?;
            builds.push(project.cargo(&["build", "--package", name])?);
        }
    }
    let mut table = Table::new(&[
        "a clean build of",
        "crates",
        "s of processor",
        "s",
        "of the bare one's",
    ]);
    let cpu = |runs: &[Run]| median(runs.iter().map(|run| run.cpu)).as_secs_f64();
    let bare = builds.get(1).map_or(1.0, |runs| cpu(runs));
    for ((_, what, _), runs) in subjects.iter().zip(&builds) {
        table.row([
            (*what).to_owned(),
            runs.first().map_or(0, |run| run.crates).to_string(),
            format!("{:.1}", cpu(runs)),
            format!(
                "{:.1}",
                median(runs.iter().map(|run| run.wall)).as_secs_f64()
            ),
            format!("{:.2}", cpu(runs) / bare),
        ]);
    }
    println!("{table}");
    Ok(())
}
