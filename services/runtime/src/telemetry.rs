//! Logs: to standard error, for people on a terminal and as JSON lines elsewhere. Spans: around the log lines they
//! hold, and, in a build with the feature `otel`, to an OpenTelemetry collector.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

#[cfg(feature = "otel")]
mod export;
mod fields;
mod request;

pub use fields::FIELDS;
pub use request::{answered, received};

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

/// What was started. [`Telemetry::finish`] ends it.
#[must_use = "spans that wait to be sent are lost unless it is finished"]
#[derive(Debug)]
pub struct Telemetry {
    #[cfg(feature = "otel")]
    export: Option<export::Export>,
}

impl Telemetry {
    /// Starts writing logs, and sending spans if this build can and `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector.
    /// `filter` is in `tracing`'s directive syntax: `info`, `helan_ingest=debug,warn`; it is for logs alone. `role` is
    /// what the process does, as the collector will call it.
    ///
    /// # Errors
    /// If the filter or the collector's settings cannot be read, or logs were started before.
    pub fn start(format: LogFormat, filter: &str, role: &str) -> anyhow::Result<Self> {
        let logs = logs(format).with_filter(EnvFilter::builder().parse(filter)?);
        let subscriber = tracing_subscriber::registry().with(logs);
        #[cfg(feature = "otel")]
        let (subscriber, telemetry) = {
            let export = export::Export::by_environment(role)?;
            let layer = export.as_ref().map(export::Export::layer);
            (subscriber.with(layer), Self { export })
        };
        #[cfg(not(feature = "otel"))]
        let (_, telemetry) = (role, Self {});
        subscriber.try_init().map_err(|error| anyhow::anyhow!("logs cannot be started: {error}"))?;
        Ok(telemetry)
    }

    /// Sends the spans that wait, within a few seconds. Blocks.
    pub fn finish(self) {
        #[cfg(feature = "otel")]
        if let Some(export) = self.export {
            export.finish();
        }
    }
}

fn logs(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let json = match format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    if json {
        layer.json().flatten_event(true).boxed()
    } else {
        layer.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed()
    }
}
