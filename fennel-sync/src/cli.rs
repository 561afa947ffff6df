//! The command line.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};

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
  10 there is something to do: of `plan --detailed-exitcode`
  2  wrong usage, configuration or definitions
  3  refused by the server
  4  not authorised
  5  not reachable
  6  the output is there, without rows that failed: of `query-offline`";

/// What a new offline query needs, in either way, and what one that is there needs.
const OFFLINE_USAGE: &str = "\
sync query-offline [OPTIONS] --output <NAME> --input <URL> --given <FEATURE[=COLUMN]>
       sync query-offline [OPTIONS] --output <NAME> --data <FILE>
       sync query-offline [OPTIONS] --watch <ID>
       sync query-offline [OPTIONS] --cancel <ID>";

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
    Plan(PlanArgs),
    /// List the commits of a branch, the latest first
    History(HistoryArgs),
    /// Show a commit and what it changed
    ///
    /// A commit is named by its id, by 4 or more digits that it begins with, as HEAD, or by the name of a branch for
    /// its last one; HEAD~1 is the one before the last.
    Show(ShowArgs),
    /// Show what changes from one commit to another
    ///
    /// A commit is named by its id, by 4 or more digits that it begins with, as HEAD, or by the name of a branch for
    /// its last one; HEAD~1 is the one before the last.
    Diff(DiffArgs),
    /// List, create, clone and delete branches
    #[command(subcommand, disable_help_subcommand = true)]
    Branch(BranchCommand),
    /// Ask for features, now or as of instants
    #[command(after_help = AFTER_HELP)]
    Query(QueryArgs),
    /// Ask for features of a file's rows, each as of its own instant, and wait for the output
    #[command(after_help = AFTER_HELP, override_usage = OFFLINE_USAGE)]
    QueryOffline(OfflineArgs),
    /// Check the definitions, without a server
    Check(CheckArgs),
    /// Print the request that a commit would send as JSON, without a server and without secrets
    Dump(DumpArgs),
    /// Print what is made of what as a drawing, without a server
    #[command(after_help = AFTER_HELP)]
    Graph(GraphArgs),
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

/// The arguments of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Exit with 10 where a commit would change something
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

/// Which server it is.
#[derive(Debug, Args)]
pub(crate) struct ConnectionArgs {
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
}

/// The arguments of `history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// How many commits to list
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// List those before this commit
    #[arg(long, value_name = "COMMIT")]
    pub(crate) before: Option<String>,
}

/// The arguments of `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// The commit
    pub(crate) commit: String,
    /// Show what the branch was from then on, too
    #[arg(long)]
    pub(crate) definitions: bool,
}

/// The arguments of `diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// The one commit
    pub(crate) from: String,
    /// The other commit
    pub(crate) to: String,
}

/// The arguments of `query`.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// A feature to answer, as Featureset.feature, or a featureset; may be repeated
    #[arg(long, required = true, value_name = "NAME")]
    pub(crate) output: Vec<String>,
    /// The features that are given, as JSON: {"Fs.feature": [..], ..} or [{"Fs.feature": ..}, ..]; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// As of which instant, such as 2024-02-03T04:05:06Z: one for all rows, or repeated for each
    #[arg(long, value_name = "INSTANT")]
    pub(crate) at: Vec<String>,
}

/// The arguments of `query-offline`.
#[derive(Debug, Args)]
pub(crate) struct OfflineArgs {
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// A feature to answer, as Featureset.feature, or a featureset; may be repeated
    #[arg(long, required_unless_present_any = ["watch", "cancel"], value_name = "NAME")]
    pub(crate) output: Vec<String>,
    /// Where the rows are: file:///folder/name of the server's machine, or s3://bucket/prefix. This or --data is needed
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    pub(crate) input: Option<String>,
    /// What the input is: csv, json or parquet [default: what its name ends with]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_format: Option<String>,
    /// Send the rows along, as JSON of columns or of rows; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// A feature that is given, and the column that has it unless that is called so: Fs.feature=column; may be repeated.
    /// With --input each has to be named; of --data all columns are taken without it
    #[arg(long, value_name = "FEATURE[=COLUMN]")]
    pub(crate) given: Vec<String>,
    /// The column with each row's instant
    #[arg(long, default_value = "timestamp", value_name = "COLUMN")]
    pub(crate) timestamp_column: String,
    /// Where the output goes: file:///folder/name.parquet of the server's machine, or s3://bucket/prefix [default: the
    /// server keeps it]
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// Don't wait for the end
    #[arg(long)]
    pub(crate) detach: bool,
    /// Wait for the end of a query that was begun before
    #[arg(long, value_name = "ID", conflicts_with_all = ["output", "input", "data", "detach"])]
    pub(crate) watch: Option<String>,
    /// End a query without an output
    #[arg(long, value_name = "ID", conflicts_with_all = ["output", "input", "data", "detach", "watch"])]
    pub(crate) cancel: Option<String>,
}

