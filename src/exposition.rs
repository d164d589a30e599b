//! Writes metrics that are counted elsewhere, in the text form of Prometheus.
//!
//! Floor 0. The collectors in `layers` and `app` use it: they read their counters when the metrics are requested.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Starts a family of metrics; counters get their `_total` from the encoder.
///
/// # Errors
/// What writing fails with.
pub(crate) fn family<'e>(
    encoder: &'e mut DescriptorEncoder<'_>,
    name: &'e str,
    help: &str,
    kind: MetricType,
) -> Result<MetricEncoder<'e>, fmt::Error> {
    encoder.encode_descriptor(name, help, None, kind)
}

/// Writes one counter of a family.
///
/// # Errors
/// What writing fails with.
pub(crate) fn counter(
    encoder: &mut MetricEncoder<'_>,
    labels: &impl EncodeLabelSet,
    count: u64,
) -> fmt::Result {
    encoder
        .encode_family(labels)?
        .encode_counter::<NoLabelSet, _, u64>(&count, None)
}
