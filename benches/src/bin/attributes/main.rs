//! What the attributes cost in rustc, beside serde's derives on the same structs.
//!
//! It writes crates of 500 structs, has cargo check each of them from nothing and again after one field
//! got another type, takes off what an empty crate takes, and divides by the number of structs.

mod generate;

use std::time::Duration;

use clap::Parser;
use fennel_benches::{Error, Project, Run, Table, median, millis, ours};

use generate::Structs;

/// Measures what the attributes cost in rustc, beside serde's derives.
#[derive(Parser)]
struct Args {
    /// How many structs each crate has
    #[arg(long, default_value_t = 500)]
    structs: usize,
    /// How often each crate is checked; the medians are shown
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// A generated crate, and its checks.
struct Subject {
    name: &'static str,
    what: &'static str,
    structs: Structs,
    clean: Vec<Run>,
    incremental: Vec<Run>,
}

impl Subject {
    fn new(name: &'static str, what: &'static str, structs: Structs) -> Subject {
        Subject {
            name,
            what,
            structs,
            clean: Vec::new(),
            incremental: Vec::new(),
        }
    }

    fn write(&self, project: &Project, changed: bool) -> Result<(), Error> {
        let source = self.structs.source(changed);
        project.write(&format!("{}/src/lib.rs", self.name), &source)
    }

    fn measure(&mut self, project: &Project) -> Result<(), Error> {
        let check = ["check", "--package", self.name];
        self.write(project, false)?;
        project.cargo(&["clean", "--package", self.name])?;
        self.clean.push(project.cargo(&check)?);
        self.write(project, true)?;
        self.incremental.push(project.cargo(&check)?);
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let Args { structs, runs } = Args::parse();
    let mut empty = Subject::new("empty", "", Structs::None);
    let mut subjects = [
        Subject::new("with_serde", "serde's derives", Structs::Serde(structs)),
        Subject::new("datasets", "datasets", Structs::Datasets(structs)),
        Subject::new(
            "lookups",
            "datasets and featuresets, half each",
            Structs::Lookups(structs / 2),
        ),
        Subject::new("plain", "no attributes", Structs::Plain(structs)),
    ];

    let project = Project::new()?;
    for subject in subjects.iter().chain([&empty]) {
        project.member(subject.name, &dependencies())?;
        subject.write(&project, false)?;
    }
    eprintln!("checking the dependencies");
    project.cargo(&["check", "--package", empty.name])?;
    for run in 1..=runs {
        eprintln!("run {run} of {runs}");
        // One after the other, so that other work on the machine meets all of them.
        for subject in subjects.iter_mut().chain([&mut empty]) {
            subject.measure(&project)?;
        }
    }

    println!("Milliseconds a struct of processor time, beyond what an empty crate takes:\n");
    println!("{}", table(&subjects, &empty, structs, |run| run.cpu));
    println!("The same on the clock, which other work on the machine lengthens:\n");
    println!("{}", table(&subjects, &empty, structs, |run| run.wall));
    Ok(())
}

fn dependencies() -> String {
    let chrono = "chrono = { version = \"0.4\", default-features = false, features = [\"std\", \"serde\"] }\n";
    let serde = "serde = { version = \"1\", features = [\"derive\"] }\n";
    format!("{}{chrono}{serde}", ours("fennel", ""))
}

/// A row for each subject; the ratios are to the first.
fn table(
    subjects: &[Subject],
    empty: &Subject,
    structs: usize,
    time: fn(&Run) -> Duration,
) -> Table {
    let middle = |runs: &[Run]| millis(median(runs.iter().map(time)));
    let cost = |subject: &Subject| {
        let beyond =
            |runs: &[Run], nothing: &[Run]| (middle(runs) - middle(nothing)) / structs as f64;
        let clean = beyond(&subject.clean, &empty.clean);
        (clean, beyond(&subject.incremental, &empty.incremental))
    };
    let mut table = Table::new(&[
        "structs with",
        "clean",
        "of serde's",
        "incremental",
        "of serde's",
    ]);
    let first = subjects.first().map_or((0.0, 0.0), cost);
    for subject in subjects {
        let (clean, incremental) = cost(subject);
        table.row([
            subject.what.to_owned(),
            format!("{clean:.2}"),
            format!("{:.2}", clean / first.0),
            format!("{incremental:.2}"),
            format!("{:.2}", incremental / first.1),
        ]);
    }
    table
}
