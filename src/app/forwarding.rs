//! Tells what forwarding counts and keeps.
//!
//! Floor 7. Without a zone that is forwarded all counts are 0.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::collectors::{gauge, total};
use super::live_forwarder::LiveForwarder;
use crate::config::Settings;
use crate::exposition::{HistogramCounts, counter, family};
use crate::forward::{
    ForwardCounters, Forwarder, ROUND_TRIP_BUCKETS_MICROSECONDS, UpstreamCounters, ZoneUpstreams,
};
use crate::layers::CacheSettings;
use crate::layers::metrics::Workers;
use crate::listeners::admin::CachePages;

/// About how many octets an answer takes in a worker's own table.
const USUAL_OCTETS: usize = 512;
const MICROSECONDS: f64 = 1e6;

/// What shows an operator what it keeps.
pub(super) fn cache_pages(forwarder: &Arc<Forwarder>) -> CachePages {
    let (listing, flushing) = (Arc::clone(forwarder), Arc::clone(forwarder));
    CachePages {
        list: Arc::new(move |names| listing.list(names)),
        flush: Arc::new(move |names| flushing.flush(names)),
    }
}

/// The size of what each worker keeps for itself.
pub(super) fn worker_cache(settings: &Settings) -> CacheSettings {
    let octets = settings.worker_forwarded_octets;
    CacheSettings {
        entries: octets / USUAL_OCTETS,
        octets,
    }
}

/// Tells what forwarding counts.
#[derive(Debug)]
pub(super) struct ForwardingCollector {
    pub(super) forwarder: Arc<LiveForwarder>,
    pub(super) workers: Arc<Workers>,
}

impl Collector for ForwardingCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let none = ForwardCounters::default();
        let forwarder = self.forwarder.now();
        let forwarder = forwarder.as_ref();
        let counters = forwarder.map_or(&none, |it| it.counters());
        self.encode_cache(&mut encoder, counters)?;
        encode_questions(&mut encoder, counters)?;
        let (questions, waiting) = forwarder.map_or((0, 0), |it| it.under_way());
        for (name, help, count) in [
            (
                "nomadns_forward_questions",
                "Questions under way to upstreams",
                questions,
            ),
            (
                "nomadns_forward_waiting_queries",
                "Queries that wait for upstreams",
                waiting,
            ),
        ] {
            gauge(&mut encoder, name, help, &whole(count))?;
        }
        let zones = forwarder.into_iter().flat_map(|it| it.zones());
        let zones: Vec<Arc<ZoneUpstreams>> = zones.collect();
        encode_upstreams(&mut encoder, &zones)
    }
}

impl ForwardingCollector {
    fn encode_cache(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        counters: &ForwardCounters,
    ) -> fmt::Result {
        let hits = counters.hits.load(Ordering::Relaxed) + self.workers.forwarded_hits();
        let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        for (name, help, count) in [
            (
                "nomadns_forward_cache_hits",
                "Forwarded queries answered from the cache",
                hits,
            ),
            (
                "nomadns_forward_cache_misses",
                "Forwarded queries that the cache had no current answer for",
                load(&counters.misses),
            ),
            (
                "nomadns_forward_stale_answers",
                "Answers given after their time, since no upstream answered",
                load(&counters.stale),
            ),
            (
                "nomadns_forward_failure_hits",
                "Forwarded queries answered by a failure that is kept",
                load(&counters.failures),
            ),
            (
                "nomadns_forward_prefetches",
                "Answers asked for again before their time was over",
                load(&counters.prefetched),
            ),
        ] {
            total(encoder, name, help, count)?;
        }
        let (octets, entries) = self.forwarder.now().map_or((0, 0), |it| it.cache_size());
        let name = "nomadns_forward_cache_octets";
        gauge(
            encoder,
            name,
            "Octets of the answers of upstreams that are kept",
            &octets,
        )?;
        let name = "nomadns_forward_cache_entries";
        gauge(
            encoder,
            name,
            "Answers of upstreams that are kept",
            &whole(entries),
        )
    }
}

