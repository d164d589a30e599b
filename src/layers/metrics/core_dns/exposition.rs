//! Writes what is counted by server and zone, under CoreDNS's names and with its labels.
//!
//! Floor 3.

use std::fmt;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::{
    CoreDnsCounters, CoreDnsZones, LANES, NO_ZONE, OTHER_ZONES, PLACES, ZoneCounters, ZonePlugin,
};
use crate::exposition::{Histogram, HistogramCounts, counter, family};
use crate::layers::metrics::counters::{OTHER, RCODES, TYPES};

const NANOSECONDS: f64 = 1e9;
/// The lanes of each server: UDP and TCP are one.
const SERVERS: [&[usize]; 3] = [&[0, 1], &[2], &[3]];
/// The families of addresses, in CoreDNS's words.
const FAMILIES: [&str; 2] = ["1", "2"];
/// The protocol of each lane: CoreDNS counts all connections as TCP.
const PROTOCOLS: [&str; LANES] = ["udp", "tcp", "tcp", "tcp"];
/// CoreDNS's word for names in no zone.
const NO_ZONE_LABEL: &str = "dropped";

/// The labels of the servers: where plain DNS, DNS over TLS and DNS over HTTPS are served.
#[derive(Clone, Debug)]
pub struct CoreDnsServers {
    /// `dns://:53`, for example.
    pub dns: String,
    /// `tls://:853`, for example.
    pub tls: String,
    /// `https://:443`, for example.
    pub https: String,
}

impl CoreDnsServers {
    /// The server of each lane.
    fn of_lanes(&self) -> [&str; LANES] {
        [&self.dns, &self.dns, &self.tls, &self.https]
    }
}

/// A zone with its counters.
struct ZoneTotals<'counters> {
    label: String,
    plugin: &'static str,
    shards: Vec<&'counters ZoneCounters>,
}

impl CoreDnsCounters {
    /// Writes everything.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn encode(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        servers: &CoreDnsServers,
    ) -> fmt::Result {
        let (zones, servers) = (self.counted(), servers.of_lanes());
        encode_requests(encoder, &zones, servers)?;
        encode_responses(encoder, &zones, servers)?;
        let name = "coredns_dns_request_duration_seconds";
        let help = "Time from the query to the answer";
        let mut own = family(encoder, name, help, MetricType::Histogram)?;
        for zone in &zones {
            for lanes in SERVERS {
                let mut all = HistogramCounts::default();
                for lane in lanes {
                    all.add(&zone.sum(|it| &it.durations[*lane], NANOSECONDS));
                }
                if all.count() > 0 {
                    all.encode(&mut own, &zone.labels(servers[lanes[0]]))?;
                }
            }
        }
        let name = "coredns_dns_request_size_bytes";
        let help = "Size of the query";
        encode_sizes(encoder, (name, help), (&zones, servers), |it| {
            &it.request_octets
        })?;
        let name = "coredns_dns_response_size_bytes";
        let help = "Size of the answer";
        encode_sizes(encoder, (name, help), (&zones, servers), |it| {
            &it.response_octets
        })
    }

    fn counted(&self) -> Vec<ZoneTotals<'_>> {
        let known = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        let zones = (0..PLACES).map(|place| {
            let (label, plugin) = match place {
                NO_ZONE => (NO_ZONE_LABEL.to_owned(), ""),
                OTHER_ZONES => (OTHER.to_owned(), ""),
                _ => match known.get(place - 1) {
                    Some((apex, plugin)) => (label(apex), plugin.as_str()),
                    None => Default::default(),
                },
            };
            let shards = self.shards.iter();
            let shards = shards.filter_map(|shard| shard.0[place].get().map(AsRef::as_ref));
            ZoneTotals {
                label,
                plugin,
                shards: shards.collect(),
            }
        });
        zones.filter(|zone| !zone.shards.is_empty()).collect()
    }
}

