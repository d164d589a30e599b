//! Which services have an unknown state, for the catalogue.
//!
//! Floor 2, no I/O. A listed service exists: until it has been read it is neither answered nor denied.

use super::{Plan, ServiceKey};
use crate::catalog::Doubt;

impl Plan {
    /// Takes the doubts that have changed since the last time.
    pub(crate) fn take_doubts(&mut self) -> Vec<(ServiceKey, Option<Doubt>)> {
        let changed = std::mem::take(&mut self.services.doubts_changed);
        let doubt = |key: ServiceKey| {
            let service = self.services.find(&key.namespace, &key.name);
            let doubt = service.and_then(|service| service.doubt);
            (key, doubt)
        };
        changed.into_iter().map(doubt).collect()
    }
}
