//! The services whose addresses are names in our zones: whether one of them is left out, others decide.
//!
//! Floor 3.

use std::collections::HashSet;

use crate::answers::ZoneSettings;
use crate::catalog::{ChangedKeys, Service, Snapshot};

/// The aliases of the current versions, by the keys of their namespaces and their own.
#[derive(Debug, Default)]
pub(super) struct Aliases(HashSet<(Box<str>, Box<str>)>);

impl Aliases {
    /// Notes a service, if it is one.
    pub(super) fn note(
        &mut self,
        zones: &ZoneSettings,
        (namespace, name): (&str, &str),
        service: &Service,
    ) {
        if zones.has_alias(service) {
            self.0.insert((namespace.into(), name.into()));
        }
    }

    /// Adds all aliases to what has changed if one of them has: a loop is left out, wherever it begins.
    pub(super) fn add_changed(
        &mut self,
        zones: &ZoneSettings,
        (old, new): (&Snapshot, &Snapshot),
        changed: &mut ChangedKeys,
    ) {
        let mut has_changed = false;
        for key in &changed.services {
            let (namespace, name) = (key.0.as_bytes(), key.1.as_bytes());
            let is_alias = |snapshot: &Snapshot| {
                let service = snapshot.service(namespace, name);
                service.is_some_and(|service| zones.has_alias(service))
            };
            let is_one = is_alias(new);
            has_changed |= is_one || is_alias(old);
            match is_one {
                true => self.0.insert(key.clone()),
                false => self.0.remove(key),
            };
        }
        if has_changed {
            changed.services.extend(self.0.iter().cloned());
        }
    }
}
