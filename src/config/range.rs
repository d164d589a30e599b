//! The range of every number, in one table. A key that is not in it is not a number.
//!
//! Times have a maximum so that no clock overflows, and a minimum below which nothing would be answered. Counts have
//! a maximum that memory, threads and the kernel can handle.

/// The least and the most that the number of a key may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The key, with its section.
    pub key: &'static str,
    /// The least; in the unit that the key's name ends with.
    pub least: i64,
    /// The most.
    pub most: i64,
}

/// The range of each number.
pub const RANGES: &[Range] = &[
    // What CoreDNS's plugins allow.
    range("ttl", 0, 3600),
    range("negative_ttl", 0, 3600),
    range("hosts_check_seconds", 0, DAY),
    range("reload_check_seconds", 0, DAY),
    range("nomad.health_asked_seconds", 1, DAY),
    range("nomad.health_check_seconds", 1, DAY),
    range("nomad.health_reads_per_second", 1, 1000),
    range("nomad.mass_loss_grace_seconds", 0, DAY),
    // Followers hear their leader every 100 ms or so.
    range("nomad.last_contact_ms", 100, 3_600_000),
    range("nomad.max_stale_seconds", 1, 365 * DAY),
    range("nomad.stale_after_seconds", 1, DAY),
    range("nomad.state_seconds", 1, 3600),
    range("nomad.reads_at_once", 1, 64),
    range("nomad.full_read_seconds", 1, 7 * DAY),
    range("nomad.access_seconds", 1, 3600),
    range("nomad.on_demand_keep_seconds", 1, 3600),
    range("nomad.on_demand_absent_seconds", 1, 3600),
    range("nomad.on_demand_names", 1, 1_000_000),
    range("nomad.on_demand_reads_per_second", 1, 10_000),
    range("nomad.on_demand_waiting", 1, 4096),
    range("tls.check_seconds", 0, DAY),
    range("http.check_seconds", 0, DAY),
    // The highest rate that can be kept exactly enough, and the largest burst.
    range("clients.queries_per_second", 0, 100_000),
    range("clients.burst", 1, 100_000),
    // 128 MiB of buckets.
    range("clients.tracked", 1, 1 << 24),
    range("clients.unproven_answers_per_second", 0, 100_000),
    range("clients.unproven_octets_per_second", 0, 1_000_000_000),
    // A query has 17 octets at least, and an answer 4,096 at most.
    range("clients.unproven_free_factor", 1, 256),
    range("clients.unproven_slip", 1, 100),
    range("limits.waiting_queries", 1, 1 << 20),
    range("limits.query_timeout_ms", 10, MINUTES_MS),
    range("limits.large_answers_at_once", 1, 64),
    range("limits.large_answers_per_client", 1, 4096),
    range("limits.alias_chain", 1, 32),
    // What is sent to a client without EDNS (RFC 1035 §4.2.1); what clients take, in fragments.
    range("limits.udp_answer_octets", 512, 4096),
    // As many as a message can count.
    range("limits.set_records", 0, 65_535),
    // Each may have two sockets.
    range("limits.forwarded_questions", 1, 1 << 16),
    range("limits.forwarded_waiting_queries", 1, 1 << 20),
    range("limits.forwarded_waiting_per_client", 1, 1 << 20),
    range("limits.hosts_names", 1, 1 << 20),
    range("limits.hosts_file_octets", 1, 1 << 24),
    range("limits.udp_workers", 0, 1024),
    range("limits.udp_batch", 1, 1024),
    // One message, and what an int of the kernel can be doubled from.
    range("limits.udp_receive_octets", 1 << 12, 1 << 29),
    range("limits.udp_send_octets", 1 << 12, 1 << 29),
    range("limits.udp_waiting_queries", 1, 1 << 16),
    range("limits.connections", 1, 1 << 20),
    range("limits.connections_per_client", 1, 1 << 20),
    range("limits.admin_connections", 1, 1 << 16),
    range("limits.connection_waiting_queries", 1, 1 << 16),
    range("limits.unwritten_octets", 1, 1 << 30),
    // Below, not one of the largest answers has a place.
    range("limits.untaken_octets", 1 << 20, 1 << 40),
    range("limits.untaken_octets_per_client", 1 << 20, 1 << 40),
    range("limits.taken_octets_per_second", 1, 1 << 20),
    range("limits.idle_seconds", 1, DAY),
    range("limits.message_ms", 100, MINUTES_MS),
    range("limits.write_stall_ms", 100, MINUTES_MS),
    range("limits.linger_ms", 0, MINUTES_MS),
    range("limits.handshakes_per_client", 0, 100_000),
    range("limits.handshake_ms", 100, MINUTES_MS),
    range("limits.connection_age_seconds", 1, 365 * DAY),
    range("limits.first_sync_wait_ms", 0, 60_000),
    range("limits.lameduck_ms", 0, MINUTES_MS),
    range("limits.drain_ms", 0, MINUTES_MS),
    range("limits.not_found_names", 0, 1000),
    range("limits.http_headers_ms", 100, MINUTES_MS),
    range("limits.http_body_ms", 100, MINUTES_MS),
    range("limits.http_idle_seconds", 1, DAY),
    range("limits.http_streams", 1, 1 << 16),
    // Below, the headers that browsers send would not fit.
    range("limits.http_header_octets", 1024, 1 << 20),
    range("limits.http_header_count", 10, 10_000),
    // 8 MiB of empty places in each cache.
    range("cache.entries", 0, 1 << 20),
    range("cache.octets", 0, 1 << 36),
    range("cache.shared_octets", 0, 1 << 36),
    range("cache.forwarded_octets", 0, 1 << 36),
    range("cache.forwarded_worker_octets", 0, 1 << 36),
    range("forwarding.check_seconds", 0, DAY),
    range("forwarding.most_ttl_seconds", 1, 7 * DAY),
    // RFC 2308 §5.
    range("forwarding.most_negative_ttl_seconds", 1, 10_800),
    // RFC 9520 §3.2.
    range("forwarding.failure_seconds", 1, 300),
    // RFC 8767 §5.
    range("forwarding.serve_stale_seconds", 0, 7 * DAY),
    // As often as every millisecond.
    range("log.repeats_per_minute", 0, 60_000),
    // Room for some of the longest lines.
    range("log.queue_octets", 1 << 18, 1 << 30),
    range("log.line_octets", 256, 1 << 16),
    range("query_log.sample", 1, 1_000_000),
    range("query_log.ipv4_prefix", 0, 32),
    range("query_log.ipv6_prefix", 0, 128),
    // 100 MiB for each worker.
    range("query_log.queue_entries", 16, 1 << 16),
    range("transfer.step_ms", 10, MINUTES_MS),
    range("transfer.journal_octets", 0, 1 << 36),
    // Each has a thread, of which the runtime has 512.
    range("transfer.at_once", 1, 256),
    range("transfer.longest_seconds", 1, DAY),
    range("transfer.check_seconds", 0, DAY),
];

const DAY: i64 = 86_400;
const MINUTES_MS: i64 = 600_000;

const fn range(key: &'static str, least: i64, most: i64) -> Range {
    Range { key, least, most }
}

impl Range {
    /// Finds the range of a key.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        RANGES.iter().copied().find(|range| range.key == key)
    }
}
