//! Client properties: what this program decides, and what an operator may pass through to reach a cluster.

use std::collections::BTreeMap;
use std::path::Path;

use helan_schemas::topics::MAX_RECORD_BYTES;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, ClientContext};

use crate::{LogError, Result};

/// Properties that reach a cluster and change no promise of the log. Everything else is decided here.
const PASSED_THROUGH: [&str; 8] =
    ["security.", "sasl.", "ssl.", "enable.ssl.", "enable.sasl.", "client.", "socket.", "broker.address."];

/// Reads a file of client properties: one `name=value` a line, `#` begins a comment. Values are secrets: an error names
/// the line, never its text.
pub fn read_properties(path: &Path) -> Result<BTreeMap<String, String>> {
    let wrong = |what: String| LogError::misconfigured(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    let mut properties = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(wrong(format!("line {} is no name=value", number + 1)));
        };
        let (name, value) = (name.trim(), value.trim());
        check(name).map_err(|e| wrong(format!("line {}: {e}", number + 1)))?;
        if properties.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(wrong(format!("line {}: {name} stands there twice", number + 1)));
        }
    }
    Ok(properties)
}

fn check(name: &str) -> Result<()> {
    if PASSED_THROUGH.iter().any(|prefix| name.starts_with(prefix)) {
        return Ok(());
    }
    let known = PASSED_THROUGH.map(|prefix| format!("{prefix}*")).join(", ");
    Err(LogError::misconfigured(format!("Kafka property {name:?} cannot be set; only {known} can")))
}

/// Whether a property asks for TLS, or for a SASL mechanism that librdkafka has only with it.
fn needs_tls(name: &str, value: &str) -> bool {
    let value = value.to_ascii_uppercase();
    match name {
        "security.protocol" => matches!(value.as_str(), "SSL" | "SASL_SSL"),
        "sasl.mechanism" | "sasl.mechanisms" => value.starts_with("SCRAM-") || value == "OAUTHBEARER",
        _ => name.starts_with("ssl.") || name.starts_with("enable.ssl.") || name.starts_with("sasl.oauthbearer."),
    }
}

/// What every client has in common.
pub(super) fn base(brokers: &str, properties: &BTreeMap<String, String>) -> Result<ClientConfig> {
    let mut config = ClientConfig::new();
    config.set("client.id", "helan").set_log_level(RDKafkaLogLevel::Warning);
    for (name, value) in properties {
        check(name)?;
        config.set(name, value);
    }
    if !cfg!(feature = "kafka-tls")
        && let Some((name, _)) = properties.iter().find(|(name, value)| needs_tls(name, value))
    {
        return Err(LogError::misconfigured(format!(
            "Kafka property {name:?} as it is set needs TLS, which this helan was built without; build it with `cargo \
             build --release --features kafka-tls` (the image and the packages have it)"
        )));
    }
    config
        .set("bootstrap.servers", brokers)
        .set("message.max.bytes", MAX_RECORD_BYTES.to_string())
        .set("socket.keepalive.enable", "true")
        .set("reconnect.backoff.max.ms", "2000");
    Ok(config)
}

/// A producer that writes each record once and in order, or says that it could not.
pub(super) fn producer(base: &ClientConfig) -> ClientConfig {
    let mut config = base.clone();
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("partitioner", "murmur2_random")
        .set("compression.type", "lz4")
        // Long enough to fill batches under load, short beside the 20 ms in which one event is to be acknowledged.
        .set("linger.ms", "5")
        .set("batch.size", "1000000")
        .set("delivery.timeout.ms", "30000")
        .set("queue.buffering.max.kbytes", "65536")
        .set("queue.buffering.max.messages", "100000");
    config
}

/// A consumer whose group decides who reads what, and nothing else.
pub(super) fn consumer(base: &ClientConfig, group: &str) -> ClientConfig {
    let mut config = base.clone();
    config
        .set("group.id", group)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("auto.offset.reset", "error")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("check.crcs", "true")
        // Memory: what is fetched ahead, over all partitions.
        .set("queued.max.messages.kbytes", "32768")
        .set("queued.min.messages", "100000")
        // With the default of 1 s a fast reader would drain a full queue and then wait.
        .set("fetch.queue.backoff.ms", "2")
        .set("max.partition.fetch.bytes", "2097152")
        .set("fetch.max.bytes", (2 * MAX_RECORD_BYTES).to_string())
        .set("fetch.wait.max.ms", "100")
        .set("allow.auto.create.topics", "false");
    config
}

/// Passes librdkafka's own messages on. It leaves secrets out of them.
#[derive(Clone, Debug)]
pub(super) struct Tracing;

impl ClientContext for Tracing {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "kafka client");
    }
}

impl ConsumerContext for Tracing {}

pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
            tracing::error!(facility, "librdkafka: {message}");
        }
        RDKafkaLogLevel::Warning => tracing::warn!(facility, "librdkafka: {message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => tracing::info!(facility, "librdkafka: {message}"),
        RDKafkaLogLevel::Debug => tracing::debug!(facility, "librdkafka: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_tls_names_the_feature_that_has_it() {
        for (name, value) in [
            ("security.protocol", "sasl_ssl"),
            ("security.protocol", "SSL"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.mechanisms", "OAUTHBEARER"),
            ("ssl.ca.location", "/etc/ca.pem"),
            ("enable.ssl.certificate.verification", "true"),
        ] {
            let properties = [(name.to_owned(), value.to_owned())].into();
            let answer = base("h:1", &properties).map_err(|error| error.to_string());
            assert_eq!(answer.is_ok(), cfg!(feature = "kafka-tls"), "{name}");
            if let Err(error) = answer {
                assert!(error.contains(name) && error.contains("--features kafka-tls"), "{error}");
            }
        }
        assert!(!needs_tls("sasl.mechanism", "PLAIN") && !needs_tls("security.protocol", "SASL_PLAINTEXT"));
    }

    #[test]
    fn properties_reach_the_client_and_promises_stay() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("kafka.properties");
        std::fs::write(&path, "# cluster\nsecurity.protocol = SASL_SSL\nsasl.password=a=b\n").expect("written");
        let properties = read_properties(&path).expect("readable");
        assert_eq!(properties["sasl.password"], "a=b");
        let properties = [("security.protocol".to_owned(), "SASL_PLAINTEXT".to_owned())].into();
        let base = base("h:1", &properties).expect("allowed");
        assert_eq!(consumer(&base, "g").get("security.protocol"), Some("SASL_PLAINTEXT"));

        for bad in ["acks=1", "enable.idempotence=false", "bootstrap.servers=x", "secret", "ssl.a=1\nssl.a=2"] {
            std::fs::write(&path, bad).expect("written");
            let error = read_properties(&path).expect_err(bad).to_string();
            assert!(error.contains("line ") && !error.contains("secret"), "{error}");
        }
    }
}
