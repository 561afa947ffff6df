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
use crate::profile::Profile;
use crate::report::{Report, Repository};
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
    let common = command.common();
    let mut report = Report::new(process.screens, common.name, common.format);
    report.annotate(Repository::of_job(
        process.place.variable,
        &process.place.folder,
    ));
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
    let common = command.common();
    let profile = common.connection.and_then(|args| args.profile.as_deref());
    let profile = profile.map(|name| Profile::read(name, place)).transpose()?;
    let profile = profile.as_ref();
    let branch = common.branch.or(profile.and_then(Profile::branch));
    let branch = branch.unwrap_or("main");
    if let Some(question) = Question::of(command, branch) {
        config::check_branch(question.branch)?;
        if let (Some(profile), true) = (profile, question.changes_branches()) {
            profile.check_branch_change(place)?;
        }
        report.tell_data_alone(question.is_for_data());
        let connection = question.connection;
        let expected = expected(connection, profile)?;
        return on_server(
            (connection, profile),
            question.branch,
            place,
            report,
            |server, report| {
                history::answer(server, &question, expected.as_ref(), &place.backoff, report)
            },
        );
    }
    config::check_env(common.env)?;
    let env = common.env.or(profile.and_then(Profile::env));
    let catalog = collected.catalog?;
    report.definitions(&catalog);
    catalog.check(env).map_err(fennel_core::Error::Invalid)?;
    let encode = |variables: &Variables| {
        let message = common
            .message
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
        Command::History(_)
        | Command::Show(_)
        | Command::Diff(_)
        | Command::Branch(_)
        | Command::Query(_)
        | Command::QueryOffline(_) => {
            unreachable!("questions were answered")
        }
        Command::Graph(args) => {
            let mut graph = catalog.lineage_graph(env);
            if let Some(name) = &args.name {
                let around = graph.around(name, args.steps);
                graph = around.ok_or_else(|| Error::NotDrawn(name.clone()))?;
            }
            return Ok(report.drawn(&graph, args.format)?);
        }
        Command::Dump(_) => return Ok(report.dumped(&dump::to_json(&encode(&Variables::NONE)))?),
        Command::Sync(args) => (&args.server, args.preview),
        Command::Plan(args) => {
            report.tell_changes(args.detailed_exitcode);
            (&args.server, true)
        }
    };
    if let (Some(profile), false) = (profile, preview) {
        profile.check_commit(place)?;
    }
    let variables = credentials::read(&catalog, env, place.variable);
    let variables = variables.map_err(fennel_core::Error::Invalid)?;
    let message = encode(&variables);
    let committed = sync((server, profile), branch, preview, &message, place, report);
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
    (args, profile): (&ServerArgs, Option<&Profile>),
    branch: &str,
    preview: bool,
    message: &[u8],
    place: &Place<'_>,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    config::check_branch(branch)?;
    let request = Request {
        message,
        branch,
        incremental: args.incremental,
        backfill: !args.no_backfill,
        preview,
        revision: &|| revision::of(place),
        expected: expected(&args.connection, profile)?,
    };
    on_server(
        (&args.connection, profile),
        branch,
        place,
        report,
        |server, report| {
            let committed = commit::run(server, &request, &place.backoff, report);
            committed.map_err(|error| without_branch(error, branch))
        },
    )
}

/// Does something on the server that is meant. One that is embedded is there for that long.
fn on_server<'r>(
    (args, profile): (&ConnectionArgs, Option<&Profile>),
    branch: &str,
    place: &Place<'_>,
    report: &mut Report<'r>,
    work: impl FnOnce(Server, &mut Report<'r>) -> Result<(), Error>,
) -> Result<(), Error> {
    match config::resolve(given(args, profile, place)?, place.embedded)? {
        Target::Remote(server) => {
            report.server(server.address(), false, branch)?;
            work(server, report)
        }
        Target::Embedded(embedded) => {
            let folder = place.folder.join(".fennel");
            let running = embedded.start_in(&folder).map_err(Error::Embedded)?;
            let done = Server::embedded(&running).and_then(|server| {
                report.server(server.address(), true, branch)?;
                work(server, report)
            });
            (running.stop)();
            done
        }
    }
}

/// The name that the server must have.
fn expected(
    args: &ConnectionArgs,
    profile: Option<&Profile>,
) -> Result<Option<Setting<String>>, Error> {
    let Some(name) = &args.expect_server else {
        return Ok(profile.and_then(Profile::expected_server));
    };
    let flag = "--expect-server";
    config::server_name(name).map_err(|problem| Error::Setting {
        name: flag.into(),
        problem,
    })?;
    Ok(Some(Setting {
        name: flag.into(),
        value: name.clone(),
    }))
}

/// What is said about the server: flags go before the profile, and that before variables that have a name of ours.
fn given(
    args: &ConnectionArgs,
    profile: Option<&Profile>,
    place: &Place<'_>,
) -> Result<Given, Error> {
    let setting = |name: &'static str, value| Setting {
        name: name.into(),
        value,
    };
    let url = match (&args.url, profile) {
        (Some(url), _) => Some(setting("--url", url.clone())),
        (None, Some(profile)) => profile.url(place)?,
        (None, None) => None,
    };
    let url = match url {
        Some(url) => Some(url),
        None => place
            .text("FENNEL_URL")?
            .map(|url| setting("FENNEL_URL", url)),
    };
    let token = match (&args.token, profile) {
        (Some(token), _) => Some(Setting {
            name: "--token".into(),
            value: token.clone(),
        }),
        (None, Some(profile)) => profile.token(place)?,
        (None, None) => None,
    };
    let token = match token {
        Some(token) => Some(token),
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
                let Problem { file, line, .. } = Problem::new(entity, "", "");
                (problem.file, problem.line) = (file, line);
            }
        }
    }
    error
}
