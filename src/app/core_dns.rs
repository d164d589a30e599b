//! The metrics under CoreDNS's names, which its dashboards ask for: `metrics.names`.
//!
//! Floor 7. What is counted for each query is in `layers::metrics`; the other metrics are those of caches, forwarding and
//! tasks, with CoreDNS's labels.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::collectors::{gauge, total};
use super::forwarding::round_trips;
use super::live_forwarder::LiveForwarder;
use crate::config::Settings;
use crate::dns::Name;
use crate::exposition::{HistogramCounts, counter, family};
use crate::forward::UpstreamCounters;
use crate::layers::metrics::{CoreDnsCounters, CoreDnsServers, Workers, ZonePlugin};
use crate::listeners::LiveServer;
use crate::listeners::admin::ListenerAddress;
use crate::listeners::udp::UdpRuntimes;

/// What answers in every zone, by the names of CoreDNS's plugins.
const EVERYWHERE: [&str; 5] = ["cache", "errors", "health", "prometheus", "ready"];
/// The kinds of answers in caches.
const KINDS: [&str; 2] = ["success", "denial"];
/// The caches have answers of all zones.
const ALL_ZONES: &str = ".";
/// The codes by which responses of upstreams are counted, in the order of their numbers.
const RCODES: [&str; 11] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
    "NXRRSET", "NOTAUTH", "NOTZONE",
];

/// The zones that queries are counted by, and who answers for each.
pub(super) fn zones(settings: &Settings) -> Vec<(Name, ZonePlugin)> {
    let own = settings.zones.zones().iter().map(|zone| zone.apex);
    let own = own.map(|apex| (apex, ZonePlugin::Nomad));
    let forwarded = settings.forward.iter().flat_map(|it| &it.zones);
    let forwarded = forwarded.map(|zone| (zone.apex, ZonePlugin::Forward));
    own.chain(forwarded).collect()
}

/// Tells all of it.
#[derive(Debug)]
pub(super) struct CoreDnsCollector {
    pub(super) counters: Arc<CoreDnsCounters>,
    pub(super) servers: CoreDnsServers,
    pub(super) server: LiveServer,
    pub(super) workers: Arc<Workers>,
    pub(super) forwarder: Arc<LiveForwarder>,
    pub(super) runtimes: UdpRuntimes,
}

impl Collector for CoreDnsCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let encoder = &mut encoder;
        let help = "The version of this program";
        let mut own = family(encoder, "coredns_build_info", help, MetricType::Gauge)?;
        own.encode_family(&[
            ("version", env!("CARGO_PKG_VERSION")),
            ("revision", ""),
            ("goversion", ""),
        ])?
        .encode_gauge(&1_u64)?;
        self.counters.encode(encoder, &self.servers)?;
        let help = "Panics while a query was answered";
        total(encoder, "coredns_panics", help, self.workers.panics())?;
        self.encode_plugins(encoder)?;
        self.encode_cache(encoder)?;
        self.encode_upstreams(encoder)?;
        let tasks = [&self.runtimes.own, &self.runtimes.forwarding];
        let tasks = tasks.map(|runtime| runtime.metrics().num_alive_tasks());
        // One runtime may do both.
        let tasks = match self.runtimes.own.id() == self.runtimes.forwarding.id() {
            true => tasks[0],
            false => tasks.iter().sum(),
        };
        let help = "Tasks, which are to this program what goroutines are to CoreDNS";
        gauge(encoder, "go_goroutines", help, &whole(tasks))
    }
}

impl CoreDnsCollector {
    fn encode_plugins(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "1 for what is in use, by the names of CoreDNS's plugins";
        let mut own = family(encoder, "coredns_plugin_enabled", help, MetricType::Gauge)?;
        let zones = self.server.now().core_dns.clone();
        for (zone, plugin) in zones.iter().flat_map(|it| it.served()) {
            for name in EVERYWHERE.into_iter().chain([plugin.as_str()]) {
                let labels = [
                    ("server", &*self.servers.dns),
                    ("zone", &*zone),
                    ("view", ""),
                    ("name", name),
                ];
                own.encode_family(&labels)?.encode_gauge(&1_u64)?;
            }
        }
        Ok(())
    }

