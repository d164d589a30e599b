//! Writes a gauge without labels.
//!
//! Floor 7.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, MetricEncoder};
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