fn encode_questions(
    encoder: &mut DescriptorEncoder<'_>,
    counters: &ForwardCounters,
) -> fmt::Result {
    for (name, help, counter) in [
        (
            "nomadns_forward_coalesced",
            "Forwarded queries that waited for one that asked the same",
            &counters.coalesced,
        ),
        (
            "nomadns_forward_refused",
            "Forwarded queries that found too many waiting",
            &counters.refused,
        ),
        (
            "nomadns_forward_looped",
            "Queries that came back from an upstream, and those that were not forwarded since they would",
            &counters.looped,
        ),
    ] {
        total(encoder, name, help, counter.load(Ordering::Relaxed))?;
    }
    Ok(())
}

/// How long an upstream took, in seconds.
pub(super) fn round_trips(counters: &UpstreamCounters) -> HistogramCounts {
    let (counts, sum) = counters.round_trips();
    let ends = ROUND_TRIP_BUCKETS_MICROSECONDS.iter();
    let ends = ends.map(|end| *end as f64 / MICROSECONDS);
    HistogramCounts {
        buckets: ends.chain([f64::INFINITY]).zip(counts).collect(),
        sum,
    }
}

fn encode_upstreams(
    encoder: &mut DescriptorEncoder<'_>,
    zones: &[Arc<ZoneUpstreams>],
) -> fmt::Result {
    let rows: Vec<Row<'_>> = zones.iter().flat_map(|zone| rows(zone)).collect();
    let name = "nomadns_upstream_queries";
    let help = "Queries to upstreams, by what became of them";
    let mut own = family(encoder, name, help, MetricType::Counter)?;
    for row in &rows {
        for (result, count) in row.counters.results() {
            let labels = (row.labels(), [("result", result.as_str())]);
            counter(&mut own, &labels, count)?;
        }
    }
    let name = "nomadns_upstream_mismatches";
    let help = "Messages from upstreams' addresses that were not the response";
    let mut own = family(encoder, name, help, MetricType::Counter)?;
    for row in &rows {
        counter(
            &mut own,
            &row.labels(),
            row.counters.mismatches.load(Ordering::Relaxed),
        )?;
    }
    let name = "nomadns_upstream_up";
    let help = "1 for an upstream that answers, 0 for one that is down";
    let mut own = family(encoder, name, help, MetricType::Gauge)?;
    for row in &rows {
        own.encode_family(&row.labels())?
            .encode_gauge(&u64::from(row.is_up))?;
    }
    let name = "nomadns_upstream_smoothed_round_trip_seconds";
    let help = "The round trip that is expected of an upstream";
    let mut own = family(encoder, name, help, MetricType::Gauge)?;
    for row in &rows {
        own.encode_family(&row.labels())?
            .encode_gauge(&row.round_trip)?;
    }
    let name = "nomadns_upstream_round_trip_seconds";
    let help = "Time from a query to an upstream until its answer";
    let mut own = family(encoder, name, help, MetricType::Histogram)?;
    for row in &rows {
        round_trips(row.counters).encode(&mut own, &row.labels())?;
    }
    Ok(())
}

/// One upstream of one zone.
struct Row<'zone> {
    zone: String,
    address: String,
    is_up: bool,
    round_trip: f64,
    counters: &'zone UpstreamCounters,
}

impl Row<'_> {
    fn labels(&self) -> [(&'static str, &str); 2] {
        [("zone", &self.zone), ("upstream", &self.address)]
    }
}

fn rows(zone: &ZoneUpstreams) -> impl Iterator<Item = Row<'_>> {
    let name = format!("{:?}", zone.apex);
    let report = zone.report().into_iter();
    report.map(move |(address, is_up, round_trip, counters)| Row {
        zone: name.clone(),
        address: address.to_string(),
        is_up,
        round_trip,
        counters,
    })
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
