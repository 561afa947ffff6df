//! Plan, then commit.

use crate::client::{Client, Mode};
use crate::config::{Server, Setting};
use crate::error::Error;
use crate::identity::check_name;
use crate::progress::watch;
use crate::report::Report;
use crate::retry::Backoff;
use crate::transport::{Http, Transport};

/// What to commit, and how.
#[derive(Debug)]
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::NoNetwork)?;
    let client = Client {
        transport: Http::new(&server, request.branch)?,
        server,
        backoff: backoff.clone(),
    };
    runtime.block_on(plan_and_commit(&client, request, report))
}

async fn plan_and_commit<T: Transport>(
    client: &Client<T>,
    request: &Request<'_>,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let branch = request.branch;
    let mode = |preview| Mode {
        preview,
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
    let planning = client.commit(request.message, mode(true));
    let planned = watch(planning, "Waiting for the plan", report.screen()).await?;
    let changes = planned.changed || !planned.diff.is_empty();
    if let Some(expected) = &request.expected {
        // One address may lead to several servers.
        check_name(planned.server.as_ref(), expected, url)?;
    }
    if let Some(told) = &planned.server {
        report.identity(told)?;
    }
    report.plan(planned.diff.clone())?;
    if !changes {
        return Ok(report.unchanged(planned.id(), branch)?);
    }
    if request.preview {
        return Ok(report.planned()?);
    }
    let committing = client.commit(request.message, mode(false));
    let done = watch(committing, "Waiting for the commit", report.screen()).await?;
    // An earlier try did it, and its answer was lost.
    let done_before = !done.changed && done.resent && done.id() != planned.id();
    if done.diff != planned.diff && !done_before {
        report.replan(done.diff.clone())?;
    }
    match done.changed || done_before {
        true => report.committed(done.id(), branch)?,
        false => report.unchanged(done.id(), branch)?,
    }
    Ok(())
}
