//! One run: collect, check, encode, plan, commit.

use fennel_core::catalog::Catalog;
use fennel_core::wire;
use fennel_core::{Problem, Problems};
use prost::Message as _;

use crate::cli::{self, Command, ServerArgs};
use crate::client::{Answer, Client, Mode};
use crate::config::{self, Given, Server, Setting, Target};
use crate::dump;
use crate::embedded::EmbeddedServer;
use crate::error::Error;
use crate::process::Process;
use crate::progress::watch;
use crate::report::Report;
use crate::transport::{Http, Transport};

/// What was collected, and from which crates.
pub(crate) struct Collected<'a> {
    pub(crate) crates: &'a [&'a str],
    pub(crate) catalog: Result<Catalog<'static>, fennel_core::Error>,
}

/// Does what the arguments say, and gives the exit code.
pub(crate) fn run(process: &mut Process<'_>, collected: Collected<'_>) -> u8 {
    let command = match cli::parse(&process.args) {
        Ok(command) => command,
        Err(error) => return usage(process, &error),
    };
    let settings = Settings::of(process);
    let mut report = Report::new(
        process.out,
        process.err,
        command.name(),
        command.format(),
    )
    .for_people(settings.colour, process.err_is_terminal);
    let result = execute(&command, collected, settings, &mut report);
    report.finish(result)
}

/// The help that was asked for, or what is wrong with the arguments.
fn usage(process: &mut Process<'_>, error: &clap::Error) -> u8 {
    let (to, code) = match error.use_stderr() {
        true => (&mut process.err, 2),
        false => (&mut process.out, 0),
    };
    match write!(to, "{}", error.render()) {
        Ok(()) => code,
        Err(_) => 2,
    }
}
