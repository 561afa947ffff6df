//! What is asked of a server besides commits: its history, its branches, and features.

use fennel_core::diff::{Change, Diff, EntityFacts};
use fennel_core::entity::Kind;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::{BranchCommand, Command, ConnectionArgs, OfflineArgs, QueryArgs};
use crate::client::{Client, in_url, network};
use crate::config::{Server, Setting};
use crate::error::Error;
use crate::identity::check_name;
use crate::progress::watch;
use crate::query;
use crate::report::Report;
use crate::retry::Backoff;
use crate::transport::Transport;

/// A call that is no commit.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) connection: &'a ConnectionArgs,
    /// The branch that it is about.
    pub(crate) branch: &'a str,
    asked: Asked<'a>,
}

#[derive(Debug)]
enum Asked<'a> {
    History { limit: u32, before: Option<&'a str> },
    Show { commit: &'a str, definitions: bool },
    Diff { from: &'a str, to: &'a str },
    Branches,
    Create,
    Clone { base: &'a str },
    Delete,
    Query(&'a QueryArgs),
    Offline(&'a OfflineArgs),
}

impl<'a> Question<'a> {
    /// What a command asks, if it does: of this branch, unless it names another.
    pub(crate) fn of(command: &'a Command, branch: &'a str) -> Option<Self> {
        let (connection, branch, asked) = match command {
            Command::History(args) => {
                let (limit, before) = (args.limit, args.before.as_deref());
                let asked = Asked::History { limit, before };
                (&args.read.connection, branch, asked)
            }
            Command::Show(args) => {
                let (commit, definitions) = (&*args.commit, args.definitions);
                let asked = Asked::Show {
                    commit,
                    definitions,
                };
                (&args.read.connection, branch, asked)
            }
            Command::Diff(args) => {
                let (from, to) = (&*args.from, &*args.to);
                let asked = Asked::Diff { from, to };
                (&args.read.connection, branch, asked)
            }
            Command::Branch(command) => {
                let (branch, asked) = match command {
                    BranchCommand::List(_) => ("main", Asked::Branches),
                    BranchCommand::Create { name, .. } => (&**name, Asked::Create),
                    BranchCommand::Clone { base, name, .. } => (&**name, Asked::Clone { base }),
                    BranchCommand::Delete { name, .. } => (&**name, Asked::Delete),
                };
                (&command.args().connection, branch, asked)
            }
            Command::Query(args) => (&args.read.connection, branch, Asked::Query(args)),
            Command::QueryOffline(args) => (&args.read.connection, branch, Asked::Offline(args)),
            Command::Sync(_)
            | Command::Plan(_)
            | Command::Check(_)
            | Command::Dump(_)
            | Command::Graph(_) => {
                return None;
            }
        };
        Some(Question {
            connection,
            branch,
            asked,
        })
    }

    /// Whether its answer is data, which other programs may read.
    pub(crate) fn is_for_data(&self) -> bool {
        matches!(self.asked, Asked::Query(_) | Asked::Offline(_))
    }

    /// Whether it creates or deletes a branch.
    pub(crate) fn changes_branches(&self) -> bool {
        match self.asked {
            Asked::Create | Asked::Clone { .. } | Asked::Delete => true,
            Asked::History { .. }
            | Asked::Show { .. }
            | Asked::Diff { .. }
            | Asked::Branches
            | Asked::Query(_)
            | Asked::Offline(_) => false,
        }
    }
}

/// A commit, as a server lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outline {
    pub(crate) id: String,
    pub(crate) sequence: u64,
    /// In RFC 3339, UTC.
    pub(crate) at: String,
    /// Empty where it isn't known.
    pub(crate) by: String,
    pub(crate) revision: Option<String>,
    pub(crate) message: String,
    pub(crate) created: usize,
    pub(crate) changed: usize,
    pub(crate) deleted: usize,
    pub(crate) retired: usize,
    pub(crate) entities: Vec<EntityChange>,
}

/// What a commit did to an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntityChange {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) change: Change,
}

#[derive(Debug, Deserialize)]
struct History {
    commits: Vec<Outline>,
}

/// A commit, what it changed, and what the branch was from then on.
#[derive(Debug, Deserialize)]
pub(crate) struct Shown {
    pub(crate) commit: Outline,
    pub(crate) diff: Diff,
    pub(crate) definitions: Vec<EntityFacts>,
}

/// What changes from one commit to another; `None` stands for a branch without commits.
#[derive(Debug, Deserialize)]
pub(crate) struct Compared {
    pub(crate) from: Option<Outline>,
    pub(crate) to: Option<Outline>,
    pub(crate) diff: Diff,
}

#[derive(Debug, Deserialize)]
struct Branches {
    branches: Vec<Branch>,
}

#[derive(Debug, Deserialize)]
struct Branch {
    name: String,
}

/// The answer to what creates or deletes a branch.
#[derive(Debug, Deserialize)]
struct Done {}

/// Asks a server, which must have the expected name if there is one, and reports what it says.
pub(crate) fn answer(
    server: Server,
    question: &Question<'_>,
    expected: Option<&Setting<String>>,
    backoff: &Backoff,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let client = Client::new(server, question.branch, backoff)?;
    network()?.block_on(async {
        if let Some(expected) = expected {
            let asking = client.identity();
            let told = watch(asking, "Waiting for the server's name", report.screen()).await?;
            check_name(told.as_ref(), expected, client.server.address())?;
        }
        ask(&client, question, report).await
    })
}

async fn ask<T: Transport>(
    client: &Client<T>,
    question: &Question<'_>,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    const WAITING: &str = "Waiting for the answer";
    let branch = question.branch;
    match question.asked {
        Asked::History { limit, before } => {
            let before = before.map_or_else(String::new, |it| format!("&before={}", in_url(it)));
            let path = format!("/api/v1/commits?limit={limit}{before}");
            let asking = client.get::<History>(&path);
            let found = watch(asking, WAITING, report.screen()).await?;
            report.history(found.commits, branch)?;
        }
        Asked::Show {
            commit,
            definitions,
        } => {
            let path = format!("/api/v1/commits/{}", in_url(commit));
            let asking = client.get::<Shown>(&path);
            let shown = watch(asking, WAITING, report.screen()).await?;
            report.shown(shown, definitions)?;
        }
        Asked::Diff { from, to } => {
            let path = format!("/api/v1/diff?from={}&to={}", in_url(from), in_url(to));
            let asking = client.get::<Compared>(&path);
            let compared = watch(asking, WAITING, report.screen()).await?;
            report.compared(compared)?;
        }
        Asked::Branches => {
            let asking = client.get::<Branches>("/api/v1/branch/list");
            let found = watch(asking, WAITING, report.screen()).await?;
            let names = found.branches.into_iter().map(|branch| branch.name);
            report.branches(names.collect())?;
        }
        Asked::Create => {
            let asking = client.post::<Done>("/api/v1/init", "{}");
            watch(asking, WAITING, report.screen()).await?;
            report.done(&format!("Created branch {branch}, which is empty"))?;
        }
        Asked::Clone { base } => {
            let body = json!({"clone_from": base}).to_string();
            let asking = client.post::<Done>("/api/v1/init", &body);
            watch(asking, WAITING, report.screen()).await?;
            report.done(&format!(
                "Created branch {branch}, which begins as {base} is"
            ))?;
        }
        Asked::Delete => {
            let asking = client.post::<Done>("/api/v1/delete", "{}");
            watch(asking, WAITING, report.screen()).await?;
            report.done(&format!("Deleted branch {branch}"))?;
        }
        Asked::Query(args) => query::query(client, args, report).await?,
        Asked::Offline(args) => query::offline(client, args, report).await?,
    }
    Ok(())
}
