//! The one writer: applies changes to a working copy and publishes it.
//!
//! `sync` owns it. What a change replaces is marked as superseded before the new snapshot is published,
//! so no cache can give out what a reader of the new snapshot would not find.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::snapshot::{AddressUse, LABEL_OCTETS};
use super::{Address, Catalog, Cell, Instance, Part, Service, Snapshot};

/// Whether a `put` changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The catalogue had it so already.
    Unchanged,
    /// The working copy differs from what was published.
    Changed,
}

/// Why a service can have no DNS name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The service's name is no label.
    #[error("the service's name is no DNS label: 1 to 63 letters, digits and inner hyphens")]
    Service,
    /// The namespace's name is no label.
    #[error("the namespace's name is no DNS label: at most 63 letters, digits and hyphens")]
    Namespace,
}

/// Applies changes and publishes snapshots; there is one.
#[derive(Debug)]
pub struct Writer {
    catalog: Arc<Catalog>,
    working: Snapshot,
    superseded: Vec<Cell>,
    names: Touched,
    address_set: Touched,
    /// Addresses without an instance, oldest first.
    retired: VecDeque<(Instant, IpAddr)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Touched {
    No,
    Yes,
}

impl Writer {
    pub(super) fn new(catalog: Arc<Catalog>) -> Self {
        Self {
            catalog,
            working: Snapshot::default(),
            superseded: Vec::new(),
            names: Touched::Yes,
            address_set: Touched::No,
            retired: VecDeque::new(),
        }
    }

    /// Sets the instances of one service, named as Nomad spells it; none of them removes it.
    ///
    /// # Errors
    /// A name that can be no DNS label; nothing is changed then.
    pub fn put(
        &mut self,
        namespace: &str,
        service: &str,
        instances: Vec<Instance>,
    ) -> Result<Outcome, NameError> {
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
            return Ok(Outcome::Unchanged);
        }
        self.count(&namespace_key, &before, &instances);

        let mut parts = old.as_ref().map_or_else(Vec::new, |old| old.parts.clone());
        match (position, instances.is_empty()) {
            (Some(at), true) => drop(parts.remove(at)),
            (Some(at), false) => parts[at].instances = instances.into(),
            (None, _) => parts.push(Part {
                namespace: namespace.into(),
                name: service.into(),
                instances: instances.into(),
            }),
        }
        self.replace(namespace_key, service_key, old, parts);
        Ok(Outcome::Changed)
    }

    /// Goes through the services of the working copy as Nomad spells them, namespace first.
    pub fn services(&self) -> impl Iterator<Item = (&str, &str)> {
        self.working.iter().flat_map(|(_, _, service)| {
            service
                .parts
                .iter()
                .map(|part| (&*part.namespace, &*part.name))
        })
    }

    /// Publishes the working copy as the state at Nomad's `index`.
    pub fn publish(&mut self, index: u64) {
        if self.names == Touched::Yes {
            self.superseded
                .push(std::mem::take(&mut self.working.names));
            // Nomad's index where it can be, so that gateways side by side tell the same serial.
            let next = self.working.serial.wrapping_add(1);
            self.working.serial = u32::try_from(index).map_or(next, |index| index.max(next));
        }
        if self.address_set == Touched::Yes {
            self.superseded
                .push(std::mem::take(&mut self.working.address_set));
        }
        (self.names, self.address_set) = (Touched::No, Touched::No);
        self.working.index = index;
        for cell in self.superseded.drain(..) {
            cell.supersede();
        }
        self.catalog
            .current
            .store(Some(Arc::new(self.working.clone())));
    }

    /// Forgets the addresses that no instance has had for `grace`; the next publication shows it.
    pub fn retire_addresses(&mut self, grace: Duration) -> Outcome {
        let mut outcome = Outcome::Unchanged;
        while let Some((since, address)) = self.retired.front().copied() {
            if since.elapsed() < grace {
                break;
            }
            self.retired.pop_front();
            if self
                .working
                .addresses
                .get(&address)
                .is_some_and(|found| found.instances == 0)
                && let Some(gone) = self.working.addresses.remove(&address)
            {
                self.superseded.push(gone.cell);
                outcome = Outcome::Changed;
            }
        }
        outcome
    }

    /// Takes the published snapshot back: what it said is too old to be said again.
    ///
    /// The working copy stays, and the next publication shows it.
    pub fn withdraw(&mut self) {
        let cells = self
            .working
            .iter()
            .map(|(_, _, service)| service.cell.clone());
        let mut cells: Vec<Cell> = cells.collect();
        cells.extend(
            self.working
                .addresses
                .values()
                .map(|found| found.cell.clone()),
        );
        cells.extend([self.working.names.clone(), self.working.address_set.clone()]);
        for cell in cells {
            cell.supersede();
        }
        self.catalog.current.store(None);
    }

