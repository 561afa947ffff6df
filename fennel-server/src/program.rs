//! The program: serves the features of one data folder.

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::command::{self, Command};
use crate::log::{self, Log, Settings};
use crate::{
    Config, FirstToken, Naming, PythonOptions, SecretKey, Server, ServerName, Token, chain,
};
use clap::Parser;
use fennel_core::time::Duration;
use fennel_engine::Options;

const TOKEN_VARIABLE: &str = "FENNEL_ADMIN_TOKEN";
const KEY_VARIABLE: &str = "FENNEL_SECRET_KEY";

/// Rows that a dataset takes before it is looked through again for what is older than its history.
const TRIM_AFTER: usize = 10_000;

/// Ingests, computes and serves features over Fennel's protocol.
///
/// On the first start with a data folder it prints a new admin token, once. Set FENNEL_ADMIN_TOKEN to have that
/// as the first token instead.
#[derive(Parser)]
#[command(
    name = "fennel-server",
    version,
    args_conflicts_with_subcommands = true
)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    /// Where to listen. It is plain HTTP: put a proxy with TLS before it if others can reach it
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7425", value_parser = address)]
    listen: SocketAddr,

    /// The folder of the data, which has nothing else in it; created when missing
    #[arg(long, value_name = "DIR", default_value = "./fennel-data")]
    data_dir: PathBuf,

    /// The name by which `sync` and people tell this server from others, such as prod; kept in the data folder. A
    /// folder without one gets one at random
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<ServerName>,

    /// A file with the key that secrets are encrypted with: 64 hexadecimal digits. FENNEL_SECRET_KEY can have them
    /// instead; without a key no secrets are kept
    #[arg(long, value_name = "FILE")]
    secret_key_file: Option<PathBuf>,

    /// About how much memory all requests may take at once, in MiB; beyond that, large ones get 503
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    request_memory: u32,

    /// About how much memory rows may take that were asked for and may be asked for again, in MiB; 0 for none
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    row_cache: u32,

    /// How many connections there may be at once; others wait
    #[arg(long, value_name = "COUNT", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,

    /// Remove what is older than its dataset's history, for good; without it all is kept
    #[arg(long)]
    trim_history: bool,

    /// A folder whose files offline queries may read, and write outputs to; may be repeated. Without it they use none
    #[arg(long, value_name = "DIR")]
    offline_dir: Vec<PathBuf>,

    /// A bucket of S3 that offline queries may use, as `bucket` or `bucket/prefix`; may be repeated. Without it they use
    /// none. Region, endpoint and keys are those of the AWS_ variables
    #[arg(long, value_name = "BUCKET")]
    offline_bucket: Vec<String>,

    /// How many threads answer the rows of offline queries
    #[arg(long, value_name = "COUNT", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    offline_workers: u16,

    /// How long features are kept that were logged when they were served, as 30d
    #[arg(long, value_name = "DURATION", default_value = "730d", value_parser = kept)]
    keep_logged: Duration,

    /// How long the windows of arrival time are by which results of expectations are told, as 10m or 1d
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = window)]
    expectation_window: Duration,

    /// How many windows of each dataset's expectations are kept
    #[arg(long, value_name = "COUNT", default_value_t = 720, value_parser = clap::value_parser!(u32).range(1..))]
    expectation_windows: u32,

    /// Runs the Python functions of definitions, with this Python, which needs pandas, in processes of their own. A
    /// start tries whether it can. Whoever may commit then runs code as this server's user. Without it such definitions
    /// are refused
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = "python3")]
    python: Option<PathBuf>,

    /// How much memory a Python process may take beyond what it begins with, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 512, requires = "python", value_parser = clap::value_parser!(u32).range(1..))]
    python_memory: u32,

    /// How long a call of a Python function may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, requires = "python", value_parser = clap::value_parser!(u32).range(1..))]
    python_timeout: u32,

    /// A file for what Python functions print, of 1 MiB at most; without it that is lost
    #[arg(long, value_name = "FILE", requires = "python")]
    python_output: Option<PathBuf>,

    #[command(flatten)]
    log: Settings,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let hint = "write an IP address and a port, as in 127.0.0.1:7425, 0.0.0.0:7425 for all of IPv4, or [::1]:7425";
    text.parse().map_err(|_| hint)
}

