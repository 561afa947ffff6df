//! What ends a run, and with which exit code.
//!
//! | code | means | what helps |
//! |---|---|---|
//! | 0 | done, or nothing to do | |
//! | 10 | there is something to do: of `plan --detailed-exitcode` | |
//! | 2 | wrong usage, configuration or definitions, or a screen that can't be written to | the call or the code |
//! | 3 | the server refused, or what answered is no fennel server | the definitions or the address |
//! | 4 | the server does not accept the token, or not for this | another token |
//! | 5 | no server was reached, or it did not or could not answer | trying again later |
//! | 6 | the output of `query-offline` is there, without rows that failed | other rows, or none |

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fennel_core::Problems;

use crate::transport::Failure;

/// Why a run did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A flag or variable holds what it can't.
    #[error("{name} {problem}")]
    Setting {
        /// The flag or variable.
        name: Cow<'static, str>,
        /// What is wrong and what to do; never the value.
        problem: &'static str,
    },
    /// A server was named, but no token.
    #[error(
        "FENNEL_TOKEN is not set, but {given} names a server; set it to a token of that server, or pass --token"
    )]
    NoToken {
        /// What names the server.
        given: Cow<'static, str>,
    },
    /// A token was given, but no server.
    #[error(
        "FENNEL_URL is not set, but {given} holds a token; set it to the address of the token's server, or pass --url"
    )]
    NoUrl {
        /// What holds the token.
        given: Cow<'static, str>,
    },
    /// `fennel.toml` is wrong, or demands what is not so.
    #[error("{}: {message}", at(.file, *.line))]
    Profile {
        /// The file.
        file: PathBuf,
        /// The line in it.
        line: Option<u32>,
        /// What is wrong and what to do; never a value of the file.
        message: String,
    },
    /// `--profile` without `fennel.toml`.
    #[error(
        "there is no fennel.toml here or above, up to {}; write one there with a table [profile.NAME], or leave out --profile",
        .folder.display()
    )]
    NoProfiles {
        /// The last folder that was looked in.
        folder: PathBuf,
    },
    /// The server is another one than the expected.
    #[error("{url} is {}, and {given} expects `{expected}`; nothing was committed; check the address", named(.name.as_deref()))]
    OtherServer {
        /// The server.
        url: String,
        /// Its name, where it says one.
        name: Option<String>,
        /// The name that it should have.
        expected: String,
        /// What says so.
        given: Cow<'static, str>,
    },
    /// The server is of a version with which this program has no common language.
    #[error(
        "{url} runs version {version} of fennel-server, which does not go with version {own} of fennel-sync in this program; nothing was committed; build this program with fennel-sync {generation}, or have the server updated to {own_generation}"
    )]
    OtherVersion {
        /// The server.
        url: String,
        /// Its version.
        version: String,
        /// What of it counts.
        generation: String,
        /// This program's version.
        own: &'static str,
        /// What of it counts.
        own_generation: &'static str,
    },
    /// In CI there has to be a real server.
    #[error(
        "FENNEL_URL and FENNEL_TOKEN are not set, but CI is; what a job commits to an embedded server is gone with the job, so set both"
    )]
    NoServerInCi,
    /// Neither a server nor an embedded one.
    #[error(
        "FENNEL_URL is not set, and no server is embedded in this program; set FENNEL_URL and FENNEL_TOKEN, or turn on feature `local` of `fennel`, which brings an embedded server"
    )]
    NoEmbeddedServer,
    /// The definitions are missing or wrong.
    #[error("{}", definitions(.0))]
    Definitions(#[from] fennel_core::Error),
    /// `--explain` names nothing.
    #[error("there is no dataset and no featureset `{0}` to explain")]
    NoEntity(String),
    /// `graph` names nothing.
    #[error("there is no dataset and no featureset `{0}` to draw")]
    NotDrawn(String),
    /// A file with the rows of a query can't be used.
    #[error("`{}` {problem}", .path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// An offline query ended without an output.
    #[error("query {id} has no output: {reason}")]
    NotAnswered {
        /// Its id.
        id: String,
        /// Why.
        reason: String,
    },
    /// An offline query has an output that lacks rows.
    #[error(
        "{failed} of {rows} rows of query {id} failed and are not in its output; mend them and ask again, or go on without them"
    )]
    RowsFailed {
        /// Its id.
        id: String,
        /// How many rows failed.
        failed: u64,
        /// How many rows there are.
        rows: u64,
    },
    /// What there is to say can't be written.
    #[error("the output can't be written: {0}")]
    Output(#[from] io::Error),
    /// The server refuses the commit.
    #[error("{}", refusal(*.status, .message, .problems))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The server's reason.
        message: String,
        /// Its reasons one by one, where it gives them.
        problems: Problems,
    },
    /// The server does not do something that is no commit.
    #[error("the server refuses (status {status}): {message}")]
    Declined {
        /// The HTTP status.
        status: u16,
        /// The server's reason.
        message: String,
    },
    /// The commit was sent, no answer came, and the server says that it has not landed.
    #[error(
        "commit {id} has not landed so far: {cause}; should the server still be at it, `sync show {id}` tells when it is done, and running sync again is safe"
    )]
    NotLanded {
        /// The commit.
        id: String,
        /// Why there is no answer.
        cause: Box<Error>,
    },
    /// The commit was sent, no answer came, and nor does one to the question whether it has landed.
    #[error(
        "it is not known whether commit {id} has landed: {cause}; `sync show {id}` tells when the server is back, and running sync again is safe"
    )]
    InDoubt {
        /// The commit.
        id: String,
        /// Why there is no answer.
        cause: Box<Error>,
    },
    /// The server has no such branch.
    #[error("the server refuses this commit (status 404): {message}; {}", creation(.branch))]
    NoBranch {
        /// The branch, whose name has no character that a shell takes for something else.
        branch: String,
        /// The server's reason.
        message: String,
    },
    /// What answered does not speak as a fennel server does.
    #[error("{url} doesn't look like a fennel server: {detail}; check the address in {url_in}")]
    Foreign {
        /// The server.
        url: String,
        /// Where the address comes from.
        url_in: Cow<'static, str>,
        /// What was unexpected.
        detail: String,
    },
    /// The server points elsewhere, and a token is not carried there.
    #[error(
        "{url} answers with a redirect (status {status}) to {to}, which is not followed; write the server's own address into {url_in}"
    )]
    Redirect {
        /// The server.
        url: String,
        /// Where the address comes from.
        url_in: Cow<'static, str>,
        /// The HTTP status.
        status: u16,
        /// Where it points, without credentials.
        to: String,
    },
    /// The token is not accepted, or not for this.
    #[error("{}", not_authorised(*.status, .token_in, .message.as_deref()))]
    NotAuthorised {
        /// The HTTP status.
        status: u16,
        /// Where the token comes from.
        token_in: Cow<'static, str>,
        /// The server's reason, where it gives one.
        message: Option<String>,
    },
    /// No answer.
    #[error("{url} can't be reached, after {}: {failure}{}", tried(*.tries), unreached(.failure, .url_in))]
    Unreachable {
        /// The server.
        url: String,
        /// Where the address comes from.
        url_in: Cow<'static, str>,
        /// How often it was tried.
        tries: u32,
        /// Whether it may have heard of the request.
        reached: bool,
        /// What happened at last.
        failure: Failure,
    },
    /// A connection, and no answer for as long as there is to wait.
    #[error("{url} gave no answer within {} s, after {}{}", .limit.as_secs(), tried(*.tries), unanswered(*.doubt))]
    NoAnswer {
        /// The server.
        url: String,
        /// How often it was tried.
        tries: u32,
        /// The time for all tries.
        limit: Duration,
        /// What it may still be at.
        doubt: Doubt,
    },
    /// An answer that says that there is none now.
    #[error("{url} can't answer now, after {}: status {status}{}", tried(*.tries), detail(.message.as_deref()))]
    Unavailable {
        /// The server.
        url: String,
        /// How often it was tried.
        tries: u32,
        /// The HTTP status.
        status: u16,
        /// The server's reason, where it gives one.
        message: Option<String>,
    },
    /// The embedded server did not start.
    #[error("the embedded server can't start: {0}")]
    Embedded(String),
    /// This machine can't make an encrypted connection.
    #[error(
        "no encrypted connection can be made from here: {0}; install the system's CA certificates (the package is mostly `ca-certificates`), or name a file of them in SSL_CERT_FILE"
    )]
    NoTls(String),
    /// This machine can't make a connection at all.
    #[error("no connection can be made from here: {0}")]
    NoNetwork(io::Error),
}

