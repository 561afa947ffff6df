//! One run, from the arguments to the exit code.

use fennel_core::catalog::Catalog;
use fennel_core::connector::Variables;
use fennel_core::{Problem, wire};
use prost::Message as _;

use crate::cli::{self, Command, ConnectionArgs, ServerArgs};
use crate::commit::{self, Request};
use crate::config::{self, Given, Server, Setting, Target};
use crate::credentials;
use crate::dump;
use crate::error::Error;
use crate::explain::explain;
use crate::history::{self, Question};
use crate::process::{Place, Process, Screens};
use crate::report::Report;
use crate::revision;

/// What was collected, and from which crates.
pub(crate) struct Collected<'a> {
    pub(crate) crates: &'a [&'a str],
    pub(crate) catalog: Result<Catalog<'static>, fennel_core::Error>,
}

/// Does what the arguments say, and gives the exit code.
pub(crate) fn run(process: Process<'_>, collected: Collected<'_>) -> u8 {
    let command = match cli::parse(&process.args) {
        Ok(command) => command,
        Err(error) => return usage(process.screens, &error),
    };
    let mut report = Report::new(process.screens, command.name(), command.format());
    let result = execute(&command, collected, &process.place, &mut report);
    report.finish(result)
}

/// Shows the help that was asked for, or what is wrong with the arguments.
fn usage(screens: Screens<'_>, error: &clap::Error) -> u8 {
    let (to, code) = match error.use_stderr() {
        true => (screens.err, 2),
        false => (screens.out, 0),
    };
    match write!(to, "{}", error.render()).and_then(|()| to.flush()) {
        Ok(()) => code,
        Err(_) => 2,
    }
}

fn execute(
    command: &Command,
    collected: Collected<'_>,
    place: &Place<'_>,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    if let Some(question) = Question::of(command) {
        config::check_branch(question.branch)?;
        return on_server(
            question.connection,
            question.branch,
            place,
            report,
            |server, report| history::answer(server, &question, &place.backoff, report),
        );
    }
    let env = command.env();
    config::check_env(env)?;
    let catalog = collected.catalog?;
    report.definitions(&catalog);
    catalog.check(env).map_err(fennel_core::Error::Invalid)?;
    let encode = |variables: &Variables| {
        let message = command
            .message()
            .map_or_else(|| subject(collected.crates), str::to_owned);
        wire::encode_with(&catalog, env, &message, variables).encode_to_vec()
    };
    let (server, preview) = match command {
        Command::Check(args) => {
            if let Some(name) = &args.explain {
                report.explained(&explain(&catalog, env, name.as_deref())?)?;
            }
            return Ok(report.checked(&catalog)?);
        }
        Command::History(_) | Command::Show(_) | Command::Diff(_) | Command::Branch(_) => {
            unreachable!("questions were answered")
        }
        Command::Dump(_) => return Ok(report.dumped(&dump::to_json(&encode(&Variables::NONE)))?),
        Command::Sync(args) => (&args.server, args.preview),
        Command::Plan(args) => {
            report.tell_changes(args.detailed_exitcode);
            (&args.server, true)
        }
    };
    let variables = credentials::read(&catalog, env, place.variable);
    let variables = variables.map_err(fennel_core::Error::Invalid)?;
    let committed = sync(server, preview, &encode(&variables), place, report);
    committed.map_err(|error| locate(error, &catalog))
}

/// What a commit without a message is about.
fn subject(crates: &[&str]) -> String {
    match crates {
        [] => "sync".into(),
        crates => format!("sync of {}", crates.join(", ")),
    }
}

fn sync(
    args: &ServerArgs,
    preview: bool,
    message: &[u8],
    place: &Place<'_>,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    config::check_branch(&args.branch)?;
    let request = Request {
        message,
        branch: &args.branch,
        incremental: args.incremental,
        backfill: !args.no_backfill,
        preview,
        revision: &|| revision::of(place),
    };
    on_server(
        &args.connection,
        &args.branch,
        place,
        report,
        |server, report| {
            let committed = commit::run(server, &request, &place.backoff, report);
            committed.map_err(|error| without_branch(error, &args.branch))
        },
    )
}

/// Does something on the server that is meant. One that is embedded is there for that long.
fn on_server<'r>(
    args: &ConnectionArgs,
    branch: &str,
    place: &Place<'_>,
    report: &mut Report<'r>,
    work: impl FnOnce(Server, &mut Report<'r>) -> Result<(), Error>,
) -> Result<(), Error> {
    match config::resolve(given(args, place)?, place.embedded)? {
        Target::Remote(server) => {
            report.server(server.address(), false, branch)?;
            work(server, report)
        }
        Target::Embedded(embedded) => {
            let folder = place.folder.join(".fennel");
            let running = (embedded.start)(&folder).map_err(Error::Embedded)?;
            let done = Server::embedded(&running).and_then(|server| {
                report.server(server.address(), true, branch)?;
                work(server, report)
            });
            (running.stop)();
            done
        }
    }
}

/// What flags and variables say about the server; a flag goes before its variable.
fn given(args: &ConnectionArgs, place: &Place<'_>) -> Result<Given, Error> {
    let setting = |name, value| Setting { name, value };
    let url = match &args.url {
        Some(url) => Some(setting("--url", url.clone())),
        None => place
            .text("FENNEL_URL")?
            .map(|url| setting("FENNEL_URL", url)),
    };
    let token = match &args.token {
        Some(token) => Some(Setting {
            name: "--token",
            value: token.clone(),
        }),
        None => place.token("FENNEL_TOKEN")?,
    };
    Ok(Given {
        url,
        token,
        ci: config::is_ci(place.text("CI")?.as_deref()),
    })
}

/// Adds how the branch is created to a refusal for want of it. `main` is there always.
fn without_branch(error: Error, branch: &str) -> Error {
    match error {
        Error::Refused {
            status: 404,
            message,
            ..
        } if branch != "main" => Error::NoBranch {
            branch: branch.into(),
            message,
        },
        other => other,
    }
}

/// Adds where the definitions are that a server has problems with.
fn locate(mut error: Error, catalog: &Catalog<'_>) -> Error {
    if let Error::Refused { problems, .. } = &mut error {
        for problem in &mut problems.0 {
            let Some(kind) = problem.kind else { continue };
            if let Some(entity) = catalog.entity(kind, &problem.entity) {
                *problem = Problem::new(entity, &problem.member, &*problem.message);
            }
        }
    }
    error
}