impl CoreDnsZones {
    /// The zones that are served now, by their labels, and who answers for them.
    pub fn served(&self) -> Vec<(String, ZonePlugin)> {
        let known = self.counters.zones.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        let zones = self.zones.iter().filter_map(|(_, place)| {
            let (apex, plugin) = known.get(place.checked_sub(1)?)?;
            Some((label(apex), *plugin))
        });
        zones.collect()
    }
}

impl ZoneTotals<'_> {
    /// The labels that all of CoreDNS's metrics of queries begin with.
    fn labels<'labels>(&'labels self, server: &'labels str) -> [(&'labels str, &'labels str); 3] {
        [("server", server), ("zone", &self.label), ("view", "")]
    }

    fn sum(&self, of: impl Fn(&ZoneCounters) -> &Histogram, per_unit: f64) -> HistogramCounts {
        let mut all = HistogramCounts::default();
        for shard in &self.shards {
            all.add(&of(shard).counts(per_unit));
        }
        all
    }
}

/// A zone, as CoreDNS writes it.
fn label(apex: &crate::dns::Name) -> String {
    apex.to_string().to_ascii_lowercase()
}

fn encode_requests(
    encoder: &mut DescriptorEncoder<'_>,
    zones: &[ZoneTotals<'_>],
    servers: [&str; LANES],
) -> fmt::Result {
    let help = "Queries by server, zone, protocol, family of the client's address and type";
    let mut own = family(encoder, "coredns_dns_requests", help, MetricType::Counter)?;
    let types = TYPES.iter().map(|(_, name)| *name).chain([OTHER]);
    for zone in zones {
        for (lane, server) in servers.into_iter().enumerate() {
            let of_server = zone.labels(server);
            for (place, record_type) in types.clone().enumerate() {
                for (number, name) in FAMILIES.into_iter().enumerate() {
                    let shards = zone.shards.iter();
                    let counts = shards.map(|it| &it.requests[lane][place][number]);
                    let count: u64 = counts.map(|it| it.load(Ordering::Relaxed)).sum();
                    let of_query = [
                        ("proto", PROTOCOLS[lane]),
                        ("family", name),
                        ("type", record_type),
                    ];
                    if count > 0 {
                        counter(&mut own, &(of_server, of_query), count)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn encode_responses(
    encoder: &mut DescriptorEncoder<'_>,
    zones: &[ZoneTotals<'_>],
    servers: [&str; LANES],
) -> fmt::Result {
    let help = "Answers by server, zone and code";
    let mut own = family(encoder, "coredns_dns_responses", help, MetricType::Counter)?;
    let rcodes = RCODES.iter().map(|(_, name)| *name).chain([OTHER]);
    for zone in zones {
        for lanes in SERVERS {
            let of_server = zone.labels(servers[lanes[0]]);
            for (place, rcode) in rcodes.clone().enumerate() {
                let counts = zone.shards.iter().flat_map(|it| {
                    let lanes = lanes.iter();
                    lanes.map(|lane| it.responses[*lane][place].load(Ordering::Relaxed))
                });
                let count: u64 = counts.sum();
                if count > 0 {
                    let of_answer = [("rcode", rcode), ("plugin", zone.plugin)];
                    counter(&mut own, &(of_server, of_answer), count)?;
                }
            }
        }
    }
    Ok(())
}

fn encode_sizes(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    (zones, servers): (&[ZoneTotals<'_>], [&str; LANES]),
    of: impl Fn(&ZoneCounters) -> &[Histogram; LANES],
) -> fmt::Result {
    let mut own = family(encoder, name, help, MetricType::Histogram)?;
    for zone in zones {
        for (lane, server) in servers.into_iter().enumerate() {
            let sizes = zone.sum(|it| &of(it)[lane], 1.0);
            if sizes.count() > 0 {
                let of_query = [("proto", PROTOCOLS[lane])];
                sizes.encode(&mut own, &(zone.labels(server), of_query))?;
            }
        }
    }
    Ok(())
}