    fn replace(
        &mut self,
        namespace_key: Box<str>,
        service_key: Box<str>,
        old: Option<Arc<Service>>,
        parts: Vec<Part>,
    ) {
        let had_name = old.is_some();
        self.superseded.extend(old.map(|old| old.cell.clone()));
        let mut namespace = self
            .working
            .namespaces
            .remove(&namespace_key)
            .unwrap_or_default();
        let services = &mut Arc::make_mut(&mut namespace).services;
        if parts.is_empty() {
            services.remove(&service_key);
            self.names = Touched::Yes;
            self.working.services -= 1;
        } else {
            services.insert(
                service_key,
                Arc::new(Service {
                    parts,
                    cell: Cell::default(),
                }),
            );
            if !had_name {
                self.names = Touched::Yes;
                self.working.services += 1;
            }
        }
        if !services.is_empty() {
            self.working.namespaces.insert(namespace_key, namespace);
        }
    }

    /// Keeps the counts of addresses and datacenters: only what differs is touched.
    fn count(&mut self, namespace: &str, before: &[Instance], after: &[Instance]) {
        self.working.instances = self.working.instances + after.len() - before.len();
        let (before, after) = differing(before, after);
        for instance in after {
            self.count_address(&instance.address, 1);
        }
        for instance in before {
            self.count_address(&instance.address, -1);
        }
        for (instances, sign) in [(after, 1), (before, -1)] {
            let same = |one: &Instance, next: &Instance| {
                Arc::ptr_eq(&one.group, &next.group)
                    || one.group.datacenter == next.group.datacenter
            };
            for run in instances.chunk_by(same) {
                let step = sign * run.len().cast_signed();
                self.count_datacenter(&run[0].group.datacenter, namespace, step);
            }
        }
    }

    fn count_address(&mut self, address: &Address, step: isize) {
        let address = match address {
            Address::V4(address) => IpAddr::V4(*address),
            Address::V6(address) => IpAddr::V6(*address),
            Address::Host(_) | Address::Unusable => return,
        };
        let found = self.working.addresses.entry(address).or_insert_with(|| {
            self.address_set = Touched::Yes;
            AddressUse::default()
        });
        found.instances = found.instances.saturating_add_signed(step);
        if found.instances == 0 {
            self.retired.push_back((Instant::now(), address));
        }
    }

    fn count_datacenter(&mut self, datacenter: &str, namespace: &str, step: isize) {
        let Some(datacenter) = label_key(datacenter) else {
            return;
        };
        let namespaces = self
            .working
            .datacenters
            .entry(datacenter.clone())
            .or_default();
        let known = namespaces.contains_key(namespace);
        let instances = namespaces.entry(namespace.into()).or_insert(0);
        *instances = instances.saturating_add_signed(step);
        let gone = *instances == 0;
        if gone {
            namespaces.remove(namespace);
            if namespaces.is_empty() {
                self.working.datacenters.remove(&datacenter);
            }
        }
        if gone || !known {
            self.names = Touched::Yes;
        }
    }
}

/// Leaves out the instances at the beginning and at the end that are the same before and after.
fn differing<'a>(
    mut before: &'a [Instance],
    mut after: &'a [Instance],
) -> (&'a [Instance], &'a [Instance]) {
    while let ([one, earlier @ ..], [other, later @ ..]) = (before, after)
        && one == other
    {
        (before, after) = (earlier, later);
    }
    while let ([earlier @ .., one], [later @ .., other]) = (before, after)
        && one == other
    {
        (before, after) = (earlier, later);
    }
    (before, after)
}

fn keys(namespace: &str, service: &str) -> Result<(Box<str>, Box<str>), NameError> {
    let namespace = label_key(namespace).ok_or(NameError::Namespace)?;
    let service = label_key(service).ok_or(NameError::Service)?;
    if service.starts_with('-') || service.ends_with('-') {
        return Err(NameError::Service);
    }
    Ok((namespace, service))
}

/// The lower-case form of a name that can be a label in the sense of RFC 1123 §2.1, bar hyphens.
fn label_key(name: &str) -> Option<Box<str>> {
    let legal = name
        .bytes()
        .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let fits = (1..=LABEL_OCTETS).contains(&name.len());
    (legal && fits).then(|| name.to_ascii_lowercase().into())
}
