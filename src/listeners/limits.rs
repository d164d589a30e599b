//! The limits of the listeners for clients: counts, sizes and times.
//!
//! Plain numbers with their defaults; `config` sets them.

use std::time::Duration;

/// How long a connection on which nothing was asked is kept for its first query, once the gateway ends.
pub(super) const FIRST_QUERY_WITHIN: Duration = Duration::from_millis(500);

/// The limits of all listeners that have connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The most connections open at a time, over all listeners together.
    pub connections: usize,
    /// The most connections open at a time from one client: an IPv4 address or an IPv6 /64.
    pub connections_per_client: usize,
    /// The most connections of the operator's pages open at a time, apart from the others.
    pub admin_connections: usize,
    /// The most queries of one connection that may wait for their answers (TCP and DoT).
    pub in_flight_per_connection: usize,
    /// The most octets of answers that may wait to be written on one connection (TCP and DoT).
    pub unwritten_octets: usize,
    /// The most octets of answers that clients have not taken, over all connections together.
    pub untaken_octets: usize,
    /// The same of one client: an IPv4 address or an IPv6 /64.
    pub untaken_octets_per_client: usize,
    /// The fewest octets a second of an HTTP response that its client may take.
    pub taken_octets_per_second: usize,
    /// How long a connection may be without a query and without an answer owed (TCP and DoT).
    pub idle: Duration,
    /// How long a message may take from its first octet to its last (TCP and DoT).
    pub message: Duration,
    /// How long a client may take nothing of what is written to it.
    pub write_stall: Duration,
    /// How long what a client still sends is read and dropped before its connection is closed.
    pub linger: Duration,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a connection may live before it is asked to end.
    pub connection_age: Duration,
    /// How long what is under way may take to end once the gateway shuts down.
    pub drain: Duration,
    /// How long the headers of an HTTP/1.1 request, or the first request, may take to arrive.
    pub http_headers: Duration,
    /// How long the body of an HTTP request may take to arrive.
    pub http_body: Duration,
    /// How long an HTTP connection may be without a request.
    pub http_idle: Duration,
    /// The most requests at a time on one HTTP/2 connection.
    pub http_streams: u32,
    /// The most octets that the headers of an HTTP request may have together.
    pub http_header_octets: u32,
    /// The most headers that an HTTP/1.1 request may have.
    pub http_headers_count: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_client: 128,
            admin_connections: 64,
            in_flight_per_connection: 64,
            unwritten_octets: 16 * 1024,
            untaken_octets: 64 * 1024 * 1024,
            untaken_octets_per_client: 16 * 1024 * 1024,
            taken_octets_per_second: 16 * 1024,
            idle: Duration::from_secs(10),
            message: Duration::from_secs(2),
            write_stall: Duration::from_secs(5),
            linger: Duration::from_secs(1),
            handshake: Duration::from_secs(5),
            connection_age: Duration::from_secs(3600),
            drain: Duration::from_secs(5),
            http_headers: Duration::from_secs(5),
            http_body: Duration::from_secs(2),
            http_idle: Duration::from_secs(60),
            http_streams: 128,
            http_header_octets: 16 * 1024,
            http_headers_count: 100,
        }
    }
}
