//! A namespace that has disappeared from the list of all namespaces: it is empty, or the token can no longer list it.
//!
//! Floor 2, no I/O. Only the list of that namespace itself tells which. Until then none of its services is removed.

use super::services::NOT_LISTED;
use super::{Plan, ServiceKey};

impl Plan {
    /// Takes out what is known of a namespace that has no service at this index; returns it.
    pub(crate) fn namespace_is_empty(&mut self, namespace: &str, index: u64) -> Vec<ServiceKey> {
        let (mut gone, mut idle) = (Vec::new(), Vec::new());
        for service in self.services.each(Some(namespace)) {
            if service.applied > index {
                continue;
            }
            if service.leave_list(index) {
                gone.push(service.key.clone());
            }
            idle.push(service.key.clone());
        }
        self.take_out(&gone, &idle);
        gone
    }

    /// Says whether a list shows what a namespace has: its own, or that of all namespaces.
    pub(crate) fn is_listed(&mut self, namespace: &str) -> bool {
        let mut scopes = self.scopes.iter();
        scopes.any(|scope| scope.namespace() == Some(namespace))
            || self
                .services
                .each(Some(namespace))
                .any(|service| service.list != NOT_LISTED)
    }

    /// Notes that a namespace may be listed no longer: what it had is kept, and read again once it is listed.
    pub(crate) fn namespace_is_refused(&mut self, namespace: &str) {
        for service in self.services.each(Some(namespace)) {
            service.list = NOT_LISTED;
        }
    }

    /// Drops what is known of a namespace: nobody can say whether it is still so.
    pub(crate) fn drop_namespace(&mut self, namespace: &str) -> Vec<ServiceKey> {
        let services = self.services.each(Some(namespace));
        let present = services.filter(|service| service.instances > 0);
        let dropped: Vec<ServiceKey> = present.map(|service| service.key.clone()).collect();
        for key in &dropped {
            // What is known of its index stays: it comes back by a state that is as new.
            self.services.set_instances(key, 0);
        }
        dropped
    }
}
