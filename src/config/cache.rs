//! The keys of the caches, with their defaults.

use serde::{Deserialize, Serialize};

use crate::answers::SHARED_OCTETS;
use crate::forward::ForwardCacheSettings;
use crate::layers;

/// The caches, one for each UDP worker and one for all connections.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSection {
    /// How many answers one keeps; 0 for none.
    pub entries: usize,
    /// How many octets they may take together.
    pub octets: usize,
    /// How many octets the large sets of records may take that names share.
    pub shared_octets: usize,
    /// How many octets the answers of upstreams may take, for all workers.
    pub forwarded_octets: usize,
    /// How many of them one worker keeps for itself besides.
    pub forwarded_worker_octets: usize,
}

impl Default for CacheSection {
    fn default() -> Self {
        let layers::CacheSettings { entries, octets } = layers::CacheSettings::default();
        let (shared_octets, forwarded) = (SHARED_OCTETS, ForwardCacheSettings::default());
        Self {
            entries,
            octets,
            shared_octets,
            forwarded_octets: usize::try_from(forwarded.octets).unwrap_or(usize::MAX),
            forwarded_worker_octets: 4 << 20,
        }
    }
}
