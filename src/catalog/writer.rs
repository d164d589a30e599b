//! The only writer: applies changes to a working copy and publishes it.
//!
//! `sync` owns it. Whatever a change replaces is superseded before the new snapshot is published, so no cache returns
//! anything that the new snapshot does not contain.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::labels::{ServiceNameError, keys};
use super::retired::Retired;
use super::{Catalog, Cell, Coverage, Instance, ReadRequest, Service, ServicePart, Snapshot};

/// Whether a `put` changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// The catalogue had it so already.
    Unchanged,
    /// The working copy differs from what was published.
    Changed,
}

/// Applies changes and publishes snapshots; there is one.
#[derive(Debug)]
pub struct Writer {
    catalog: Arc<Catalog>,
    pub(super) working: Snapshot,
    pub(super) superseded: Vec<Cell>,
    pub(super) names: Changed,
    /// Whether anything became known or unknown.
    pub(super) unknowns: Changed,
    pub(super) address_set: Changed,
    pub(super) tag_set: Changed,
    /// Addresses without an instance.
    pub(super) retired: Retired,
    /// What differs from what was published last.
    pub(super) differing: super::ChangedKeys,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    No,
    Yes,
}

impl Writer {
    pub(super) fn new(catalog: Arc<Catalog>) -> Self {
        Self {
            catalog,
            working: Snapshot::default(),
            superseded: Vec::new(),
            names: Changed::Yes,
            unknowns: Changed::No,
            address_set: Changed::No,
            tag_set: Changed::No,
            retired: Retired::default(),
            differing: super::ChangedKeys::default(),
        }
    }

    /// Sets the instances of one service, named as Nomad spells it; none of them removes it.
    ///
    /// Whether it is marked as unknown stays as it is.
    ///
    /// # Errors
    /// A name that can be no DNS label; nothing is changed then.
    pub fn put(
        &mut self,
        namespace: &str,
        service: &str,
        instances: Vec<Instance>,
    ) -> Result<PutOutcome, ServiceNameError> {
        let (namespace_key, service_key) = keys(namespace, service)?;
        let held = self.working.namespaces.get(&*namespace_key);
        let old = held
            .and_then(|held| held.services.get(&*service_key))
            .cloned();
        let position = old.as_ref().and_then(|old| old.part(namespace, service));
        let before = match (&old, position) {
            (Some(old), Some(at)) => Arc::clone(&old.parts[at].instances),
            _ => Arc::from([]),
        };
        if *before == *instances {
            return Ok(PutOutcome::Unchanged);
        }
        self.count(&namespace_key, &before, &instances);

        let mut parts = old.as_ref().map_or_else(Vec::new, |old| old.parts.clone());
        match (position, instances.is_empty()) {
            (Some(at), true) => drop(parts.remove(at)),
            (Some(at), false) => parts[at].instances = instances.into(),
            (None, _) => parts.push(ServicePart {
                namespace: namespace.into(),
                name: service.into(),
                instances: instances.into(),
            }),
        }
        self.replace(namespace_key, service_key, old, parts);
        Ok(PutOutcome::Changed)
    }

    /// Whether there is anything published.
    pub fn has_published(&self) -> bool {
        self.catalog.current.load().is_some()
    }

    /// Whether the working copy has all that there is.
    pub fn coverage(&self) -> Coverage {
        self.working.coverage
    }

    /// Counts the services and the instances of the working copy.
    pub fn counts(&self) -> (usize, usize) {
        (self.working.services, self.working.instances)
    }

    /// Goes through the services of the working copy as Nomad spells them, namespace first, with their instances.
    pub fn services(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        self.working.iter().flat_map(|(_, _, service)| {
            service
                .parts
                .iter()
                .map(|part| (&*part.namespace, &*part.name, part.instances.len()))
        })
    }

