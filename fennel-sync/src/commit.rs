//! Plan, then commit.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use crate::client::{Answer, Client, Made, Mode, network};
use crate::config::{Server, Setting};
use crate::error::Error;
use crate::history::Shown;
use crate::identity::check_name;
use crate::progress::watch;
use crate::report::Report;
use crate::retry::Backoff;
use crate::transport::Transport;

/// What to commit, and how.
pub(crate) struct Request<'a> {
    /// The encoded `SyncRequest`.
    pub(crate) message: &'a [u8],
    pub(crate) branch: &'a str,
    /// Leaves alone what is on the branch and not in the message.
    pub(crate) incremental: bool,
    /// Whether data may be computed anew.
    pub(crate) backfill: bool,
    /// Shows the plan only.
    pub(crate) preview: bool,
    /// Finds out of which state of the code the message is.
    pub(crate) revision: &'a dyn Fn() -> Option<String>,
    /// The name that the server must have.
    pub(crate) expected: Option<Setting<String>>,
}

/// Shows what the server would change, and has it do that.
pub(crate) fn run(
    server: Server,
    request: &Request<'_>,
    backoff: &Backoff,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let client = Client::new(server, request.branch, backoff)?;
    network()?.block_on(plan_and_commit(&client, request, report))
}

async fn plan_and_commit<T: Transport>(
    client: &Client<T>,
    request: &Request<'_>,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let branch = request.branch;
    let mode = |made| Mode {
        made,
        incremental: request.incremental,
        backfill: request.backfill,
    };
    let url = client.server.address();
    if let Some(expected) = &request.expected {
        // Before anything is sent, since what is sent holds credentials.
        let asking = client.identity();
        let told = watch(asking, "Waiting for the server's name", report.screen()).await?;
        check_name(told.as_ref(), expected, url)?;
    }
    let planning = client.commit(request.message, mode(None));
    let planned = watch(planning, "Waiting for the plan", report.screen()).await?;
    let changes = planned.changed || !planned.diff.is_empty();
    if let Some(expected) = &request.expected {
        // One address may lead to several servers.
        check_name(planned.server.as_ref(), expected, url)?;
    }
    if let Some(told) = &planned.server {
        report.identity(told)?;
    }
    report.plan(planned.plan())?;
    if !changes {
        return Ok(report.unchanged(planned.id(), branch)?);
    }
    if request.preview {
        return Ok(report.planned()?);
    }
    // What was shown is what is done: the server refuses it if the branch has moved.
    let (id, base) = (new_id(), planned.id().unwrap_or_default());
    let revision = (request.revision)();
    let made = Made {
        id: &id,
        base: &base,
        revision: revision.as_deref(),
    };
    let committing = client.commit(request.message, mode(Some(made)));
    let done = watch(committing, "Waiting for the commit", report.screen()).await;
    let done = match done {
        Err(error) if error.leaves_doubt() => {
            let asking = settle(client, &id, error);
            watch(asking, "Asking whether it has landed", report.screen()).await?
        }
        done => done?,
    };
    if done.diff != planned.diff {
        report.replan(done.plan())?;
    }
    match done.changed {
        true => report.committed(done.id(), branch)?,
        false => report.unchanged(done.id(), branch)?,
    }
    Ok(())
}

/// Finds out whether a commit has landed to which no answer came.
async fn settle<T: Transport>(client: &Client<T>, id: &str, cause: Error) -> Result<Answer, Error> {
    let path = format!("/api/v1/commits/{id}");
    let (id, cause) = (id.to_owned(), Box::new(cause));
    match client.find::<Shown>(&path).await {
        Ok(Some(shown)) if shown.commit.id == id => Ok(Answer::landed(id, shown.diff)),
        Ok(_) => Err(Error::NotLanded { id, cause }),
        Err(_) => Err(Error::InDoubt { id, cause }),
    }
}

/// 12 hexadecimal digits that no other commit has. The standard library seeds each of its hashers anew.
fn new_id() -> String {
    const BITS: u32 = 48;
    format!(
        "{:012x}",
        RandomState::new().hash_one(()) >> (u64::BITS - BITS)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_twelve_digits_and_differ() {
        let (one, other) = (new_id(), new_id());
        assert!(
            one.len() == 12 && one.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{one}"
        );
        assert_ne!(one, other);
    }
}
