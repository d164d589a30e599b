//! Helpers to write metrics, and the metrics of UDP workers and refused clients: by listener and reason, never by
//! address.
//!
//! Floor 7.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::exposition::{counter, family};
use crate::listeners::LiveServer;
use crate::listeners::udp::UdpCounters;

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

/// Writes the counters of all workers.
pub(super) fn encode_udp(encoder: &mut DescriptorEncoder<'_>, udp: &UdpCounters) -> fmt::Result {
    for (name, help, count) in [
        (
            "nomadns_udp_ignored",
            "UDP messages that were not queries",
            &udp.ignored,
        ),
        (
            "nomadns_udp_dropped",
            "UDP queries that were dropped because too many waited",
            &udp.dropped,
        ),
        (
            "nomadns_udp_unsent",
            "UDP answers that the kernel did not accept",
            &udp.unsent,
        ),
        (
            "nomadns_udp_errors",
            "Errors while receiving from UDP sockets",
            &udp.errors,
        ),
        (
            "nomadns_udp_panics",
            "Panics of UDP workers, caught",
            &udp.panics,
        ),
    ] {
        total(encoder, name, help, count.load(Ordering::Relaxed))?;
    }
    let help = "UDP messages that the kernel dropped, mostly because the receive buffer was full";
    let name = "nomadns_udp_receive_dropped";
    total(encoder, name, help, udp.kernel_drops())
}

/// Tells what was refused.
#[derive(Debug)]
pub(super) struct Refused(LiveServer);

impl Refused {
    pub(super) fn of(server: LiveServer) -> Self {
        Self(server)
    }
}

impl Collector for Refused {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let server = self.0.now();
        let clients = Arc::clone(&server.clients);
        let name = "nomadns_clients_refused";
        let help = "Queries and requests of clients that may not ask, or ask too often";
        let mut own = family(&mut encoder, name, help, MetricType::Counter)?;
        for (listener, reason, count) in clients.refusals().counts() {
            counter(
                &mut own,
                &[("listener", listener), ("reason", reason)],
                count,
            )?;
        }
        let name = "nomadns_unproven_answers";
        let help = "UDP answers above the limits for networks without a valid cookie";
        let mut own = family(&mut encoder, name, help, MetricType::Counter)?;
        for (outcome, count) in clients.unproven_counters().counts() {
            counter(&mut own, &[("outcome", outcome)], count)?;
        }
        let name = "nomadns_tsig_errors";
        let help = "Signed queries whose TSIG signature was not accepted";
        let mut own = family(&mut encoder, name, help, MetricType::Counter)?;
        for (error, count) in server.counters.tsig_errors() {
            counter(&mut own, &[("error", error)], count)?;
        }
        Ok(())
    }
}
