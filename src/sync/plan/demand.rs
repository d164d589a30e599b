//! Services that were read because they were asked for, without any list that has them.
//!
//! Floor 2, no I/O. A list that is followed later compares them as it does its own.

use super::services::NOT_LISTED;
use super::{Apply, Key, Plan};

impl Plan {
    /// Takes a read that was asked for. Without a list to compare with, the last one is the truth.
    pub(crate) fn demanded(&mut self, key: &Key, index: u64, instances: usize) -> Apply {
        let listed = !self.scopes.is_empty();
        self.highest = self.highest.max(index);
        let service = self.services.ensure(&key.namespace, &key.name);
        if listed && index < service.applied {
            return Apply::No;
        }
        service.applied = index;
        self.set_demanded(key, instances);
        Apply::Yes
    }

    /// Takes over a service that the catalogue has from before and that was not read yet.
    pub(crate) fn hold(&mut self, namespace: &str, name: &str, instances: usize) {
        if !self.services.is_present(namespace, name) {
            let key = self.services.ensure(namespace, name).key.clone();
            self.set_demanded(&key, instances);
        }
    }

    /// Notes that the catalogue has a service no longer, which may exist all the same.
    pub(crate) fn drop_demanded(&mut self, key: &Key) {
        self.set_demanded(key, 0);
    }

    fn set_demanded(&mut self, key: &Key, instances: usize) {
        let service = self.services.ensure(&key.namespace, &key.name);
        let unlisted = service.list == NOT_LISTED;
        self.services.settle(key);
        self.services.set_instances(key, instances);
        if instances == 0 && unlisted {
            self.services.forget(key);
        }
    }

    /// Names those of them whose namespace no list is followed for any more.
    pub(crate) fn unfollowed(&mut self) -> Vec<Key> {
        let mut all = self.present();
        let followed = |key: &Key| {
            let mut scopes = self.scopes.iter().map(|scope| scope.namespace());
            scopes.any(|namespace| namespace.is_none_or(|only| *only == *key.namespace))
        };
        all.retain(|key| !followed(key));
        all
    }

    /// Names the services that the catalogue has instances of.
    pub(crate) fn present(&mut self) -> Vec<Key> {
        let all = self.services.each(None);
        all.filter(|service| service.instances > 0)
            .map(|service| service.key.clone())
            .collect()
    }
}
