//! The cluster: its tables, their indexes, and the changes that a script makes.
//!
//! A copy shares everything that has not changed since, so that each server can have a state of its own.

mod namespaces;

use std::sync::Arc;

use imbl::OrdMap;
use serde_json::Value;

use super::acl::Acl;
use super::allocations::Allocations;
use super::change::{Events, Removal, Table};
use super::instance::Instance;
use super::log::{Event, Frame, REGISTRATION};
use super::table::Upsert;
use crate::demo::model::{Allocation, Registration};
use namespaces::Namespace;

/// All state of the cluster.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    namespaces: OrdMap<Arc<str>, Namespace>,
    pub(crate) allocations: Allocations,
    nodes: Arc<Vec<Value>>,
    acl: Arc<Acl>,
    /// How often tokens or policies changed: each time event streams end.
    acl_changes: u64,
    /// What changed since the frames were taken the last time.
    frames: Vec<Arc<Frame>>,
    raft_index: u64,
    indexes: [u64; 4],
    /// How often the state was restored: each time event buffers begin anew.
    restores: u64,
}

impl Cluster {
    /// Makes a cluster with one namespace, `default`.
    pub(crate) fn new() -> Self {
        let mut cluster = Self {
            namespaces: OrdMap::new(),
            allocations: Allocations::default(),
            nodes: Arc::default(),
            acl: Arc::default(),
            acl_changes: 0,
            frames: Vec::new(),
            raft_index: 0,
            indexes: [1; 4],
            restores: 0,
        };
        cluster.create_namespace("default");
        cluster
    }

    /// Gives a table's index; as in Nomad it is never below 1.
    pub(crate) fn index(&self, table: Table) -> u64 {
        self.indexes[table as usize].max(1)
    }

    pub(crate) fn restores(&self) -> u64 {
        self.restores
    }

    pub(crate) fn raft_index(&self) -> u64 {
        self.raft_index
    }

    pub(crate) fn nodes(&self) -> &[Value] {
        &self.nodes
    }

    pub(crate) fn set_nodes(&mut self, nodes: Vec<Value>) {
        self.nodes = Arc::new(nodes);
    }

    pub(crate) fn acl(&self) -> &Acl {
        &self.acl
    }

    pub(crate) fn acl_changes(&self) -> u64 {
        self.acl_changes
    }

    pub(crate) fn change_acl(&mut self, change: impl FnOnce(&mut Acl)) {
        change(Arc::make_mut(&mut self.acl));
        self.acl_changes += 1;
    }

    /// Takes the frames of what changed since the last time.
    pub(crate) fn take_frames(&mut self) -> Vec<Arc<Frame>> {
        std::mem::take(&mut self.frames)
    }

    /// Inserts or updates registrations at one raft index; what says nothing new changes nothing.
    pub(crate) fn register(&mut self, registrations: &[Registration], events: Events) {
        // A namespace that is missing takes a raft index of its own, before this change's.
        let names: Vec<Arc<str>> = registrations
            .iter()
            .map(|each| self.create_namespace(&each.namespace))
            .collect();
        let index = self.raft_index + 1;
        let mut changed = Vec::new();
        for (registration, name) in registrations.iter().zip(names) {
            let Some(namespace) = self.namespaces.get_mut(&name) else {
                continue;
            };
            let ordinal = namespace.services.of(&registration.service_name).len();
            match namespace.services.upsert(&name, registration, index) {
                Upsert::Unchanged => continue,
                Upsert::Updated(instance) => changed.push(instance),
                Upsert::Added(instance) => {
                    self.allocations.enter(registration, index, ordinal);
                    changed.push(instance);
                }
            }
            namespace.services_index = index;
        }
        if !changed.is_empty() {
            self.advance_with(
                &[Table::Services, Table::Allocations],
                |index| match events {
                    Events::Sent => events_of(&changed, index, REGISTRATION),
                    Events::None => Vec::new(),
                },
            );
        }
    }

