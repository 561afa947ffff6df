//! The command line.

use std::convert::Infallible;
use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::secret::Token;

const ABOUT: &str = "Commits the definitions of this program to a fennel server.";

const AFTER_HELP: &str = "\
Which server:
  FENNEL_URL and FENNEL_TOKEN, or --url and --token, name it. With neither, a program that has an
  embedded server uses that, and keeps its data in ./.fennel; not where CI is set, as in CI jobs.
  With --profile, fennel.toml says which variables to read instead. A flag goes before the profile,
  the profile before FENNEL_URL and FENNEL_TOKEN.

Exit codes:
  0  done, or nothing to do
  2  wrong usage, configuration or definitions
  3  refused by the server
  4  not authorised
  5  not reachable";

/// Commits the definitions of this program to a fennel server.
#[derive(Debug, Parser)]
#[command(
    name = "sync",
    about = ABOUT,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    sync: SyncArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Command {
    /// Show the plan and commit it; what is done when no command is given
    #[command(after_help = AFTER_HELP)]
    Sync(SyncArgs),
    /// Show what a commit would change, and change nothing
    #[command(after_help = AFTER_HELP)]
    Plan(ServerArgs),
    /// Check the definitions, without a server
    Check(CheckArgs),
    /// Print the request that a commit would send as JSON, without a server and without secrets
    Dump(DumpArgs),
}

/// The arguments of `sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Show the plan only, as `plan` does
    #[arg(long)]
    pub(crate) preview: bool,
}

/// The arguments of what talks to a server.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// The server's address, such as https://fennel.example.com [env: FENNEL_URL]
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// A token of the server; better in the variable, where no list of processes shows it [env: FENNEL_TOKEN]
    #[arg(long, value_parser = token)]
    pub(crate) token: Option<Token>,
    /// A profile of fennel.toml, which says what is not said here
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Refuse any server but the one of this name
    #[arg(long, value_name = "NAME")]
    pub(crate) expect_server: Option<String>,
    /// The branch to commit to [default: main]
    #[arg(long)]
    pub(crate) branch: Option<String>,
    /// What the commit is about [default: the names of the crates]
    #[arg(long)]
    pub(crate) message: Option<String>,
    /// Only take sources, pipelines, features and sinks that are for this environment
    #[arg(long)]
    pub(crate) env: Option<String>,
    /// Leave alone what is on the branch and not in this program
    #[arg(long)]
    pub(crate) incremental: bool,
    /// Refuse the commit where data would have to be computed anew
    #[arg(long)]
    pub(crate) no_backfill: bool,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// The arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Check what a commit for this environment would take
    #[arg(long)]
    pub(crate) env: Option<String>,
    /// Show the way of each definition, or of one, to the kernels that a server runs
    #[arg(long, value_name = "NAME")]
    pub(crate) explain: Option<Option<String>>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// The arguments of `dump`.
#[derive(Debug, Args)]
pub(crate) struct DumpArgs {
    /// What the commit is about [default: the names of the crates]
    #[arg(long)]
    pub(crate) message: Option<String>,
    /// Only take sources, pipelines, features and sinks that are for this environment
    #[arg(long)]
    pub(crate) env: Option<String>,
    /// How to report what is wrong
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// How to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, on standard output
    Text,
    /// One JSON object on standard output, and what is for people on standard error
    Json,
}

impl Command {
    /// The name on the command line.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Command::Sync(_) => "sync",
            Command::Plan(_) => "plan",
            Command::Check(_) => "check",
            Command::Dump(_) => "dump",
        }
    }

    /// How to report.
    pub(crate) fn format(&self) -> Format {
        match self {
            Command::Sync(args) => args.server.format,
            Command::Plan(args) => args.format,
            Command::Check(args) => args.format,
            Command::Dump(args) => args.format,
        }
    }

    /// The arguments about the server, of what talks to one.
    pub(crate) fn server(&self) -> Option<&ServerArgs> {
        match self {
            Command::Sync(args) => Some(&args.server),
            Command::Plan(args) => Some(args),
            Command::Check(_) | Command::Dump(_) => None,
        }
    }

    /// The environment of the commit.
    pub(crate) fn env(&self) -> Option<&str> {
        match self {
            Command::Sync(args) => args.server.env.as_deref(),
            Command::Plan(args) => args.env.as_deref(),
            Command::Check(args) => args.env.as_deref(),
            Command::Dump(args) => args.env.as_deref(),
        }
    }

    /// The commit's message, if one is given.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Command::Sync(args) => args.server.message.as_deref(),
            Command::Plan(args) => args.message.as_deref(),
            Command::Check(_) => None,
            Command::Dump(args) => args.message.as_deref(),
        }
    }
}

/// Reads the arguments, the program's name first.
///
/// # Errors
///
/// What is wrong with them, or the help that was asked for.
pub(crate) fn parse(args: &[OsString]) -> Result<Command, clap::Error> {
    let cli = Cli::try_parse_from(args)?;
    Ok(cli.command.unwrap_or(Command::Sync(cli.sync)))
}

/// Takes every text, since clap's own refusal would show it.
fn token(text: &str) -> Result<Token, Infallible> {
    Ok(Token::new(text.into()))
}
