//! Which services have an unknown state, for the catalogue.
//!
//! Floor 2, no I/O. A listed service exists: until it has been read it is neither answered nor denied.

use super::{Plan, ServiceKey};
use crate::catalog::UnknownReason;

impl Plan {
    /// Takes the services that became known or unknown since the last time.
    pub(crate) fn take_unknowns(&mut self) -> Vec<(ServiceKey, Option<UnknownReason>)> {
        let changed = std::mem::take(&mut self.services.unknowns_changed);
        let with_reason = |key: ServiceKey| {
            let service = self.services.find(&key.namespace, &key.name);
            let reason = service.and_then(|service| service.unknown);
            (key, reason)
        };
        changed.into_iter().map(with_reason).collect()
    }
}
