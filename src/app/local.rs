//! Makes the names that are answered beside the cluster's.
//!
//! Floor 7.

use std::sync::Arc;

use crate::answers::{LocalNames, LocalSettings};
use crate::config::Settings;

/// Makes the local names.
pub(super) fn names(settings: &Settings) -> Arc<LocalNames> {
    let forwarded = settings.forward.iter().flat_map(|it| &it.zones);
    Arc::new(LocalNames::new(&LocalSettings {
        forwarded: forwarded.map(|zone| zone.apex).collect(),
        ttl_seconds: settings.zones.ttl_seconds,
        negative_ttl_seconds: settings.zones.negative_ttl_seconds,
    }))
}