    /// Removes registrations of a service by their IDs and gives what was removed.
    pub(crate) fn remove(
        &mut self,
        namespace: &str,
        service: &str,
        ids: &[String],
        removal: Removal,
    ) -> Vec<Registration> {
        let index = self.raft_index + 1;
        let Some(Namespace {
            services,
            services_index,
            ..
        }) = self.namespaces.get_mut(namespace)
        else {
            return Vec::new();
        };
        let removed: Vec<Instance> = ids
            .iter()
            .filter_map(|id| services.remove(service, id, index))
            .collect();
        if !removed.is_empty() {
            *services_index = index;
        }
        for instance in &removed {
            self.allocations.leave(instance.alloc());
        }
        let step = if removal == Removal::Deregistered {
            1
        } else {
            removed.len().max(1)
        };
        for batch in removed.chunks(step) {
            self.advance_with(
                &[Table::Services, Table::Allocations],
                |index| match removal {
                    Removal::Deregistered => events_of(batch, index, "ServiceDeregistration"),
                    Removal::Planned => events_of(batch, index, "PlanResult"),
                    Removal::Ended => events_of(batch, index, "AllocationUpdated"),
                    Removal::Silent => Vec::new(),
                },
            );
        }
        removed.iter().map(Instance::registration).collect()
    }

    /// Updates allocations at one raft index.
    pub(crate) fn update_allocations(&mut self, rows: impl IntoIterator<Item = Allocation>) {
        let index = self.advance(&[Table::Allocations]);
        for mut row in rows {
            row.modify_index = index;
            self.allocations.put(row);
        }
    }

    /// Puts whole services in as they are, indexes included, without events: the stuff of snapshots.
    pub(crate) fn put_service(
        &mut self,
        namespace: &str,
        service: &Arc<str>,
        instances: impl FnOnce(&Arc<str>) -> Vec<Instance>,
    ) {
        let name = self.create_namespace(namespace);
        let instances = instances(&name);
        if let Some(namespace) = self.namespaces.get_mut(&name) {
            namespace.services.put(service, instances);
            namespace.services_index = self.raft_index;
        }
    }

    /// Lets raft indexes pass for things that are no business of services.
    pub(crate) fn pass(&mut self, indexes: usize) {
        for _ in 0..indexes {
            self.advance(&[]);
        }
    }

    /// Lets one raft index pass that the table of services takes part in, without events.
    pub(crate) fn pass_services(&mut self) -> u64 {
        self.advance(&[Table::Services])
    }

    /// Sets the raft index and every table's, forwards or backwards, as a restored snapshot does; the event
    /// buffer begins anew.
    pub(crate) fn restore_index(&mut self, index: u64) {
        self.raft_index = index;
        self.indexes = [index; 4];
        self.restores += 1;
        self.frames.clear();
    }

    /// Takes the state of a snapshot over, its tables' indexes among it. As in Nomad the raft index goes on.
    pub(crate) fn restore(&mut self, snapshot: &Self) {
        let next = Self {
            raft_index: self.raft_index.max(snapshot.raft_index) + 1,
            restores: self.restores + 1,
            acl_changes: self.acl_changes + 1,
            frames: Vec::new(),
            ..snapshot.clone()
        };
        *self = next;
    }

    /// Sets one table's index, for a state that was captured.
    pub(crate) fn set_index(&mut self, table: Table, index: u64) {
        self.indexes[table as usize] = index;
        self.raft_index = self.raft_index.max(index);
    }

    fn advance(&mut self, tables: &[Table]) -> u64 {
        self.advance_with(tables, |_| Vec::new())
    }

    fn advance_with(&mut self, tables: &[Table], events: impl FnOnce(u64) -> Vec<Event>) -> u64 {
        self.raft_index += 1;
        let index = self.raft_index;
        for table in tables {
            self.indexes[*table as usize] = index;
        }
        let events = events(index);
        self.frames.push(Arc::new(Frame { index, events }));
        index
    }
}

fn events_of(instances: &[Instance], index: u64, kind: &'static str) -> Vec<Event> {
    instances
        .iter()
        .map(|instance| Event::new(index, kind, instance))
        .collect()
}
