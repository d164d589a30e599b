//! One consistent state of the catalogue, and the look-ups in it, which only a view calls.
//!
//! Keys are lower case, as DNS compares names. The maps are persistent: a new snapshot shares everything that has not
//! changed with the old one.

use std::net::IpAddr;
use std::sync::Arc;

use imbl::HashMap;

use super::labels::{LABEL_OCTETS, could_be_named};
use super::tags::TagCounts;
use super::unknown::Unknowns;
use super::{Cell, HealthCounts, Service, UnknownReason, UnknownScope};

/// One state of the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) namespaces: HashMap<Box<str>, Arc<Namespace>>,
    pub(super) addresses: HashMap<IpAddr, AddressUse>,
    pub(super) datacenters: HashMap<Box<str>, HashMap<Box<str>, usize>>,
    pub(super) tags: TagCounts,
    pub(super) unknowns: Unknowns,
    /// Superseded when a name comes or goes, or becomes known or unknown: what denials were made from.
    pub(super) names: Cell,
    /// Superseded when an address becomes known.
    pub(super) address_set: Cell,
    /// Superseded when a namespace has a tag that it had not, or no longer has one.
    pub(super) tag_set: Cell,
    pub(super) index: u64,
    pub(super) services: usize,
    pub(super) instances: usize,
    pub(super) coverage: Coverage,
    pub(super) healths: HealthCounts,
    pub(super) all_bad: usize,
}

/// Whether the catalogue has all that there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coverage {
    /// What is not in it does not exist.
    #[default]
    Complete,
    /// It has what was queried, so each query first has its service read.
    OnDemand,
}

/// The services of one namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct Namespace {
    pub(super) services: HashMap<Box<str>, Arc<Service>>,
    /// How many instances these have.
    pub(super) instances: usize,
}

/// How many instances have an address, and the cell of an answer that says so.
#[derive(Clone, Debug, Default)]
pub(super) struct AddressUse {
    pub(super) instances: usize,
    pub(super) cell: Cell,
}

impl Snapshot {
    /// Whether there is a namespace: with a service, or marked as unknown itself.
    pub fn knows_namespace(&self, label: &[u8]) -> bool {
        with_folded(label, |key| {
            let known = self.namespaces.contains_key(key);
            (known || self.unknowns.within(key).is_some()).then_some(())
        })
        .is_some()
    }

    /// Finds a service by its labels.
    pub fn service(&self, namespace: &[u8], name: &[u8]) -> Option<&Service> {
        let namespace = with_folded(namespace, |key| self.namespaces.get(key))?;
        let service = with_folded(name, |key| namespace.services.get(key));
        service.map(Arc::as_ref)
    }

    /// Why a service that may be there is unknown: for itself, or because its namespace is.
    pub(super) fn unknown_service(&self, namespace: &[u8], name: &[u8]) -> Option<UnknownReason> {
        let about =
            |namespace: &str| with_folded(name, |name| self.unknowns.service(namespace, name));
        (!self.unknowns.is_empty()).then(|| with_folded(namespace, about))?
    }

    /// Why something that may be in a namespace is unknown, or whether there is such a namespace.
    pub(super) fn unknown_within(&self, namespace: &[u8]) -> Option<UnknownReason> {
        let within = with_folded(namespace, |key| self.unknowns.within(key));
        let is_unlisted = || !self.knows_namespace(namespace) && could_be_named(namespace);
        within.or_else(|| self.unknowns.others().filter(|_| is_unlisted()))
    }

    /// Whether any instance runs in a datacenter of this name.
    pub(super) fn has_datacenter(&self, label: &[u8]) -> bool {
        with_folded(label, |key| self.datacenters.get(key)).is_some()
    }

    /// Whether a namespace has an instance in a datacenter.
    pub(super) fn is_in_datacenter(&self, namespace: &[u8], datacenter: &[u8]) -> bool {
        with_folded(datacenter, |key| self.datacenters.get(key))
            .and_then(|namespaces| with_folded(namespace, |key| namespaces.get(key)))
            .is_some()
    }

