//! What the operator wants forwarded, checked.
//!
//! Floor 2. It has no default: what is not configured is not forwarded.

use std::str::FromStr;
use std::sync::Arc;

use super::address::{UpstreamAddress, UpstreamAddressError};
use super::cache::ForwardCacheSettings;
use super::flights::FlightLimits;
use super::policy::UpstreamPolicy;
use crate::dns::Name;

/// The most upstreams of one zone: each question may be asked of all.
pub const MOST_UPSTREAMS: usize = 16;
/// What stands for the servers of the system's own resolver.
const SYSTEM: &str = "system";

/// What is forwarded, and where.
#[derive(Clone, Debug)]
pub struct ForwardSettings {
    /// The zones.
    pub zones: Vec<ForwardZone>,
    /// The servers of the system's own resolver, where a zone is asked of them.
    pub system: Vec<UpstreamAddress>,
    /// What is kept.
    pub cache: ForwardCacheSettings,
    /// How many octets of it each worker keeps for itself besides; 0 for none.
    pub worker_octets: usize,
    /// How much may be under way.
    pub limits: FlightLimits,
    /// The TLS to upstreams.
    pub tls: Arc<rustls::ClientConfig>,
}

/// A zone whose names are forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardZone {
    /// The zone.
    pub apex: Name,
    /// Whom its names are asked of.
    pub upstreams: Vec<UpstreamEntry>,
    /// Which of them comes first.
    pub policy: UpstreamPolicy,
    /// What is made of private addresses in their answers.
    pub private_addresses: PrivateAddresses,
}

/// Whether names of a zone may have addresses of the network of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateAddresses {
    /// They may: the zone is somebody's own.
    Allowed,
    /// An answer that has one is refused (DNS rebinding).
    Refused,
}

/// One entry among the upstreams of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpstreamEntry {
    /// A server.
    Server(UpstreamAddress),
    /// Those of the system's own resolver.
    System,
}

impl FromStr for UpstreamEntry {
    type Err = UpstreamAddressError;

    fn from_str(text: &str) -> Result<Self, UpstreamAddressError> {
        match text {
            SYSTEM => Ok(Self::System),
            _ => text.parse().map(Self::Server),
        }
    }
}

impl ForwardZone {
    /// Its upstreams where the system has these servers: each once, and no more than may be.
    pub fn addresses(&self, system: &[UpstreamAddress]) -> Vec<UpstreamAddress> {
        let mut found: Vec<UpstreamAddress> = Vec::new();
        for entry in &self.upstreams {
            let servers = match entry {
                UpstreamEntry::Server(server) => std::slice::from_ref(server),
                UpstreamEntry::System => system,
            };
            for server in servers {
                if !found.contains(server) && found.len() < MOST_UPSTREAMS {
                    found.push(server.clone());
                }
            }
        }
        found
    }
}