    fn encode_cache(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut caches = self.workers.caches();
        if let Some(forwarder) = self.forwarder.now() {
            let shared = forwarder.counters();
            let hits = shared.hits.load(Ordering::Relaxed);
            let denials = shared.denial_hits.load(Ordering::Relaxed);
            caches.hits[0] += hits.saturating_sub(denials);
            caches.hits[1] += denials;
            // A worker misses what the cache behind it has.
            caches.misses = caches.misses.saturating_sub(hits);
        }
        let server = ("server", &*self.servers.dns);
        let place = [server, ("zones", ALL_ZONES), ("view", "")];
        let help = "Answers in the caches of workers, by kind";
        let mut own = family(encoder, "coredns_cache_entries", help, MetricType::Gauge)?;
        for (kind, count) in KINDS.into_iter().zip(caches.entries) {
            own.encode_family(&(place, [("type", kind)]))?
                .encode_gauge(&whole(count))?;
        }
        let help = "Queries answered from a cache, by kind of answer";
        let mut own = family(encoder, "coredns_cache_hits", help, MetricType::Counter)?;
        for (kind, count) in KINDS.into_iter().zip(caches.hits) {
            counter(&mut own, &(place, [("type", kind)]), count)?;
        }
        let requests = caches.misses + caches.hits.iter().sum::<u64>();
        for (name, help, count) in [
            (
                "coredns_cache_misses",
                "Queries that no cache had an answer for",
                caches.misses,
            ),
            (
                "coredns_cache_requests",
                "Queries that a cache was asked for",
                requests,
            ),
        ] {
            let mut own = family(encoder, name, help, MetricType::Counter)?;
            counter(&mut own, &place, count)?;
        }
        Ok(())
    }

    fn encode_upstreams(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let forwarder = self.forwarder.now();
        let zones: Vec<_> = forwarder.iter().flat_map(|it| it.zones()).collect();
        // The same upstream may be asked for several zones.
        let mut upstreams = BTreeMap::<String, UpstreamSums>::new();
        for zone in &zones {
            for (address, _, _, counters) in zone.report() {
                let socket = address.sockets().first().map(ToString::to_string);
                let to = socket.unwrap_or_else(|| address.to_string());
                upstreams.entry(to).or_default().add(counters);
            }
        }
        let name = "coredns_forward_requests";
        let help = "Queries to each upstream";
        let mut own = family(encoder, name, help, MetricType::Counter)?;
        for (to, sums) in &upstreams {
            counter(&mut own, &[("to", &**to)], sums.requests)?;
        }
        let name = "coredns_forward_responses";
        let help = "Responses of each upstream, by code";
        let mut own = family(encoder, name, help, MetricType::Counter)?;
        for (to, sums) in &upstreams {
            for (rcode, count) in RCODES.iter().chain([&"other"]).zip(sums.rcodes) {
                if count > 0 {
                    counter(&mut own, &[("to", &**to), ("rcode", *rcode)], count)?;
                }
            }
        }
        let name = "coredns_forward_request_duration_seconds";
        let help = "Time until an upstream has responded";
        let mut own = family(encoder, name, help, MetricType::Histogram)?;
        for (to, sums) in &upstreams {
            sums.durations.encode(&mut own, &[("to", &**to)])?;
        }
        Ok(())
    }
}

/// What an upstream did, for all zones together.
#[derive(Debug, Default)]
struct UpstreamSums {
    requests: u64,
    rcodes: [u64; RCODES.len() + 1],
    durations: HistogramCounts,
}

impl UpstreamSums {
    fn add(&mut self, counters: &UpstreamCounters) {
        self.requests += counters.results().map(|(_, count)| count).sum::<u64>();
        for (rcode, count) in counters.rcodes() {
            self.rcodes[usize::from(rcode.0).min(RCODES.len())] += count;
        }
        self.durations.add(&round_trips(counters));
    }
}

/// The servers, by the ports that they have, as CoreDNS writes them.
pub(super) fn servers(listeners: &[ListenerAddress]) -> CoreDnsServers {
    let server = |scheme: &str, transports: &[&str]| {
        let mut all = transports.iter().filter_map(|transport| {
            let mut listeners = listeners.iter();
            listeners.find(|it| it.transport == *transport)
        });
        let port = all.next().map_or(0, |it| it.address.port());
        format!("{scheme}://:{port}")
    };
    CoreDnsServers {
        dns: server("dns", &["udp", "tcp"]),
        tls: server("tls", &["dot"]),
        https: server("https", &["https", "http"]),
    }
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
