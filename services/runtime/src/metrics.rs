//! One registry a process, written out as OpenMetrics text by `/metrics`.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::registry::Registry;

/// The process's metrics; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// Media type of [`Metrics::encode`].
    pub const CONTENT_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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