/// A window: a second at least.
fn window(text: &str) -> Result<Duration, String> {
    let window = Duration::parse(text).map_err(|error| error.to_string())?;
    match window.micros() >= 1_000_000 {
        true => Ok(window),
        false => Err("a window has a second at least".into()),
    }
}

/// How long something is kept: a second at least.
fn kept(text: &str) -> Result<Duration, String> {
    let kept = Duration::parse(text).map_err(|error| error.to_string())?;
    match kept.micros() >= 1_000_000 {
        true => Ok(kept),
        false => Err("logged features are kept for a second at least".into()),
    }
}

fn name(text: &str) -> Result<ServerName, crate::Error> {
    ServerName::new(text)
}

/// Writes the `main` of a server that has the Rust functions of these crates.
///
/// A commit names the functions of `#[extractors]` and `#[transform]`; they run where their crate is linked. So a
/// project with such functions has a server of its own, in `src/bin/server.rs`, for which it depends on
/// `fennel-server`:
///
/// ```
/// # extern crate fennel_core as my_features;
/// fennel_server::main!(my_features);
/// ```
///
/// Naming a crate is what links it. `fennel_server::main!();` is the server without functions, which is the
/// program `fennel-server`.
///
/// The program has the allocator of `mimalloc`, so no crate in it may have one. To have another, write a `main` that
/// names the crates, as `use my_features as _;`, and calls [`run`].
#[macro_export]
macro_rules! main {
    ($($name:ident),* $(,)?) => {
        $(use $name as _;)*

        #[global_allocator]
        static ALLOCATOR: $crate::Allocator = $crate::Allocator;

        fn main() -> ::std::process::ExitCode {
            $crate::run()
        }
    };
}

