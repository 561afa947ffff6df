//! What `#[pipeline]` costs a user's `cargo check`.
//!
//! It writes a shop's crate of `N` datasets, `N` pipelines and `N / 2` featuresets, has cargo check it
//! from nothing and again after one file changed, takes off what an empty crate takes, and divides by
//! the number of entities.

mod generate;

use clap::Parser;
use fennel_benches::{Error, Passes, Project, Run, Table, median, millis, ours};

/// Measures what pipelines cost in rustc.
#[derive(Parser)]
struct Args {
    /// How many datasets and pipelines each crate has
    #[arg(long, value_delimiter = ',', default_value = "100,200,400")]
    pipelines: Vec<usize>,
    /// How often each crate is checked; the medians are shown
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

/// A crate of so many pipelines, and its checks.
struct Subject {
    pipelines: usize,
    clean: Vec<Run>,
    incremental: Vec<Run>,
    passes: Option<Passes>,
}

impl Subject {
    fn new(pipelines: usize) -> Subject {
        Subject {
            pipelines,
            clean: Vec::new(),
            incremental: Vec::new(),
            passes: None,
        }
    }

    fn name(&self) -> String {
        format!("shop_{}", self.pipelines)
    }

    fn write(&self, project: &Project, changed: bool) -> Result<(), Error> {
        let name = self.name();
        for (path, text) in generate::crate_of(self.pipelines, changed) {
            project.write_changed(&format!("{name}/{path}"), &text)?;
        }
        Ok(())
    }

    fn measure(&mut self, project: &Project) -> Result<(), Error> {
        let name = self.name();
        let check = ["check", "--package", &name];
        self.write(project, false)?;
        project.cargo(&["clean", "--package", &name])?;
        self.clean.push(project.cargo(&check)?);
        self.write(project, true)?;
        self.incremental.push(project.cargo(&check)?);
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let Args { pipelines, runs } = Args::parse();
    let mut empty = Subject::new(0);
    let mut subjects: Vec<Subject> = pipelines.into_iter().map(Subject::new).collect();

    let project = Project::new()?;
    // Lets rustc tell the passes of these crates, and leaves all others as they are.
    let names: Vec<String> = subjects.iter().map(Subject::name).collect();
    let told = format!("[env]\nRUSTC_BOOTSTRAP = \"{}\"\n", names.join(","));
    project.write(".cargo/config.toml", &told)?;
    for subject in subjects.iter().chain([&empty]) {
        project.member(&subject.name(), &ours("fennel", ""))?;
        subject.write(&project, false)?;
    }
    eprintln!("checking the dependencies");
    project.cargo(&["check", "--package", &empty.name()])?;
    for run in 1..=runs {
        eprintln!("run {run} of {runs}");
        // One after the other, so that other work on the machine meets all of them.
        for subject in subjects.iter_mut().chain([&mut empty]) {
            subject.measure(&project)?;
        }
    }
    for subject in &mut subjects {
        subject.passes = project.passes(&subject.name())?;
    }

    println!("{}", ratios(&subjects, &empty));
    println!("{}", table(&subjects));
    if subjects.iter().any(|subject| subject.passes.is_none()) {
        println!("This rustc doesn't tell its passes: shares and memory are left out.");
    }
    Ok(())
}

/// Milliseconds of processor time an entity beyond an empty crate, and how they grow.
fn ratios(subjects: &[Subject], empty: &Subject) -> Table {
    let cpu = |runs: &[Run]| millis(median(runs.iter().map(|run| run.cpu)));
    let cost = |subject: &Subject| {
        let entities = generate::entities(subject.pipelines).max(1) as f64;
        let clean = (cpu(&subject.clean) - cpu(&empty.clean)) / entities;
        let incremental = (cpu(&subject.incremental) - cpu(&empty.incremental)) / entities;
        (clean, incremental)
    };
    let first = subjects.first().map_or((0.0, 0.0), cost);
    let mut table = Table::new(&[
        "pipelines",
        "entities",
        "clean, ms each",
        "of the first",
        "incremental, ms each",
        "of the first",
    ]);
    for subject in subjects {
        let (clean, incremental) = cost(subject);
        table.row([
            subject.pipelines.to_string(),
            generate::entities(subject.pipelines).to_string(),
            format!("{clean:.1}"),
            format!("{:.2}", clean / first.0),
            format!("{incremental:.1}"),
            format!("{:.2}", incremental / first.1),
        ]);
    }
    table
}

/// Seconds as they were, the shares of a clean check and its memory.
fn table(subjects: &[Subject]) -> Table {
    let mut table = Table::new(&[
        "pipelines",
        "clean s",
        "of processor",
        "incremental s",
        "of processor",
        "expansion",
        "types and constants",
        "MB",
    ]);
    for subject in subjects {
        let mut row = vec![subject.pipelines.to_string()];
        for runs in [&subject.clean, &subject.incremental] {
            for time in [|run: &Run| run.wall, |run: &Run| run.cpu] {
                row.push(format!(
                    "{:.1}",
                    median(runs.iter().map(time)).as_secs_f64()
                ));
            }
        }
        row.extend(match &subject.passes {
            Some(passes) => [
                format!("{:.0} %", 100.0 * passes.share("expand_crate")),
                format!("{:.0} %", 100.0 * passes.share("type_check_crate")),
                passes.memory.to_string(),
            ],
            None => [const { String::new() }; 3],
        });
        table.row(row);
    }
    table
}
