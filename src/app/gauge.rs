//! Writes a gauge or a counter without labels.
//!
//! Floor 7.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::layers::metrics::family;

/// Writes one gauge.
pub(super) fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: &impl EncodeGaugeValue,
) -> fmt::Result {
    let mut own: MetricEncoder<'_> = family(encoder, name, help, MetricType::Gauge)?;
    own.encode_gauge(value)
}

/// Writes one counter.
pub(super) fn total(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    count: u64,
) -> fmt::Result {
    let mut own: MetricEncoder<'_> = family(encoder, name, help, MetricType::Counter)?;
    own.encode_counter::<NoLabelSet, _, u64>(&count, None)
}
