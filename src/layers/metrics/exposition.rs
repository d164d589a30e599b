//! Adds up the workers' counters and writes them.

use std::fmt;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::counters::{BUCKETS_NANOSECONDS, FAMILIES, OTHER, RCODES, ServfailCause, TYPES};
use super::{QueryCounters, Workers};
use crate::dns::Transport;
use crate::exposition::{counter, family};
use crate::layers::cache::CacheTable;

const NANOSECONDS: f64 = 1e9;

impl Collector for Workers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counters = self
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let counters: Vec<&QueryCounters> = counters.iter().map(AsRef::as_ref).collect();
        let tables = self
            .tables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let tables: Vec<&CacheTable> = tables.iter().map(AsRef::as_ref).collect();
        encode_queries(&mut encoder, &counters)?;
        encode_answers(&mut encoder, &counters)?;
        encode_durations(&mut encoder, &counters)?;
        encode_failures(&mut encoder, &counters)?;
        encode_cache(&mut encoder, &tables)
    }
}

fn encode_queries(encoder: &mut DescriptorEncoder<'_>, all: &[&QueryCounters]) -> fmt::Result {
    let names = TYPES.iter().map(|(_, name)| *name).chain([OTHER]);
    let mut rows = Vec::new();
    for transport in Transport::ALL {
        for (place, name) in names.clone().enumerate() {
            for (family, label) in FAMILIES.iter().enumerate() {
                let count = sum(all, |all| &all.queries[transport as usize][place][family]);
                if count > 0 {
                    rows.push((transport.as_str(), name, *label, count));
                }
            }
        }
    }
    let mut own = family(
        encoder,
        "nomadns_queries",
        "Queries received",
        MetricType::Counter,
    )?;
    for (transport, name, label, count) in &rows {
        let labels = [
            ("transport", *transport),
            ("type", *name),
            ("family", *label),
        ];
        counter(&mut own, &labels, *count)?;
    }
    Ok(())
}

fn encode_answers(encoder: &mut DescriptorEncoder<'_>, all: &[&QueryCounters]) -> fmt::Result {
    let names = RCODES.iter().map(|(_, name)| *name).chain([OTHER]);
    let mut own = family(
        encoder,
        "nomadns_answers",
        "Answers sent",
        MetricType::Counter,
    )?;
    for transport in Transport::ALL {
        for (place, name) in names.clone().enumerate() {
            let count = sum(all, |all| &all.answers[transport as usize][place]);
            if count > 0 {
                let labels = [("transport", transport.as_str()), ("rcode", name)];
                counter(&mut own, &labels, count)?;
            }
        }
    }
    Ok(())
}

fn encode_durations(encoder: &mut DescriptorEncoder<'_>, all: &[&QueryCounters]) -> fmt::Result {
    let name = "nomadns_answer_duration_seconds";
    let help = "Time from the decoded query to the answer";
    let mut own = family(encoder, name, help, MetricType::Histogram)?;
    for transport in Transport::ALL {
        let mut buckets = Vec::new();
        for place in 0..=BUCKETS_NANOSECONDS.len() {
            let end = BUCKETS_NANOSECONDS.get(place);
            let end = end.map_or(f64::INFINITY, |end| *end as f64 / NANOSECONDS);
            buckets.push((
                end,
                sum(all, |all| &all.durations[transport as usize][place]),
            ));
        }
        let count: u64 = buckets.iter().map(|(_, count)| count).sum();
        let nanoseconds = sum(all, |all| &all.nanoseconds[transport as usize]);
        if count > 0 {
            let total = nanoseconds as f64 / NANOSECONDS;
            own.encode_family(&[("transport", transport.as_str())])?
                .encode_histogram::<NoLabelSet>(total, count, &buckets, None)?;
        }
    }
    Ok(())
}

fn encode_failures(encoder: &mut DescriptorEncoder<'_>, all: &[&QueryCounters]) -> fmt::Result {
    let help = "Queries answered with SERVFAIL, by reason";
    let mut own = family(encoder, "nomadns_failures", help, MetricType::Counter)?;
    for failure in ServfailCause::ALL {
        let count = sum(all, |all| &all.failures[failure as usize]);
        counter(&mut own, &[("reason", failure.as_str())], count)?;
    }
    Ok(())
}

fn encode_cache(encoder: &mut DescriptorEncoder<'_>, tables: &[&CacheTable]) -> fmt::Result {
    let count = |of: fn(&CacheTable) -> &AtomicU64| -> u64 {
        tables
            .iter()
            .map(|table| of(table).load(Ordering::Relaxed))
            .sum()
    };
    for (name, help, value) in [
        (
            "nomadns_cache_hits",
            "Queries answered from a cache",
            count(|it| &it.counters().hits),
        ),
        (
            "nomadns_cache_misses",
            "Queries answered from the catalogue",
            count(|it| &it.counters().misses),
        ),
        (
            "nomadns_cache_evictions",
            "Valid answers removed to make room",
            count(|it| &it.counters().evictions),
        ),
        (
            "nomadns_cache_rejected",
            "Answers not cached: too large, or no room was found",
            count(|it| &it.counters().rejected),
        ),
    ] {
        let mut own = family(encoder, name, help, MetricType::Counter)?;
        own.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    let entries: usize = tables.iter().map(|table| table.entries()).sum();
    let help = "Answers in the caches of all workers";
    let mut own = family(encoder, "nomadns_cache_entries", help, MetricType::Gauge)?;
    own.encode_gauge(&u64::try_from(entries).unwrap_or(u64::MAX))
}

fn sum(all: &[&QueryCounters], of: impl Fn(&QueryCounters) -> &AtomicU64) -> u64 {
    all.iter()
        .map(|counters| of(counters).load(Ordering::Relaxed))
        .sum()
}
