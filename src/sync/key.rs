//! A service by its exact name and namespace, as all subjects of `sync` refer to it.
//!
//! Floor 2.

use std::sync::Arc;

/// A service by its exact names: to Nomad, letter case matters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ServiceKey {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// What asks for a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A list, or a resync.
    List,
    /// An event.
    Event,
}