    /// Publishes the working copy as the state at Nomad's `index`.
    pub fn publish(&mut self, index: u64) {
        if (self.names, self.unknowns) != (Changed::No, Changed::No) {
            self.superseded
                .push(std::mem::take(&mut self.working.names));
        }
        if self.address_set == Changed::Yes {
            self.superseded
                .push(std::mem::take(&mut self.working.address_set));
        }
        if self.tag_set == Changed::Yes {
            self.superseded
                .push(std::mem::take(&mut self.working.tag_set));
        }
        (self.names, self.unknowns) = (Changed::No, Changed::No);
        (self.address_set, self.tag_set) = (Changed::No, Changed::No);
        self.working.index = index;
        self.supersede();
        self.catalog
            .publish(Arc::new(self.working.clone()), &mut self.differing);
    }

    /// Forgets the addresses that no instance has had for `grace`; the next publication shows it.
    pub fn retire_addresses(&mut self, grace: Duration) -> PutOutcome {
        let mut outcome = PutOutcome::Unchanged;
        while let Some(address) = self.retired.pop(grace) {
            if let Some(gone) = self.working.addresses.remove(&address) {
                self.superseded.push(gone.cell);
                self.differing.addresses.insert(address);
                outcome = PutOutcome::Changed;
            }
        }
        outcome
    }

    /// Hands out the requests of queries while the coverage is [`Coverage::OnDemand`]; to the first caller only.
    pub fn read_requests(&self) -> mpsc::Receiver<ReadRequest> {
        self.catalog.demand.requests()
    }

    /// Sets whether what is not in the catalogue does not exist; the next publication shows it.
    ///
    /// What caches kept until now counts no longer: each query has to come and ask.
    pub fn cover(&mut self, coverage: Coverage) {
        if std::mem::replace(&mut self.working.coverage, coverage) == coverage {
            return;
        }
        self.renew_all();
    }

    /// Takes the published snapshot back: what it said is too old to be said again.
    ///
    /// The working copy stays, and the next publication shows it.
    pub fn withdraw(&mut self) {
        self.renew_all();
        // What was replaced and not published is in the snapshot that is taken back.
        self.supersede();
        self.catalog.current.store(None);
    }

    /// Has everything that is known be superseded, and gives it new cells for what is published next.
    fn renew_all(&mut self) {
        self.superseded.extend(self.working.renew_cells());
    }

    fn supersede(&mut self) {
        for cell in self.superseded.drain(..) {
            cell.supersede();
        }
    }

    fn replace(
        &mut self,
        namespace_key: Box<str>,
        service_key: Box<str>,
        old: Option<Arc<Service>>,
        parts: Vec<ServicePart>,
    ) {
        let had_name = old.is_some();
        let instances = |parts: &[ServicePart]| parts.iter().map(|it| it.instances.len()).sum();
        let before: usize = old.as_ref().map_or(0, |old| instances(&old.parts));
        let after: usize = instances(&parts);
        let key = (namespace_key.clone(), service_key.clone());
        self.differing.services.insert(key);
        let asked = old.as_ref().map(|old| old.asked.clone());
        let index = old.as_ref().map(|old| old.index_of(&parts));
        self.working.all_bad -= usize::from(old.as_ref().is_some_and(|old| old.is_all_bad()));
        self.superseded.extend(old.map(|old| old.cell.clone()));
        let mut namespace = self
            .working
            .namespaces
            .remove(&namespace_key)
            .unwrap_or_default();
        let held = Arc::make_mut(&mut namespace);
        held.instances = held.instances + after - before;
        let services = &mut held.services;
        if parts.is_empty() {
            services.remove(&service_key);
            self.names = Changed::Yes;
            self.working.services -= 1;
        } else {
            let unknown = self.working.unknowns.service(&namespace_key, &service_key);
            let service = Service {
                parts,
                unknown,
                cell: Cell::default(),
                asked: asked.unwrap_or_default(),
                index: index.unwrap_or_default(),
            };
            self.working.all_bad += usize::from(service.is_all_bad());
            services.insert(service_key, Arc::new(service));
            if !had_name {
                self.names = Changed::Yes;
                self.working.services += 1;
            }
        }
        if !services.is_empty() {
            self.working.namespaces.insert(namespace_key, namespace);
        }
    }
}
