//! The metrics of connections: their outcomes, how many are open, unread octets, handshakes, HTTP responses.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::collectors::{gauge, total};
use crate::exposition::{counter, family};
use crate::listeners::{HandshakeFailure, ListenerContext, ListenerKind};

/// Writes the metrics of connections and of HTTP.
pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, shared: &ListenerContext) -> fmt::Result {
    encode_connections(encoder, shared)?;
    encode_http(encoder, shared)
}

fn encode_connections(
    encoder: &mut DescriptorEncoder<'_>,
    shared: &ListenerContext,
) -> fmt::Result {
    let help = "Connections, by listener and outcome";
    let mut own = family(encoder, "nomadns_connections", help, MetricType::Counter)?;
    for kind in ListenerKind::ALL {
        let counters = shared.counters.connections(kind);
        for (outcome, count) in [
            ("accepted", &counters.accepted),
            ("refused", &counters.refused),
            ("timed_out", &counters.timed_out),
            ("malformed", &counters.malformed),
            ("made_room", &counters.made_room),
            ("untaken", &counters.untaken),
        ] {
            let labels = [("listener", kind.as_str()), ("outcome", outcome)];
            counter(&mut own, &labels, load(count))?;
        }
    }
    encode_open(encoder, shared)?;
    let help = "Failed TLS handshakes, by reason";
    let mut own = family(
        encoder,
        "nomadns_tls_handshake_failures",
        help,
        MetricType::Counter,
    )?;
    for failure in HandshakeFailure::ALL {
        let count = load(shared.counters.handshake_failures(failure));
        counter(&mut own, &[("reason", failure.as_str())], count)?;
    }
    for (name, help, count) in [
        (
            "nomadns_connection_panics",
            "Panics that ended a connection",
            &shared.counters.panics,
        ),
        (
            "nomadns_accept_failures",
            "Times that no connection could be accepted",
            &shared.counters.accept_failures,
        ),
    ] {
        total(encoder, name, help, load(count))?;
    }
    Ok(())
}

/// What is open and held now.
fn encode_open(encoder: &mut DescriptorEncoder<'_>, shared: &ListenerContext) -> fmt::Result {
    let (clients, pages) = (&shared.connections, &shared.admin_connections);
    for (name, help, now) in [
        (
            "nomadns_open_connections",
            "Connections that are open now",
            clients.open(),
        ),
        (
            "nomadns_open_admin_connections",
            "Connections of the operator's pages that are open now",
            pages.open(),
        ),
        (
            "nomadns_untaken_octets",
            "Octets of answers that clients have not received yet",
            clients.untaken_octets() + pages.untaken_octets(),
        ),
    ] {
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        gauge(encoder, name, help, &now)?;
    }
    Ok(())
}

fn encode_http(encoder: &mut DescriptorEncoder<'_>, shared: &ListenerContext) -> fmt::Result {
    let help = "HTTP responses, by method, version and class of status";
    let mut own = family(encoder, "nomadns_http_responses", help, MetricType::Counter)?;
    for (kind, count) in shared
        .counters
        .http_responses()
        .filter(|(_, count)| *count > 0)
    {
        let labels = [
            ("method", kind.method),
            ("version", kind.version),
            ("status", kind.status),
        ];
        counter(&mut own, &labels, count)?;
    }
    Ok(())
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
