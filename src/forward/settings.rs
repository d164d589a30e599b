//! What the operator wants forwarded, checked.
//!
//! Floor 2. It has no default: what is not configured is not forwarded.

use std::sync::Arc;

use super::address::UpstreamAddress;
use super::cache::ForwardCacheSettings;
use super::flights::FlightLimits;
use super::policy::UpstreamPolicy;
use crate::dns::Name;

/// What is forwarded, and where.
#[derive(Clone, Debug)]
pub struct ForwardSettings {
    /// The zones.
    pub zones: Vec<ForwardZone>,
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
#[derive(Clone, Debug)]
pub struct ForwardZone {
    /// The zone.
    pub apex: Name,
    /// Whom its names are asked of.
    pub upstreams: Vec<UpstreamAddress>,
    /// Which of them comes first.
    pub policy: UpstreamPolicy,
}
