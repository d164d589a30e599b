//! How a script changes the cluster. Each call is one change, which the next response shows.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::SimulatedNomad;
use crate::demo::model::{Allocation, Check, NamespaceRow, Registration, random_uuid};
use crate::demo::state::acl::{Acl, Enforcement, Token};
use crate::demo::state::instance::Instance;
use crate::demo::state::{Cluster, Events, Removal, Table};

impl SimulatedNomad {
    /// Registers instances at one raft index, as one allocation does; those that exist are updated.
    pub fn register(&self, registrations: impl IntoIterator<Item = Registration>) {
        self.register_with(registrations, Events::Sent);
    }

    /// Registers instances, with or without events.
    pub fn register_with(
        &self,
        registrations: impl IntoIterator<Item = Registration>,
        events: Events,
    ) {
        let registrations: Vec<Registration> = registrations.into_iter().collect();
        self.agent
            .change(|cluster| cluster.register(&registrations, events));
    }

    /// Gives the instances of a service, in the order of their IDs.
    pub fn instances(&self, namespace: &str, service: &str) -> Vec<Registration> {
        self.agent
            .read(|cluster| registrations(cluster, namespace, service))
    }

    /// Removes one registration; gives whether it was there.
    pub fn deregister(&self, registration: &Registration, removal: Removal) -> bool {
        let Registration {
            namespace,
            service_name,
            id,
            ..
        } = registration;
        let removed = self.agent.change(|cluster| {
            cluster.remove(namespace, service_name, std::slice::from_ref(id), removal)
        });
        !removed.is_empty()
    }

    /// Removes all instances of a service and gives them.
    pub fn remove_service(
        &self,
        namespace: &str,
        service: &str,
        removal: Removal,
    ) -> Vec<Registration> {
        self.agent.change(|cluster| {
            let ids = ids(cluster, namespace, service);
            cluster.remove(namespace, service, &ids, removal)
        })
    }

    /// Makes these the instances of a service: what is not among them goes, the others are registered.
    pub fn replace(
        &self,
        namespace: &str,
        service: &str,
        registrations: impl IntoIterator<Item = Registration>,
    ) {
        let registrations: Vec<Registration> = registrations.into_iter().collect();
        self.agent.change(|cluster| {
            cluster.register(&registrations, Events::Sent);
            let mut ids = ids(cluster, namespace, service);
            ids.retain(|id| registrations.iter().all(|kept| kept.id != *id));
            cluster.remove(namespace, service, &ids, Removal::Deregistered);
        });
    }

    /// Scales a service: the last instances go, or the last one is copied into new allocations, each at the
    /// next port. A service without instances stays so.
    pub fn scale(&self, namespace: &str, service: &str, count: usize, removal: Removal) {
        self.agent.change(|cluster| {
            let now = registrations(cluster, namespace, service);
            let surplus: Vec<String> = now.iter().skip(count).map(|each| each.id.clone()).collect();
            if !surplus.is_empty() {
                cluster.remove(namespace, service, &surplus, removal);
            }
            let Some(model) = now.last() else { return };
            for step in 1..=count.saturating_sub(now.len()) {
                let port = model.port + i64::try_from(step).unwrap_or_default();
                let new = model.clone().allocation(&random_uuid()).port(port);
                cluster.register(&[new], Events::Sent);
            }
        });
    }

    /// Removes all registrations of an allocation, service by service, and gives them.
    pub fn stop_allocation(&self, alloc_id: &str, removal: Removal) -> Vec<Registration> {
        self.agent.change(|cluster| {
            let mut by_service: HashMap<(String, String), Vec<String>> = HashMap::new();
            for (_, _, services) in cluster.namespaces() {
                for instance in services.instances().filter(|each| each.alloc() == alloc_id) {
                    let key = (
                        instance.namespace().to_string(),
                        instance.service().to_string(),
                    );
                    by_service.entry(key).or_default().push(instance.id());
                }
            }
            let remove = |((namespace, service), ids): ((String, String), Vec<String>)| {
                cluster.remove(&namespace, &service, &ids, removal)
            };
            by_service.into_iter().flat_map(remove).collect()
        })
    }

    /// Creates a namespace; registering in one that is missing does so too.
    pub fn create_namespace(&self, name: &str) {
        self.agent.change(|cluster| cluster.create_namespace(name));
    }

    /// Deletes a namespace; gives false, and does nothing, where it has services or does not exist.
    pub fn delete_namespace(&self, name: &str) -> bool {
        self.agent.change(|cluster| cluster.delete_namespace(name))
    }

