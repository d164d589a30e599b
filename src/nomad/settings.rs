//! The settings of the client: every address, secret, time and size, with its default.
//!
//! Floor 1. The configuration fills them in; nothing here reads a file or the environment.

use std::time::Duration;

use super::address::NomadAddress;
use super::tls::TlsSettings;
use super::token::{BasicAuth, TokenSource};

/// The most connections to one address.
const CONNECTIONS_MAX: usize = 10;

/// How long an address that was not measured yet is silent before the next one is asked beside it, in milliseconds.
const HEDGE_MS: u64 = 120;
/// The least of that once it was measured.
const HEDGE_LEAST_MS: u64 = 50;
/// The most of it.
const HEDGE_MOST_MS: u64 = 1000;
/// The least time that an address is silent, beside another that has answered, before it is left, in milliseconds.
const LEFT_LEAST_MS: u64 = 500;

/// How long ago a server may have heard from its leader, in milliseconds: as long as Nomad waits for one itself
/// (`rpc_hold_timeout`), and so longer than an election.
const LAST_CONTACT_MS: u64 = 5000;

/// Everything that a client needs to know.
#[derive(Clone, Debug)]
pub struct NomadSettings {
    /// Tried in turn; the one that answers is kept until it fails.
    pub addresses: Vec<NomadAddress>,
    /// The token, if any.
    pub token: TokenSource,
    /// The region that is asked; the agent's own when absent.
    pub region: Option<String>,
    /// HTTP basic authentication, for a reverse proxy in front of Nomad.
    pub basic_auth: Option<BasicAuth>,
    /// Certificates and names for `https`.
    pub tls: TlsSettings,
    /// How long ago a server may have heard from its leader and is still believed.
    pub last_contact: Duration,
    /// How long each step may take.
    pub timeouts: Timeouts,
    /// When another address is asked beside one that is silent.
    pub hedge: Hedge,
    /// How big each answer may be.
    pub limits: ResponseLimits,
}

impl NomadSettings {
    /// Makes settings for these addresses, with the defaults for the rest.
    #[must_use]
    pub fn new(addresses: Vec<NomadAddress>) -> Self {
        Self {
            addresses,
            token: TokenSource::None,
            region: None,
            basic_auth: None,
            tls: TlsSettings::default(),
            last_contact: Duration::from_millis(LAST_CONTACT_MS),
            timeouts: Timeouts::default(),
            hedge: Hedge::default(),
            limits: ResponseLimits::default(),
        }
    }
}

/// How long each step may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// TCP connect and TLS handshake.
    pub connect: Duration,
    /// A plain request, from sending to the last byte of the answer.
    pub request: Duration,
    /// What a blocking query may take beyond its wait and Nomad's own jitter.
    pub blocking_slack: Duration,
    /// The event stream without a whole frame; Nomad sends a heartbeat every 30 s.
    pub stream_silence: Duration,
    /// How long a token is used before its source is asked again.
    pub token_recheck: Duration,
    /// How long a connection is kept for the next request.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            request: Duration::from_secs(10),
            blocking_slack: Duration::from_secs(10),
            stream_silence: Duration::from_secs(75),
            token_recheck: Duration::from_secs(5),
            idle: Duration::from_secs(60),
        }
    }
}

/// When another address is asked beside one that is silent, and when that one is left.
#[derive(Clone, Copy, Debug)]
pub struct Hedge {
    /// The delay while the round trip of an address is not known.
    pub unmeasured: Duration,
    /// The least delay that follows from the round trip.
    pub least: Duration,
    /// The most that does.
    pub most: Duration,
    /// The least time that an address is silent, beside another that has answered, before it is left.
    pub left_least: Duration,
}

impl Default for Hedge {
    fn default() -> Self {
        Self {
            unmeasured: Duration::from_millis(HEDGE_MS),
            least: Duration::from_millis(HEDGE_LEAST_MS),
            most: Duration::from_millis(HEDGE_MOST_MS),
            left_least: Duration::from_millis(LEFT_LEAST_MS),
        }
    }
}

/// How big each answer may be, after decompression; all in bytes.
#[derive(Clone, Copy, Debug)]
pub struct ResponseLimits {
    /// The list of services, of namespaces, of nodes or of allocations.
    pub list_bytes: usize,
    /// The registrations of one service, or the checks of one allocation.
    pub service_bytes: usize,
    /// One line of the event stream.
    pub event_line_bytes: usize,
    /// The requests under way at once, those that wait and the streams among them: each has a connection.
    pub connections: usize,
}

impl Default for ResponseLimits {
    fn default() -> Self {
        Self {
            list_bytes: 256 << 20,
            service_bytes: 64 << 20,
            event_line_bytes: 10 << 20,
            connections: CONNECTIONS_MAX,
        }
    }
}