/// What [`main!`] calls: serves as this process's arguments say, until it is told to stop.
#[must_use]
pub fn run() -> ExitCode {
    let mut args = Args::parse();
    let done = match args.command.take() {
        Some(command) => command::run(command).map_err(|error| {
            eprintln!("error: {}", chain(&*error));
        }),
        None => {
            let format = args.log.format();
            serve(args).map_err(|error| log::failed(format, &chain(&*error)))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(()) => ExitCode::FAILURE,
    }
}

type BoxError = Box<dyn std::error::Error>;

/// The key of secrets, from a file or from the variable.
fn secret_key(
    file: Option<PathBuf>,
    variable: Option<OsString>,
) -> Result<Option<SecretKey>, BoxError> {
    let variable = variable.filter(|key| !key.is_empty());
    let (place, text) = match (file, variable) {
        (Some(_), Some(_)) => {
            return Err(format!(
                "both --secret-key-file and {KEY_VARIABLE} are set; leave one out"
            )
            .into());
        }
        (Some(file), None) => {
            let text = std::fs::read_to_string(&file);
            let place = format!("--secret-key-file {}", file.display());
            let text = text.map_err(|error| format!("{place} can't be read: {error}"))?;
            (place, text)
        }
        (None, Some(key)) => (KEY_VARIABLE.to_owned(), key.to_string_lossy().into_owned()),
        (None, None) => return Ok(None),
    };
    let key = SecretKey::new(&text);
    Ok(Some(key.map_err(|error| format!("{place}: {error}"))?))
}

fn serve(args: Args) -> Result<(), BoxError> {
    let engine = options(&args);
    let log = log::begin(&args.log)?;
    let config = Config {
        listen: args.listen,
        data_dir: args.data_dir,
        name: args.name,
        secret_key: secret_key(args.secret_key_file, std::env::var_os(KEY_VARIABLE))?,
        request_memory: (args.request_memory as usize).saturating_mul(1 << 20),
        row_cache: u64::from(args.row_cache) << 20,
        max_connections: args.max_connections as usize,
        offline_dirs: args.offline_dir,
        offline_buckets: args.offline_bucket,
        offline_workers: args.offline_workers.into(),
        engine,
        first_admin_token: first_admin_token(std::env::var_os(TOKEN_VARIABLE))?,
        python: args.python.map(|python| PythonOptions {
            python,
            memory: u64::from(args.python_memory) << 20,
            time: std::time::Duration::from_secs(args.python_timeout.into()),
            output: args.python_output,
            ..PythonOptions::default()
        }),
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(async {
        // Before anything is printed, so that whoever reads it can stop the server.
        let shutdown = signals()?;
        let server = Server::bind(config).await?;
        announce(&server, &log)?;
        server.confirm_first_token().await?;
        log.listens(server.address(), server.name());
        server.serve(shutdown).await;
        log.ended();
        Ok(())
    });
    // A request that outlasted the server's patience must not hold the process: nothing of it was promised.
    runtime.shutdown_background();
    log.close();
    served
}

/// How the engine works.
fn options(args: &Args) -> Options {
    let mut options = Options::default();
    options.trim_after = args.trim_history.then_some(TRIM_AFTER);
    options.served_kept = args.keep_logged;
    options.expectation_window = args.expectation_window;
    options.expectation_windows = args.expectation_windows;
    options
}

fn first_admin_token(variable: Option<OsString>) -> Result<Option<Token>, BoxError> {
    let Some(text) = variable else {
        return Ok(None);
    };
    let token =
        Token::new(text.to_string_lossy()).map_err(|error| format!("{TOKEN_VARIABLE}: {error}"))?;
    Ok(Some(token))
}

/// Says where the server is, where its data is, what it is called, and which admin token is in force.
fn announce(server: &Server, log: &Log) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "fennel-server listens on http://{}", server.address())?;
    writeln!(out, "data folder: {}", server.data_dir().display())?;
    for cut in server.cuts() {
        log.warn(&cut.to_string());
    }
    let name = server.name();
    match server.naming() {
        Naming::Renamed(old) => writeln!(out, "name: {name}, which was {old} until now")?,
        Naming::Made => writeln!(
            out,
            "name: {name}, made up for this folder; --name gives it another"
        )?,
        _ => writeln!(out, "name: {name}")?,
    }
    match server.token_outcome() {
        FirstToken::Generated(token) => {
            writeln!(out, "admin token, shown only this once: {}", token.reveal())?;
        }
        FirstToken::Configured => {
            writeln!(out, "admin token: the one in {TOKEN_VARIABLE}, from now on")?;
        }
        FirstToken::KeptOther => {
            log.warn(&format!(
                "{TOKEN_VARIABLE} is not the admin token: this data folder has one from its first \
                 start, or that was made since, which stays in force; unset the variable or use another folder. If no \
                 admin token is known any more, stop the server and run `fennel-server token reset-admin`"
            ));
        }
        _ => writeln!(out, "admin token: the one from this folder's first start")?,
    }
    out.flush()
}

/// Done on SIGINT (Ctrl-C) or SIGTERM.
#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use futures_util::future::select;
    use std::pin::pin;
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        select(pin!(interrupt.recv()), pin!(terminate.recv())).await;
    })
}

/// Done on Ctrl-C.
#[cfg(not(unix))]
fn signals() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logged_features_are_kept_as_long_as_the_flag_says() {
        let kept = |flags: &[&str]| {
            let args = Args::try_parse_from([&["fennel-server"], flags].concat());
            args.map(|args| options(&args).served_kept)
        };
        assert_eq!(kept(&[]).unwrap(), Duration::from_days(730));
        assert_eq!(
            kept(&["--keep-logged", "30d"]).unwrap(),
            Duration::from_days(30)
        );
        for wrong in ["0d", "soon", "500ms"] {
            assert!(kept(&["--keep-logged", wrong]).is_err(), "{wrong}");
        }
    }
}