    /// Whether an address has a name.
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.addresses.contains_key(&address)
    }

    /// Goes through the addresses that have a name; in no order.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.keys().copied()
    }

    /// Whether what is not here does not exist.
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// Nomad's index of this state.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Whether there is anything of which it is not known what is registered.
    pub fn has_unknowns(&self) -> bool {
        !self.unknowns.is_empty()
    }

    /// How many services and namespaces are unknown for a reason.
    pub fn unknown_count(&self, reason: UnknownReason) -> usize {
        self.unknowns.count(reason)
    }

    /// How many services have an instance.
    pub fn services(&self) -> usize {
        self.services
    }

    /// How many instances there are.
    pub fn instances(&self) -> usize {
        self.instances
    }

    /// How many instances have each health.
    pub fn healths(&self) -> HealthCounts {
        self.healths
    }

    /// How many services have only instances that are known to be of no use.
    pub fn services_all_bad(&self) -> usize {
        self.all_bad
    }

    /// Goes through the namespaces that have a service, with how many each has; in no order.
    pub fn namespaces(&self) -> impl Iterator<Item = (&str, usize)> {
        self.namespaces
            .iter()
            .map(|(name, found)| (&**name, found.services.len()))
    }

    /// Goes through the namespaces that have a service, with how many services and instances each has; in no order.
    pub fn namespace_counts(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.namespaces
            .iter()
            .map(|(name, found)| (&**name, found.services.len(), found.instances))
    }

    /// Notes that a service is asked for, if there is one by that key.
    pub fn ask_for(&self, namespace: &str, name: &str) {
        if let Some(service) = self.service(namespace.as_bytes(), name.as_bytes()) {
            service.asked.note();
        }
    }

    /// Notes that all services are asked for, as far as they have so many instances together.
    pub fn ask_for_most(&self, instances: usize) {
        let mut left = instances;
        for (_, _, service) in self.iter() {
            let Some(rest) = left.checked_sub(service.len()) else {
                return;
            };
            left = rest;
            service.asked.note();
        }
    }

    /// Goes through what is unknown; in no order.
    pub fn unknowns(&self) -> impl Iterator<Item = (UnknownScope<'_>, UnknownReason)> {
        self.unknowns.iter()
    }

    /// Whether the same is unknown in another one.
    pub fn has_same_unknowns(&self, other: &Self) -> bool {
        self.unknowns == other.unknowns
    }

    /// Goes through all services with their keys, namespace first; in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Service)> {
        self.namespaces.iter().flat_map(|(namespace, found)| {
            let services = found.services.iter();
            services.map(move |(name, service)| (&**namespace, &**name, service.as_ref()))
        })
    }
}

impl Snapshot {
    /// Gives everything a cell of its own anew, and hands out those that it had.
    pub(super) fn renew_cells(&mut self) -> Vec<Cell> {
        let mut old = vec![
            std::mem::take(&mut self.names),
            std::mem::take(&mut self.address_set),
            std::mem::take(&mut self.tag_set),
        ];
        for (_, namespace) in self.namespaces.iter_mut() {
            for (_, service) in Arc::make_mut(namespace).services.iter_mut() {
                old.push(std::mem::take(&mut Arc::make_mut(service).cell));
            }
        }
        for (_, address) in self.addresses.iter_mut() {
            old.push(std::mem::take(&mut address.cell));
        }
        old
    }
}

/// Hands the lower-case text of a label to a look-up; none when it can be no key.
fn with_folded<T>(label: &[u8], look_up: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let mut folded = [0; LABEL_OCTETS];
    let folded = folded.get_mut(..label.len())?;
    folded.copy_from_slice(label);
    folded.make_ascii_lowercase();
    look_up(str::from_utf8(folded).ok()?)
}
