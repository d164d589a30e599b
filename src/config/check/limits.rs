//! The limits of UDP workers, of connections, and behind the cache.

use std::time::Duration;

use crate::config::file::LimitsSection;
use crate::layers::StackLimits;
use crate::listeners;
use crate::listeners::udp::{Buffers, UdpLimits};

/// The bounds of UDP workers.
pub(super) fn udp(limits: &LimitsSection) -> UdpLimits {
    UdpLimits {
        batch: limits.udp_batch,
        waiting: limits.udp_waiting_queries,
        forwarded_waiting: limits.forwarded_waiting_queries,
        buffers: Buffers {
            receive_octets: limits.udp_receive_octets,
            send_octets: limits.udp_send_octets,
        },
        drain: Duration::from_millis(limits.drain_ms),
    }
}

/// The bounds of connections.
pub(super) fn connections(limits: &LimitsSection) -> listeners::ConnectionLimits {
    let (seconds, ms) = (Duration::from_secs, Duration::from_millis);
    listeners::ConnectionLimits {
        connections: limits.connections,
        connections_per_client: limits.connections_per_client,
        admin_connections: limits.admin_connections,
        in_flight_per_connection: limits.connection_waiting_queries,
        unwritten_octets: limits.unwritten_octets,
        untaken_octets: limits.untaken_octets,
        untaken_octets_per_client: limits.untaken_octets_per_client,
        taken_octets_per_second: limits.taken_octets_per_second,
        idle: seconds(limits.idle_seconds),
        message: ms(limits.message_ms),
        write_stall: ms(limits.write_stall_ms),
        linger: ms(limits.linger_ms),
        handshake: ms(limits.handshake_ms),
        connection_age: seconds(limits.connection_age_seconds),
        drain: ms(limits.drain_ms),
        http_headers: ms(limits.http_headers_ms),
        http_body: ms(limits.http_body_ms),
        http_idle: seconds(limits.http_idle_seconds),
        http_streams: limits.http_streams,
        http_header_octets: limits.http_header_octets,
        http_headers_count: limits.http_header_count,
    }
}

/// The bounds behind the cache.
pub(super) fn stack(limits: &LimitsSection) -> StackLimits {
    StackLimits {
        waiting: limits.waiting_queries,
        timeout: Duration::from_millis(limits.query_timeout_ms),
        large_at_once: limits.large_answers_at_once,
        large_per_client: limits.large_answers_per_client,
    }
}