/// What a server may have done that gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Nothing: it was only asked.
    None,
    /// A commit.
    Commit,
    /// Something about a branch.
    Branch,
}

impl Error {
    /// Whether the request may have been carried out all the same.
    pub(crate) fn leaves_doubt(&self) -> bool {
        match self {
            Error::Unreachable { reached, .. } => *reached,
            Error::NoAnswer { .. } | Error::Unavailable { .. } => true,
            _ => false,
        }
    }

    /// The exit code. See the module's table.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Error::Setting { .. }
            | Error::NoToken { .. }
            | Error::NoUrl { .. }
            | Error::NoServerInCi
            | Error::NoEmbeddedServer
            | Error::Profile { .. }
            | Error::NoProfiles { .. }
            | Error::OtherServer { .. }
            | Error::Definitions(_)
            | Error::NoEntity(_)
            | Error::NotDrawn(_)
            | Error::Data { .. }
            | Error::Output(_) => 2,
            Error::Refused { .. }
            | Error::Declined { .. }
            | Error::NotAnswered { .. }
            | Error::NoBranch { .. }
            | Error::OtherVersion { .. }
            | Error::Foreign { .. }
            | Error::Redirect { .. } => 3,
            Error::NotAuthorised { .. } => 4,
            Error::Unreachable { .. }
            | Error::NoAnswer { .. }
            | Error::Unavailable { .. }
            | Error::NotLanded { .. }
            | Error::InDoubt { .. }
            | Error::Embedded(_)
            | Error::NoTls(_)
            | Error::NoNetwork(_) => 5,
            Error::RowsFailed { .. } => 6,
        }
    }

    /// The name of the exit code's meaning, for machines.
    pub(crate) fn kind(&self) -> &'static str {
        match self.exit_code() {
            2 => "configuration",
            3 => "refused",
            4 => "not_authorised",
            6 => "incomplete",
            _ => "not_reachable",
        }
    }

    /// The file and line that are wrong, where it is one that is no definition.
    pub(crate) fn place(&self) -> Option<(&Path, Option<u32>)> {
        match self {
            Error::Profile { file, line, .. } => Some((file, *line)),
            _ => None,
        }
    }

    /// What is wrong with the definitions, one by one.
    pub(crate) fn problems(&self) -> Option<&Problems> {
        match self {
            Error::Definitions(fennel_core::Error::Invalid(problems))
            | Error::Refused { problems, .. } => Some(problems),
            _ => None,
        }
    }
}

