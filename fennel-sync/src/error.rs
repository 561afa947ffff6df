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

use std::io;
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
        name: &'static str,
        /// What is wrong and what to do; never the value.
        problem: &'static str,
    },
    /// A server was named, but no token.
    #[error(
        "FENNEL_TOKEN is not set, but {given} names a server; set it to a token of that server, or pass --token"
    )]
    NoToken {
        /// What names the server.
        given: &'static str,
    },
    /// A token was given, but no server.
    #[error(
        "FENNEL_URL is not set, but {given} holds a token; set it to the address of the token's server, or pass --url"
    )]
    NoUrl {
        /// What holds the token.
        given: &'static str,
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
    #[error(
        "{url} doesn't look like a fennel server: {detail}; check the address in FENNEL_URL or --url"
    )]
    Foreign {
        /// The server.
        url: String,
        /// What was unexpected.
        detail: String,
    },
    /// The server points elsewhere, and a token is not carried there.
    #[error(
        "{url} answers with a redirect (status {status}) to {to}, which is not followed; set FENNEL_URL or --url to the server's own address"
    )]
    Redirect {
        /// The server.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Where it points, without credentials.
        to: String,
    },
    /// The token is not accepted, or not for this.
    #[error("{}", not_authorised(*.status, .message.as_deref()))]
    NotAuthorised {
        /// The HTTP status.
        status: u16,
        /// The server's reason, where it gives one.
        message: Option<String>,
    },
    /// No answer.
    #[error("{url} can't be reached, after {}: {failure}", tried(*.tries))]
    Unreachable {
        /// The server.
        url: String,
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
            | Error::Definitions(_)
            | Error::NoEntity(_)
            | Error::Output(_) => 2,
            Error::Refused { .. }
            | Error::Declined { .. }
            | Error::NoBranch { .. }
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
        }
    }

    /// The name of the exit code's meaning, for machines.
    pub(crate) fn kind(&self) -> &'static str {
        match self.exit_code() {
            2 => "configuration",
            3 => "refused",
            4 => "not_authorised",
            _ => "not_reachable",
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

fn unanswered(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::None => "; nothing was done, try again later",
        // Whoever commits finds out.
        Doubt::Commit => "",
        Doubt::Branch => "; it may still be at it, `sync branch list` tells later",
    }
}

fn not_authorised(status: u16, message: Option<&str>) -> String {
    let what = match status {
        403 => "the token may not commit here",
        _ => "the server does not accept the token in FENNEL_TOKEN or --token",
    };
    format!("{what} (status {status}){}", detail(message))
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
