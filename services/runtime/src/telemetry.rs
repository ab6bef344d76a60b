//! Logs: to standard error, for people on a terminal and as JSON lines elsewhere.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

mod fields;

pub use fields::FIELDS;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One readable line an event.
    Text,
    /// One JSON object an event.
    Json,
}

/// Starts writing logs. `filter` is in `tracing`'s directive syntax: `info`, `helan_ingest=debug,warn`.
///
/// # Errors
/// If the filter cannot be read, or logs were started before.
pub fn init(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(filter)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let json = match format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let started = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("logs cannot be started: {error}"))
}