fn definitions(error: &fennel_core::Error) -> String {
    match error {
        fennel_core::Error::Invalid(Problems(problems)) => {
            format!("the definitions have {}", count(problems.len(), "problem"))
        }
        other => other.to_string(),
    }
}

fn refusal(status: u16, message: &str, problems: &Problems) -> String {
    match problems.0.len() {
        0 => format!("the server refuses this commit (status {status}): {message}"),
        n => format!(
            "the server refuses this commit (status {status}) for {}",
            count(n, "problem")
        ),
    }
}

/// How to create a branch.
fn creation(branch: &str) -> String {
    format!(
        "if you want a new branch, create it with `sync branch create {branch}`, or `sync branch clone main {branch}` for one that begins as `main` is"
    )
}

/// What helps where nothing listens.
fn unreached(failure: &Failure, url_in: &str) -> String {
    match failure {
        Failure::Connect(_) => {
            format!("; see whether the server runs, and check the address in {url_in}")
        }
        _ => String::new(),
    }
}

fn unanswered(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::None => "; nothing was done, try again later",
        // Whoever commits finds out.
        Doubt::Commit => "",
        Doubt::Branch => "; it may still be at it, `sync branch list` tells later",
    }
}

fn not_authorised(status: u16, token_in: &str, message: Option<&str>) -> String {
    let what = match (status, token_in) {
        (403, _) => "the token may not do this".into(),
        (_, "FENNEL_TOKEN" | "--token") => {
            "the server does not accept the token in FENNEL_TOKEN or --token".into()
        }
        _ => format!("the server does not accept the token in {token_in}"),
    };
    format!("{what} (status {status}){}", detail(message))
}

fn at(file: &Path, line: Option<u32>) -> String {
    let file = file.display();
    line.map_or_else(|| file.to_string(), |line| format!("{file}:{line}"))
}

fn named(name: Option<&str>) -> String {
    name.map_or_else(
        || "a server without a name".into(),
        |name| format!("server `{name}`"),
    )
}

fn detail(message: Option<&str>) -> String {
    message.map_or_else(String::new, |message| format!(": {message}"))
}

fn tried(tries: u32) -> String {
    match tries {
        1 => "1 try".into(),
        tries => format!("{tries} tries"),
    }
}

/// `1 dataset`, `2 datasets`.
pub(crate) fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
