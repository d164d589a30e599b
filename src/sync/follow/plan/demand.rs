//! Services that were read on demand, without a list that has them.
//!
//! Floor 2, no I/O. A list that is followed later compares them with its own.

use std::sync::Arc;

use super::services::NOT_LISTED;
use super::{Apply, Plan, ServiceKey};

impl Plan {
    /// Takes a read that was asked for. Without a list to compare with, the last one is the truth.
    pub(crate) fn demanded(&mut self, key: &ServiceKey, index: u64, instances: usize) -> Apply {
        let listed = !self.scopes.is_empty();
        self.highest = self.highest.max(index);
        let service = self.services.ensure(&key.namespace, &key.name);
        if listed && index < service.applied {
            return Apply::No;
        }
        service.applied = index;
        self.services.set_unknown(key, None);
        self.set_demanded(key, instances);
        Apply::Yes
    }

    /// Returns the index that an answer about a service has to reach.
    pub(crate) fn demanded_index(&mut self, key: &ServiceKey) -> u64 {
        let service = self.services.find(&key.namespace, &key.name);
        service
            .map_or(0, |service| service.applied)
            .max(self.went_back_to)
    }

    /// Takes over a service that the catalogue has from before and that was not read yet.
    pub(crate) fn hold(&mut self, namespace: &str, name: &str, instances: usize) {
        if !self.services.is_present(namespace, name) {
            let key = self.services.ensure(namespace, name).key.clone();
            self.set_demanded(&key, instances);
        }
    }

    /// Notes that the catalogue has a service no longer, which may exist all the same.
    pub(crate) fn drop_demanded(&mut self, key: &ServiceKey) {
        self.set_demanded(key, 0);
    }

    fn set_demanded(&mut self, key: &ServiceKey, instances: usize) {
        let service = self.services.ensure(&key.namespace, &key.name);
        let unlisted = service.list == NOT_LISTED;
        self.services.settle(key);
        self.services.set_instances(key, instances);
        if instances == 0 && unlisted {
            self.services.forget(key);
        }
    }

    /// Names the namespaces that the catalogue has services of, and for which no list is followed any more.
    pub(crate) fn unfollowed(&mut self) -> Vec<Arc<str>> {
        let mut found: Vec<Arc<str>> = Vec::new();
        for service in self.services.each(None).filter(|it| it.instances > 0) {
            let namespace = &service.key.namespace;
            if found.last() != Some(namespace) && !found.contains(namespace) {
                found.push(Arc::clone(namespace));
            }
        }
        found.retain(|namespace| !self.scopes.iter().any(|scope| scope.covers(namespace)));
        found
    }

    /// Names the services that the catalogue has instances of.
    pub(crate) fn present(&mut self) -> Vec<ServiceKey> {
        let all = self.services.each(None);
        all.filter(|service| service.instances > 0)
            .map(|service| service.key.clone())
            .collect()
    }
}
