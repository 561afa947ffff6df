//! Reports for programs. `json.md` beside this file documents the object.

use fennel_core::Problem;
use fennel_core::diff::EntityFacts;
use fennel_core::plan::Plan;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::error::Error;
use crate::history::Outline;

/// Goes up when a field changes its meaning or goes away; new ones may come at any time. The plan in it has a
/// number of its own.
const VERSION: u32 = 1;

/// What a run reports at its end.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    version: u32,
    command: &'static str,
    pub(super) outcome: Outcome,
    pub(super) exit_code: u8,
    pub(super) definitions: Option<Definitions>,
    pub(super) server: Option<Server>,
    pub(super) plan: Option<Plan>,
    pub(super) commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<Answer>,
    pub(super) error: Option<Failure>,
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
    Answered,
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
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
}

/// What was asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Answer {
    History {
        commits: Vec<Outline>,
    },
    Shown {
        commit: Outline,
        diff: Plan,
        definitions: Vec<EntityFacts>,
    },
    Compared {
        from: Option<Outline>,
        to: Option<Outline>,
        diff: Plan,
    },
    Branches {
        branches: Vec<String>,
    },
    Features {
        features: Map<String, Json>,
    },
    Query {
        query: Json,
    },
    Done {
        done: String,
    },
}

/// What went wrong.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    pub(super) kind: &'static str,
    pub(super) message: String,
    pub(super) problems: Vec<Problem>,
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
            answer: None,
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

#[cfg(test)]
mod tests {
    use fennel_core::Problems;
    use fennel_core::diff::{Change, Diff, EntityDiff, FieldDiff};
    use fennel_core::entity::Kind;

    use super::*;

    fn field(path: &str, old: &str, new: &str) -> FieldDiff {
        FieldDiff {
            path: path.into(),
            old: Some(old.into()),
            new: Some(new.into()),
            metaflag: false,
        }
    }

    fn entity(kind: Kind, name: &str, change: Change, fields: Vec<FieldDiff>) -> EntityDiff {
        EntityDiff {
            kind,
            name: name.into(),
            change,
            fields,
        }
    }

    #[test]
    fn the_documented_example_is_what_is_written() {
        let mut document = Document::new("sync");
        document.definitions = Some(Definitions {
            datasets: 1,
            featuresets: 1,
        });
        document.server = Some(Server {
            url: "https://fennel.example.com".into(),
            embedded: false,
            branch: "main".into(),
            name: Some("prod".into()),
            version: Some("0.1.0".into()),
        });
        let ticket = vec![
            field("price.type", "i64", "f64"),
            field("version", "1", "2"),
        ];
        document.plan = Some(Plan::of(&Diff {
            entities: vec![
                entity(Kind::Dataset, "Ticket", Change::Changed, ticket),
                entity(Kind::Featureset, "TicketFeatures", Change::Created, vec![]),
            ],
        }));
        document.end(Outcome::Committed, Some("0a1b2c3d4e5f".into()));
        assert_eq!(document.to_text(), fenced(include_str!("json.md"), "json"));
    }

    /// The first block of that language.
    fn fenced<'t>(page: &'t str, language: &str) -> &'t str {
        let (_, block) = page.split_once(&format!("```{language}\n")).unwrap();
        block.split_once("\n```\n").unwrap().0
    }

    #[test]
    fn the_plans_page_shows_what_is_written() {
        let page = include_str!("../../../docs/plan.md");
        assert_eq!(
            super::super::example::document().to_text(),
            fenced(page, "json")
        );
    }

    #[test]
    fn a_failure_has_its_code_kind_and_problems() {
        let mut document = Document::new("plan");
        document.fail(&Error::Refused {
            status: 409,
            message: "no".into(),
            problems: Problems(vec![Problem {
                file: Some("src/lib.rs".into()),
                line: Some(7),
                ..Problem::named(Kind::Dataset, "Ticket", "price", "it goes away")
            }]),
        });
        assert_eq!(
            serde_json::to_value(&document).unwrap(),
            serde_json::json!({
                "version": 1,
                "command": "plan",
                "outcome": "failed",
                "exit_code": 3,
                "definitions": null,
                "server": null,
                "plan": null,
                "commit": null,
                "error": {
                    "kind": "refused",
                    "message": "the server refuses this commit (status 409) for 1 problem",
                    "problems": [{
                        "kind": "dataset",
                        "entity": "Ticket",
                        "member": "price",
                        "message": "it goes away",
                        "file": "src/lib.rs",
                        "line": 7,
                    }],
                },
            })
        );
    }
}
