//! One registry a process, written out as OpenMetrics text by `/metrics`.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

mod process;

/// The process's metrics; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// Media type of [`Metrics::encode`].
    pub const CONTENT_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// A registry that tells of the process itself, and which version it runs.
    pub fn of_process(version: &str) -> Self {
        let metrics = Self::default();
        let build = Family::<Vec<(&'static str, String)>, Gauge>::default();
        build.get_or_create(&vec![("version", version.to_owned())]).set(1);
        metrics.register(|registry| {
            registry.register("helan_build_info", "Version of the program, always 1", build);
            registry.register_collector(Box::new(process::Process));
        });
        metrics
    }

    /// Lets a part of the process register what it counts; names begin with `helan_`.
    pub fn register<T>(&self, add: impl FnOnce(&mut Registry) -> T) -> T {
        add(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The current values as OpenMetrics text.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0.lock().unwrap_or_else(PoisonError::into_inner))
            .expect("writing to a String cannot fail");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_tells_of_itself() {
        let text = Metrics::of_process("1.2.3").encode();
        assert!(text.contains("helan_build_info{version=\"1.2.3\"} 1"), "{text}");
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).expect(name);
            line.trim().parse().expect("a number")
        };
        assert!(value("helan_process_resident_memory_bytes ") > 1e6);
        assert!(value("helan_process_open_files ") >= 1.0);
        assert!(value("helan_process_cpu_seconds_total ") >= 0.0);
    }
}
