//! Reports for programs. `json.md` beside this file documents the object.

use fennel_core::Problem;
use fennel_core::diff::{Change, Diff, EntityDiff};
use serde::Serialize;

use crate::error::Error;

/// Goes up when a field changes its meaning or goes away; new ones may come at any time.
const VERSION: u32 = 1;

/// What a run reports at its end.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    version: u32,
    command: &'static str,
    pub(super) outcome: Outcome,
    exit_code: u8,
    pub(super) definitions: Option<Definitions>,
    pub(super) server: Option<Server>,
    pub(super) plan: Option<Plan>,
    commit: Option<String>,
    error: Option<Failure>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Committed,
    Unchanged,
    Planned,
    Checked,
    Dumped,
    Failed,
}

/// How many definitions the program has.
#[derive(Debug, Serialize)]
pub(super) struct Definitions {
    pub(super) datasets: usize,
    pub(super) featuresets: usize,
}

/// Where the run went to.
#[derive(Debug, Serialize)]
pub(super) struct Server {
    pub(super) url: String,
    pub(super) embedded: bool,
    pub(super) branch: String,
}

/// What the commit changes.
#[derive(Debug, Serialize)]
pub(super) struct Plan {
    created: usize,
    changed: usize,
    deleted: usize,
    retired: usize,
    unchanged: usize,
    entities: Vec<EntityDiff>,
}

/// What went wrong.
#[derive(Debug, Serialize)]
struct Failure {
    kind: &'static str,
    message: String,
    problems: Vec<Problem>,
}

impl Document {
    pub(super) fn new(command: &'static str) -> Self {
        Document {
            version: VERSION,
            command,
            outcome: Outcome::Failed,
            exit_code: 0,
            definitions: None,
            server: None,
            plan: None,
            commit: None,
            error: None,
        }
    }

    pub(super) fn end(&mut self, outcome: Outcome, commit: Option<String>) {
        self.outcome = outcome;
        self.commit = commit;
    }

    pub(super) fn fail(&mut self, error: &Error) {
        self.outcome = Outcome::Failed;
        self.exit_code = error.exit_code();
        self.error = Some(Failure {
            kind: error.kind(),
            message: error.to_string(),
            problems: error
                .problems()
                .map_or_else(Vec::new, |problems| problems.0.clone()),
        });
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers are JSON")
    }
}

impl Plan {
    pub(super) fn new(diff: Diff) -> Self {
        Plan {
            created: diff.count(Change::Created),
            changed: diff.count(Change::Changed),
            deleted: diff.count(Change::Deleted),
            retired: diff.count(Change::Retired),
            unchanged: diff.count(Change::Unchanged),
            entities: diff.entities,
        }
    }
}
