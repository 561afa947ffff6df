//! Logs and traces of the program, which whoever embeds a server sets up themselves.
//!
//! What is logged comes from fennel's crates alone, so that no other one can tell what it was sent.

#[cfg(test)]
mod tests;
#[cfg(feature = "otlp")]
mod traces;

use std::io;
use std::net::SocketAddr;
use std::panic::PanicHookInfo;

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::ServerName;

const LEVEL: &str = "FENNEL_LOG";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// What begins the name of each crate that is logged of.
const OURS: &str = "fennel";

/// What the program's arguments say of logs and traces.
#[derive(Debug, clap::Args)]
pub(crate) struct Settings {
    /// How logs are written to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    log_format: Format,

    /// How much is logged: off, error, warn, info, debug (each request) or trace; warn, unless FENNEL_LOG says it
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    log_level: Option<LevelFilter>,

    /// The collector that gets traces over OTLP/HTTP, such as http://127.0.0.1:4318; none, unless
    /// OTEL_EXPORTER_OTLP_ENDPOINT names one. Needs a build with the feature `otlp`
    #[arg(long, value_name = "URL")]
    otlp_endpoint: Option<String>,
}

impl Settings {
    /// How logs are written.
    pub(crate) fn format(&self) -> Format {
        self.log_format
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A line an event, for people.
    #[default]
    Text,
    /// A JSON object a line, for programs.
    Json,
}

fn level(text: &str) -> Result<LevelFilter, &'static str> {
    match text.trim() {
        "off" => Ok(LevelFilter::OFF),
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err("write off, error, warn, info, debug or trace"),
    }
}

/// Logs of the running program. Dropping it sends the traces that wait.
pub(crate) struct Log {
    format: Format,
    #[cfg(feature = "otlp")]
    _traces: Option<traces::Traces>,
}

impl Log {
    /// Logs that the server listens, where a program reads: people are told on standard output.
    pub(crate) fn listens(&self, address: SocketAddr, name: &ServerName) {
        if self.format == Format::Json {
            tracing::info!(%address, %name, "listens");
        }
    }

    /// Logs that the server has ended as it was told to, likewise.
    pub(crate) fn ended(&self) {
        if self.format == Format::Json {
            tracing::info!("has ended");
        }
    }

    /// Sends the traces that wait.
    pub(crate) fn close(self) {}

    /// Tells whoever starts the program that something is not as they may think: as a sentence, or as an event where
    /// a program reads.
    pub(crate) fn warn(&self, text: &str) {
        match self.format {
            Format::Text => eprintln!("warning: {text}"),
            Format::Json => tracing::warn!("{text}"),
        }
    }
}

type BoxError = Box<dyn std::error::Error>;

/// Logs and traces from now on, also of panics.
///
/// # Errors
///
/// If a level or an endpoint can't be one, or if this build sends no traces and is to.
pub(crate) fn begin(settings: &Settings) -> Result<Log, BoxError> {
    let level = match (settings.log_level, variable(LEVEL)) {
        (Some(level), _) => level,
        (None, None) => LevelFilter::WARN,
        (None, Some(text)) => level(&text)
            .map_err(|hint| format!("{LEVEL} is {text:?}, which is no level; {hint}"))?,
    };
    #[cfg(not(feature = "otlp"))]
    if settings.otlp_endpoint.is_some() {
        return Err(
            "--otlp-endpoint needs a server with the feature `otlp`, which this one is built without; build it with `cargo build -p fennel-server --features otlp`, or leave the flag out"
                .into(),
        );
    }
    let format = settings.log_format;
    let subscriber = Registry::default().with(lines(format, level, io::stderr));
    #[cfg(feature = "otlp")]
    let log = {
        let endpoint = settings
            .otlp_endpoint
            .clone()
            .or_else(|| variable(ENDPOINT));
        let traces = endpoint.map(|at| traces::Traces::to(&at)).transpose()?;
        let spans = traces.as_ref().map(|traces| {
            let spans = tracing_opentelemetry::layer().with_tracer(traces.tracer());
            spans.with_filter(ours(LevelFilter::DEBUG))
        });
        tracing::subscriber::set_global_default(subscriber.with(spans))?;
        Log {
            format,
            _traces: traces,
        }
    };
    #[cfg(not(feature = "otlp"))]
    let log = {
        tracing::subscriber::set_global_default(subscriber)?;
        Log { format }
    };
    std::panic::set_hook(Box::new(panicked));
    #[cfg(not(feature = "otlp"))]
    if variable(ENDPOINT).is_some() {
        log.warn(&format!(
            "{ENDPOINT} is set, and this server sends no traces; build it with the feature `otlp`"
        ));
    }
    Ok(log)
}

/// Tells why the program ends, whatever the level is: as a sentence, or as an event where a program reads.
pub(crate) fn failed(format: Format, why: &str) {
    match format {
        Format::Text => eprintln!("error: {why}"),
        Format::Json => {
            let subscriber =
                Registry::default().with(lines(format, LevelFilter::ERROR, io::stderr));
            tracing::subscriber::with_default(subscriber, || tracing::error!("{why}"));
        }
    }
}

/// Writes lines of what is logged.
fn lines(
    format: Format,
    level: LevelFilter,
    to: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer().with_ansi(false).with_writer(to);
    let filter = ours(level);
    match format {
        Format::Text => lines.with_filter(filter).boxed(),
        Format::Json => {
            let lines = lines.json().with_current_span(false);
            lines.with_filter(filter).boxed()
        }
    }
}

/// A variable of the environment that isn't empty.
fn variable(name: &str) -> Option<String> {
    let text = std::env::var_os(name)?.to_string_lossy().into_owned();
    (!text.trim().is_empty()).then_some(text)
}

fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_target(OURS, level)
}

/// Logs a panic by its place. Its text is told only where it is the same in every run, for others may hold what was
/// sent.
fn panicked(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let text = panic.payload().downcast_ref::<&'static str>();
    tracing::error!(place, text, "panicked, which is a bug: please report it");
}