    /// Puts an allocation's row in as it is. Registering makes a row of its own where there is none.
    pub fn put_allocation(&self, allocation: Allocation) {
        self.agent
            .change(|cluster| cluster.allocations.put(allocation));
    }

    /// Updates allocations at one raft index of their table, as the reports of clients do.
    pub fn update_allocations(&self, allocations: impl IntoIterator<Item = Allocation>) {
        self.agent
            .change(|cluster| cluster.update_allocations(allocations));
    }

    /// Gives an allocation's row.
    pub fn allocation(&self, id: &str) -> Option<Allocation> {
        self.agent
            .read(|cluster| cluster.allocations.get(id).cloned())
    }

    /// Sets the check results of an allocation. Nothing wakes, as in Nomad.
    pub fn set_checks(&self, alloc_id: &str, checks: Vec<Check>) {
        self.agent
            .change(|cluster| cluster.allocations.set_checks(alloc_id, checks));
    }

    /// Puts a namespace's row in as it is.
    pub fn put_namespace(&self, row: NamespaceRow) {
        self.agent.change(|cluster| cluster.put_namespace(row));
    }

    /// Sets the rows of `/v1/nodes`.
    pub fn set_nodes(&self, nodes: Vec<Value>) {
        self.agent.change(|cluster| cluster.set_nodes(nodes));
    }

    /// Puts registrations in as a snapshot holds them: their services whole, their indexes kept, no events.
    pub fn put_snapshot(&self, registrations: impl IntoIterator<Item = Registration>) {
        let mut services: HashMap<(String, String), Vec<Registration>> = HashMap::new();
        for each in registrations {
            let key = (each.namespace.clone(), each.service_name.clone());
            services.entry(key).or_default().push(each);
        }
        self.agent.change(|cluster| {
            for ((namespace, service), registrations) in services {
                let service: Arc<str> = service.into();
                cluster.put_service(&namespace, &service, |namespace| {
                    let small = |each| Instance::new(each, namespace, &service, None);
                    registrations.iter().map(small).collect()
                });
            }
        });
    }

    /// Sets the indexes that answers carry: of services, of namespaces, of allocations, of nodes.
    pub fn set_indexes(&self, services: u64, namespaces: u64, allocations: u64, nodes: u64) {
        self.agent.change(|cluster| {
            cluster.set_index(Table::Services, services);
            cluster.set_index(Table::Namespaces, namespaces);
            cluster.set_index(Table::Allocations, allocations);
            cluster.set_index(Table::Nodes, nodes);
        });
    }

    /// Jumps to an index, mostly backwards, as a restored snapshot does: streams end, the event buffer is empty,
    /// and queries go on waiting for an index over the one they know. The registrations stay as they are.
    pub fn restore_index(&self, index: u64) {
        self.agent.change(|cluster| cluster.restore_index(index));
    }

    /// Lets raft indexes pass that are no business of services, as a busy cluster does; they push events out
    /// of the buffer.
    pub fn pass_indexes(&self, count: usize) {
        self.agent.change(|cluster| cluster.pass(count));
    }

    /// Turns ACLs on or off. Open streams end.
    pub fn enforce_acl(&self, enforcement: Enforcement) {
        self.change_acl(|acl| acl.enforcement = enforcement);
    }

    /// Sets a token. Open streams end, as on every change of tokens.
    pub fn set_token(&self, secret: &str, token: Token) {
        self.change_acl(|acl| {
            acl.tokens.insert(secret.to_owned(), token);
        });
    }

    /// Deletes a token.
    pub fn delete_token(&self, secret: &str) {
        self.change_acl(|acl| {
            acl.tokens.remove(secret);
        });
    }

    /// Sets enforcement and all tokens.
    pub fn set_acl(&self, new: Acl) {
        self.change_acl(|acl| *acl = new);
    }

    fn change_acl(&self, change: impl FnOnce(&mut Acl)) {
        self.agent.change(|cluster| cluster.change_acl(change));
    }
}

fn registrations(cluster: &Cluster, namespace: &str, service: &str) -> Vec<Registration> {
    let services = cluster.services(namespace);
    let instances = services.map_or(&[][..], |services| services.of(service));
    instances.iter().map(Instance::registration).collect()
}

fn ids(cluster: &Cluster, namespace: &str, service: &str) -> Vec<String> {
    let services = cluster.services(namespace);
    let instances = services.map_or(&[][..], |services| services.of(service));
    instances.iter().map(Instance::id).collect()
}
