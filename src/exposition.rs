//! Writes metrics that are counted elsewhere, in the text form of Prometheus, and histograms that count for themselves.
//!
//! Floor 0. The collectors in `layers` and `app` use it: they read their counters when the metrics are requested.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Counts values by size: each in the first bucket whose upper end is not below it. Counting takes no lock.
#[derive(Debug)]
pub(crate) struct Histogram {
    ends: &'static [u64],
    /// One for each end, and one for the values above the last.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a histogram has counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistogramCounts {
    /// The upper end of each bucket, infinite for the last, with how many values are in it and in no smaller one.
    pub buckets: Vec<(f64, u64)>,
    /// The sum of all values.
    pub sum: f64,
}

impl Histogram {
    /// Makes one whose buckets end at these values, in rising order.
    pub(crate) fn new(ends: &'static [u64]) -> Self {
        Self {
            ends,
            counts: (0..=ends.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts a value.
    pub(crate) fn observe(&self, value: u64) {
        let bucket = self.ends.partition_point(|end| *end < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// What was counted, in units of which one has so many of the values' own.
    pub(crate) fn counts(&self, per_unit: f64) -> HistogramCounts {
        let ends = self.ends.iter().map(|end| *end as f64 / per_unit);
        let counts = self.counts.iter().map(|it| it.load(Ordering::Relaxed));
        HistogramCounts {
            buckets: ends.chain([f64::INFINITY]).zip(counts).collect(),
            sum: self.sum.load(Ordering::Relaxed) as f64 / per_unit,
        }
    }
}

impl HistogramCounts {
    /// How many values were counted.
    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// Adds what another histogram with the same buckets has counted.
    pub(crate) fn add(&mut self, other: &Self) {
        if self.buckets.is_empty() {
            self.clone_from(other);
            return;
        }
        for ((_, count), (_, more)) in self.buckets.iter_mut().zip(&other.buckets) {
            *count += more;
        }
        self.sum += other.sum;
    }

    /// Writes it as a metric of a family.
    ///
    /// # Errors
    /// What writing fails with.
    pub(crate) fn encode(
        &self,
        encoder: &mut MetricEncoder<'_>,
        labels: &impl EncodeLabelSet,
    ) -> fmt::Result {
        let (sum, count) = (self.sum, self.count());
        encoder
            .encode_family(labels)?
            .encode_histogram::<NoLabelSet>(sum, count, &self.buckets, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_first_bucket_that_does_not_end_below_it() {
        let histogram = Histogram::new(&[10, 20]);
        for value in [0, 10, 11, 20, 21] {
            histogram.observe(value);
        }
        let mut counts = histogram.counts(10.0);
        assert_eq!(counts.buckets, [(1.0, 2), (2.0, 2), (f64::INFINITY, 1)]);
        assert_eq!((counts.count(), counts.sum), (5, 6.2));
        counts.add(&counts.clone());
        assert_eq!((counts.count(), counts.sum), (10, 12.4));
    }
}
