//! The namespaces of the cluster: their rows, and the services in each.

use std::sync::Arc;

use super::Cluster;
use crate::demo::model::NamespaceRow;
use crate::demo::state::Table;
use crate::demo::state::table::Services;

/// A namespace and what is registered in it.
#[derive(Clone, Debug)]
pub(super) struct Namespace {
    pub(super) row: Arc<NamespaceRow>,
    pub(super) services: Services,
    /// The raft index at which a service of it changed last.
    pub(super) services_index: u64,
}

impl Cluster {
    /// Gives the index at which a service of a namespace changed last.
    pub(crate) fn services_index(&self, namespace: &str) -> u64 {
        self.namespaces
            .get(namespace)
            .map_or(0, |namespace| namespace.services_index)
    }

    pub(crate) fn services(&self, namespace: &str) -> Option<&Services> {
        self.namespaces
            .get(namespace)
            .map(|namespace| &namespace.services)
    }

    pub(crate) fn namespaces(&self) -> impl Iterator<Item = (&Arc<str>, &NamespaceRow, &Services)> {
        self.namespaces
            .iter()
            .map(|(name, Namespace { row, services, .. })| (name, &**row, services))
    }

    /// Creates a namespace unless it exists.
    pub(crate) fn create_namespace(&mut self, name: &str) -> Arc<str> {
        if let Some((name, _)) = self.namespaces.get_key_value(name) {
            return Arc::clone(name);
        }
        let index = self.advance(&[Table::Namespaces]);
        self.put_namespace(NamespaceRow::new(name, index))
    }

    /// Puts a namespace's row in as it is.
    pub(crate) fn put_namespace(&mut self, row: NamespaceRow) -> Arc<str> {
        let name: Arc<str> = row.name.as_str().into();
        let old = self.namespaces.remove(&name);
        let (services, services_index) = old
            .map(|old| (old.services, old.services_index))
            .unwrap_or_default();
        let namespace = Namespace {
            row: Arc::new(row),
            services,
            services_index,
        };
        self.namespaces.insert(Arc::clone(&name), namespace);
        name
    }

    /// Deletes a namespace that has no services. Nomad refuses to delete one that has.
    pub(crate) fn delete_namespace(&mut self, name: &str) -> bool {
        let is_free = self.services(name).is_some_and(Services::is_empty);
        if is_free {
            self.advance(&[Table::Namespaces]);
            self.namespaces.remove(name);
        }
        is_free
    }
}