/// The arguments of what only reads.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// The branch [default: main]
    #[arg(long)]
    pub(crate) branch: Option<String>,
    /// How to report
    #[arg(long, value_parser = without_markdown(), default_value = "text")]
    pub(crate) format: Format,
}

/// What to do about branches.
#[derive(Debug, Subcommand)]
pub(crate) enum BranchCommand {
    /// List the branches
    List(BranchArgs),
    /// Create an empty branch
    Create {
        /// Its name
        name: String,
        #[command(flatten)]
        args: BranchArgs,
    },
    /// Create a branch that begins as another one is, with its definitions, its data and its history
    Clone {
        /// The other one
        base: String,
        /// Its name
        name: String,
        #[command(flatten)]
        args: BranchArgs,
    },
    /// Delete a branch and the data that no other has; `main` is always there
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        args: BranchArgs,
    },
}

/// The arguments of what is about branches.
#[derive(Debug, Args)]
pub(crate) struct BranchArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// How to report
    #[arg(long, value_parser = without_markdown(), default_value = "text")]
    pub(crate) format: Format,
}

/// The arguments of what talks to a server.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
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

/// The arguments of `graph`.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// Only this dataset or featureset, what it is made of, and what is made of it
    pub(crate) name: Option<String>,
    /// With a name: go so many arrows up and down, not all the way
    #[arg(long, value_name = "N", requires = "name")]
    pub(crate) steps: Option<usize>,
    /// Only take sources and extractors that are for this environment
    #[arg(long)]
    pub(crate) env: Option<String>,
    /// The language of the drawing
    #[arg(long, value_enum, default_value_t = Drawing::Mermaid)]
    pub(crate) format: Drawing,
}

/// The language of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// A flowchart, which GitHub and GitLab draw where Markdown has it
    Mermaid,
    /// What Graphviz reads, as in `dot -Tsvg`
    Dot,
    /// The data, of the shape that servers answer with
    Json,
}

/// How to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, on standard output
    Text,
    /// One JSON object on standard output, and what is for people on standard error
    Json,
    /// Markdown for a pull request on standard output, and what is for people on standard error
    Markdown,
}

/// What commands have in common, each as far as it has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Common<'a> {
    /// The name on the command line.
    pub(crate) name: &'static str,
    /// How to report.
    pub(crate) format: Format,
    /// Which server it is, of what talks to one.
    pub(crate) connection: Option<&'a ConnectionArgs>,
    /// The branch that `--branch` names.
    pub(crate) branch: Option<&'a str>,
    /// The environment of the commit.
    pub(crate) env: Option<&'a str>,
    /// The commit's message, if one is given.
    pub(crate) message: Option<&'a str>,
}

impl Command {
    /// What it has of what all have.
    pub(crate) fn common(&self) -> Common<'_> {
        match self {
            Command::Sync(args) => args.server.common("sync"),
            Command::Plan(args) => args.server.common("plan"),
            Command::History(args) => args.read.common("history"),
            Command::Show(args) => args.read.common("show"),
            Command::Diff(args) => args.read.common("diff"),
            Command::Branch(command) => {
                let args = command.args();
                Common {
                    connection: Some(&args.connection),
                    ..Common::of("branch", args.format)
                }
            }
            Command::Query(args) => args.read.common("query"),
            Command::QueryOffline(args) => args.read.common("query-offline"),
            Command::Check(args) => Common {
                env: args.env.as_deref(),
                ..Common::of("check", args.format)
            },
            Command::Dump(args) => Common {
                env: args.env.as_deref(),
                message: args.message.as_deref(),
                ..Common::of("dump", args.format)
            },
            Command::Graph(args) => Common {
                env: args.env.as_deref(),
                ..Common::of("graph", Format::Text)
            },
        }
    }
}

impl Common<'_> {
    /// Nothing but that.
    fn of(name: &'static str, format: Format) -> Self {
        Common {
            name,
            format,
            connection: None,
            branch: None,
            env: None,
            message: None,
        }
    }
}

impl ServerArgs {
    fn common(&self, name: &'static str) -> Common<'_> {
        Common {
            name,
            format: self.format,
            connection: Some(&self.connection),
            branch: self.branch.as_deref(),
            env: self.env.as_deref(),
            message: self.message.as_deref(),
        }
    }
}

impl ReadArgs {
    fn common(&self, name: &'static str) -> Common<'_> {
        Common {
            connection: Some(&self.connection),
            branch: self.branch.as_deref(),
            ..Common::of(name, self.format)
        }
    }
}

impl BranchCommand {
    /// What all of them take.
    pub(crate) fn args(&self) -> &BranchArgs {
        match self {
            BranchCommand::List(args)
            | BranchCommand::Create { args, .. }
            | BranchCommand::Clone { args, .. }
            | BranchCommand::Delete { args, .. } => args,
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

/// The formats of what is no plan and no check.
fn without_markdown() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["text", "json"]).map(|name| match &*name {
        "json" => Format::Json,
        _ => Format::Text,
    })
}

/// Takes every text, since clap's own refusal would show it.
fn token(text: &str) -> Result<Token, Infallible> {
    Ok(Token::new(text.into()))
}
