//! What this process has found of the lake's files, for its metrics.

use std::fmt::Error;

use helan_lake::Lake;
use helan_runtime::metrics::Metrics;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

#[derive(Debug)]
struct Soundness(Lake);

/// Shows what is found by whatever part of the process reads the lake.
pub(crate) fn register(metrics: &Metrics, lake: Lake) {
    metrics.register(|registry| registry.register_collector(Box::new(Soundness(lake))));
}

impl Collector for Soundness {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), Error> {
        let damaged = ConstGauge::new(i64::try_from(self.0.damaged_files()).unwrap_or(i64::MAX));
        let metric = encoder.encode_descriptor(
            "helan_lake_damaged_files",
            "Files of the lake's tables that are not what was written, found since this process runs",
            None,
            damaged.metric_type(),
        )?;
        damaged.encode(metric)?;
        let left = ConstCounter::new(self.0.cells_left());
        let metric = encoder.encode_descriptor(
            "helan_lake_cells_left",
            "Times that cached cells could not be used, so that all events were read instead",
            None,
            left.metric_type(),
        )?;
        left.encode(metric)
    }
}
