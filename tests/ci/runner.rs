//! Runs the jobs of a workflow as GitHub's runner does: each `run:` step in order, by `bash -e`, until one fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fennel_tests::support::Process;
use serde_json::Value;

use crate::project::{Project, target};

/// The longest that a step takes, or the test fails. The first one may build the project.
const LIMIT: Duration = Duration::from_secs(900);

/// A workflow, and what GitHub knows when it runs it.
pub(crate) struct Workflow<'p> {
    yaml: Value,
    project: &'p Project,
    /// What stands for each expression, such as `secrets.FENNEL_TOKEN`.
    pub(crate) values: BTreeMap<String, String>,
    /// A folder with programs that go before the machine's.
    pub(crate) programs: Option<&'p Path>,
}

/// What a job came to.
#[derive(Debug)]
pub(crate) struct Job {
    /// The exit code of its last step.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    /// The Markdown of its summary.
    pub(crate) summary: String,
}

impl<'p> Workflow<'p> {
    pub(crate) fn new(yaml: Value, project: &'p Project) -> Self {
        Workflow {
            yaml,
            project,
            values: BTreeMap::new(),
            programs: None,
        }
    }

    /// Sets the variable, the secrets and so on that a job's environment has.
    pub(crate) fn set(&mut self, values: &[(&str, &str)]) {
        for (expression, value) in values {
            self.values.insert((*expression).into(), (*value).into());
        }
    }

    /// Runs a job; what it puts out is there for the next one.
    pub(crate) fn run(&mut self, name: &str) -> Job {
        let job = self.yaml["jobs"][name].clone();
        let folder = tempfile::tempdir().unwrap();
        let (output, summary) = (folder.path().join("output"), folder.path().join("summary"));
        let mut ran = Job {
            code: Some(0),
            out: String::new(),
            err: String::new(),
            summary: String::new(),
        };
        let steps = job["steps"].as_array().unwrap();
        let mut steps_run = 0;
        for step in steps {
            let Some(script) = step["run"].as_str() else {
                continue;
            };
            steps_run += 1;
            assert!(
                !script.contains("${{"),
                "an expression in a script is an injection: {script}"
            );
            fs::write(&output, "").unwrap();
            let mut bash = self.bash(script, &[&job["env"], &step["env"]]);
            bash.env("GITHUB_OUTPUT", &output)
                .env("GITHUB_STEP_SUMMARY", &summary);
            let finished = Process::start(&mut bash).finish(LIMIT);
            ran.out += &finished.out;
            ran.err += &finished.err;
            ran.code = finished.code;
            if let Some(id) = step["id"].as_str() {
                for (key, value) in outputs(&fs::read_to_string(&output).unwrap()) {
                    self.values
                        .insert(format!("steps.{id}.outputs.{key}"), value);
                }
            }
            if ran.code != Some(0) {
                break;
            }
        }
        assert!(steps_run > 0, "job {name} has no step to run");
        for (key, value) in job["outputs"].as_object().into_iter().flatten() {
            let value = self.filled(value.as_str().unwrap());
            self.values
                .insert(format!("needs.{name}.outputs.{key}"), value);
        }
        ran.summary = fs::read_to_string(summary).unwrap_or_default();
        ran
    }

    fn bash(&self, script: &str, environments: &[&Value]) -> Command {
        let mut bash = Command::new("bash");
        bash.args([
            "--noprofile",
            "--norc",
            "-e",
            "-o",
            "pipefail",
            "-c",
            script,
        ])
        .current_dir(&self.project.folder)
        .env_clear();
        for kept in ["HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
            if let Some(value) = std::env::var_os(kept) {
                bash.env(kept, value);
            }
        }
        let path = std::env::var("PATH").unwrap();
        let path = match self.programs {
            Some(programs) => format!("{}:{path}", programs.display()),
            None => path,
        };
        bash.env("PATH", path)
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_NET_OFFLINE", "true")
            .env("no_proxy", "127.0.0.1")
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", &self.project.folder)
            .env("GITHUB_REPOSITORY", "shop/features")
            .env("GITHUB_SHA", "5d20c9e1");
        for environment in environments {
            for (name, value) in environment.as_object().into_iter().flatten() {
                bash.env(name, self.filled(value.as_str().unwrap()));
            }
        }
        bash
    }

    /// A text with its expressions' values.
    fn filled(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${{") {
            let (expression, behind) = behind.split_once("}}").unwrap();
            let value = self.values.get(expression.trim());
            filled += before;
            filled += value.unwrap_or_else(|| panic!("nothing stands for {expression}"));
            rest = behind;
        }
        filled + rest
    }
}

/// What a step puts out: `key=value`, or `key<<end` and lines up to `end`.
fn outputs(text: &str) -> Vec<(String, String)> {
    let mut outputs = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some((key, end)) = line.split_once("<<") {
            let value: Vec<_> = lines.by_ref().take_while(|line| *line != end).collect();
            outputs.push((key.into(), value.join("\n")));
        } else if let Some((key, value)) = line.split_once('=') {
            outputs.push((key.into(), value.into()));
        }
    }
    outputs
}
