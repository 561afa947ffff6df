//! The `sync` program of a fennel project: it collects the project's definitions, checks them,
//! shows what a commit would change, and commits.
//!
//! The whole program is one line in `src/bin/sync.rs`, which names the crates that hold the
//! definitions:
//!
//! ```
//! # extern crate fennel_core as my_features;
//! fennel_sync::main!(my_features);
//! ```
//!
//! `cargo run --bin sync` then commits. `cargo run --bin sync -- --help` shows what else it does:
//! `plan` changes nothing, `check` needs no server, `check --explain` shows what each definition comes
//! to, `dump` prints the request, `graph` draws what is made of what. `history`, `show` and `diff` tell what was
//! committed, and `branch` lists, creates, clones and deletes branches.
//!
//! # Which server
//!
//! `FENNEL_URL` and `FENNEL_TOKEN`, or `--url` and `--token`. With neither it is the server that is
//! embedded in the program, if one is ([`EmbeddedServer`]), with its data in `./.fennel`. Where the
//! variable `CI` is set, a server has to be named.
//!
//! With `--profile NAME` it is as `fennel.toml` says, which is looked for in the working folder and
//! above it, up to the folder with `Cargo.lock` or `.git`:
//!
//! ```toml
//! [profile.prod]
//! url_env = "PROD_FENNEL_URL"      # the variables with address and token, never these themselves
//! token_env = "PROD_FENNEL_TOKEN"
//! branch = "main"
//! env = "prod"
//! expect_server = "prod"
//! require_clean_git = true         # commits only what is in git; plans are free
//! require_ci = true                # commits and changes branches only where the variable CI is set
//! ```
//!
//! All keys are optional. A flag goes before the profile, and the profile before `FENNEL_URL` and
//! `FENNEL_TOKEN`; but where a variable that the profile names is empty, no other one is read.
//!
//! A server has a name, which each plan shows. `--expect-server NAME` refuses any other before
//! definitions and credentials are sent.
//!
//! # Credentials
//!
//! A `Secret::env("NAME")` in the definitions is read from the variable when `sync` or `plan` asks a
//! server; `check`, `dump` and `graph` need none. No output shows a credential.
//!
//! # Exit codes
//!
//! | code | means |
//! |---|---|
//! | 0 | done, or nothing to do |
//! | 10 | there is something to do: of `plan --detailed-exitcode` |
//! | 2 | wrong usage, configuration or definitions, or output that can't be written |
//! | 3 | the server refused, or what answered is no fennel server |
//! | 4 | the server does not accept the token, or not for this |
//! | 5 | no server was reached, or it did not or could not answer; trying again later may help |
//! | 6 | the output of `query-offline` is there, without rows that failed |
//!
//! A request is tried up to five times within five minutes where no connection is made, it breaks
//! off, or the server says that it can't answer now. That is safe: every try of a commit bears the same
//! id, by which the server knows it again. Where no answer comes at all, the server is asked whether it
//! has that commit. A commit is made against the one that its plan was made for: a branch that has moved
//! since is left as it is, and what moved is told.
//!
//! # In GitHub Actions
//!
//! Each problem of the definitions, found here or by the server, becomes an annotation at its line, as does
//! every other error. That is where the variable `GITHUB_ACTIONS` is `true`, with any format.
//!
#![doc = include_str!("report/json.md")]

mod cli;
mod client;
mod commit;
mod config;
mod credentials;
mod dump;
mod embedded;
mod error;
mod explain;
mod git;
mod history;
mod identity;
mod job;
mod process;
mod profile;
mod progress;
mod query;
mod report;
mod retry;
mod revision;
mod secret;
mod transport;

#[cfg(test)]
mod tests;

use std::io::{stderr, stdout};
use std::process::ExitCode;

use fennel_core::registry;

pub use embedded::{EmbeddedServer, Running};

/// The `main` function of a project's `sync` program.
///
/// Name the crates that hold the definitions: naming one is also what links it. A crate without
/// definitions is an error, so that none can be missing in silence. Definitions in the program's
/// own modules are always taken; `fennel_sync::main!();` takes those alone.
///
/// A crate goes by its own name, not by one that `Cargo.toml` gives it with `package = ".."`.
///
/// ```
/// # extern crate fennel_core as ticket;
/// fennel_sync::main!(ticket);
/// ```
#[macro_export]
macro_rules! main {
    ($($name:ident),* $(,)?) => {
        $(use $name as _;)*

        fn main() -> ::std::process::ExitCode {
            $crate::run(&[$(::core::stringify!($name)),*])
        }
    };
}

/// What [`main!`] calls: does what this process's arguments say. `crates` are those that must have
/// definitions.
#[must_use]
pub fn run(crates: &[&str]) -> ExitCode {
    let crates: Vec<_> = crates
        .iter()
        .map(|name| name.trim_start_matches("r#"))
        .collect();
    let collected = job::Collected {
        crates: &crates,
        catalog: registry::collect(&crates),
    };
    let (mut out, mut err) = (stdout(), stderr());
    let process = process::Process::this(&mut out, &mut err);
    ExitCode::from(job::run(process, collected))
}
