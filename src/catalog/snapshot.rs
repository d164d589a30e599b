//! One consistent state of the catalogue, and the look-ups that answers need.
//!
//! Keys are lower case, as DNS compares names. The maps are persistent: a new snapshot shares with the
//! old one all that did not change.

use std::net::IpAddr;
use std::sync::Arc;

use imbl::HashMap;

use super::doubt::Doubts;
use super::labels::LABEL_OCTETS;
use super::{Cell, Coverage, Doubt, HealthCounts, Service};

/// One state of the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) namespaces: HashMap<Box<str>, Arc<Namespace>>,
    pub(super) addresses: HashMap<IpAddr, AddressUse>,
    pub(super) datacenters: HashMap<Box<str>, HashMap<Box<str>, usize>>,
    pub(super) doubts: Doubts,
    /// Superseded when a name comes or goes, or a doubt: what denials were made from.
    pub(super) names: Cell,
    /// Superseded when an address becomes known.
    pub(super) address_set: Cell,
    pub(super) serial: u32,
    pub(super) index: u64,
    pub(super) services: usize,
    pub(super) instances: usize,
    pub(super) coverage: Coverage,
    pub(super) healths: HealthCounts,
    pub(super) all_bad: usize,
}

/// The services of one namespace.
#[derive(Clone, Debug, Default)]
pub struct Namespace {
    pub(super) services: HashMap<Box<str>, Arc<Service>>,
}

/// How many instances have an address, and the cell of an answer that says so.
#[derive(Clone, Debug, Default)]
pub(super) struct AddressUse {
    pub(super) instances: usize,
    pub(super) cell: Cell,
}

impl Snapshot {
    /// Finds a namespace by its label; none when it has no service.
    pub fn namespace(&self, label: &[u8]) -> Option<&Namespace> {
        with_folded(label, |key| self.namespaces.get(key).map(Arc::as_ref))
    }

    /// Finds a service by its labels.
    pub fn service(&self, namespace: &[u8], name: &[u8]) -> Option<&Arc<Service>> {
        self.namespace(namespace)?.service(name)
    }

    /// The cell of an address that instances have, or had a moment ago.
    pub fn address(&self, address: IpAddr) -> Option<&Cell> {
        self.addresses.get(&address).map(|found| &found.cell)
    }

    /// Goes through the addresses that have a cell; in no order.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.keys().copied()
    }

    /// Whether any instance runs in a datacenter of this name.
    pub fn has_datacenter(&self, label: &[u8]) -> bool {
        with_folded(label, |key| self.datacenters.get(key)).is_some()
    }

    /// Whether a namespace has an instance in a datacenter.
    pub fn is_in_datacenter(&self, namespace: &[u8], datacenter: &[u8]) -> bool {
        with_folded(datacenter, |key| self.datacenters.get(key))
            .and_then(|namespaces| with_folded(namespace, |key| namespaces.get(key)))
            .is_some()
    }

    /// The cell of the set of names, superseded when a name comes or goes.
    pub fn names(&self) -> &Cell {
        &self.names
    }

    /// The cell of the set of addresses, superseded when one becomes known.
    pub fn address_set(&self) -> &Cell {
        &self.address_set
    }

    /// The serial of the zones: grows when the set of names changes.
    pub fn serial(&self) -> u32 {
        self.serial
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
    pub fn has_doubts(&self) -> bool {
        !self.doubts.is_empty()
    }

    /// How many doubts there are of a kind.
    pub fn doubts(&self, doubt: Doubt) -> usize {
        self.doubts.count(doubt)
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

    /// Goes through all services with their keys, namespace first; in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Service)> {
        self.namespaces.iter().flat_map(|(namespace, found)| {
            let services = found.services.iter();
            services.map(move |(name, service)| (&**namespace, &**name, service.as_ref()))
        })
    }
}

impl Snapshot {
    /// Gives everything a cell of its own anew, for the next publication.
    pub(super) fn renew_cells(&mut self) {
        (self.names, self.address_set) = (Cell::default(), Cell::default());
        for (_, namespace) in self.namespaces.iter_mut() {
            for (_, service) in Arc::make_mut(namespace).services.iter_mut() {
                Arc::make_mut(service).cell = Cell::default();
            }
        }
        for (_, address) in self.addresses.iter_mut() {
            address.cell = Cell::default();
        }
    }
}

impl Namespace {
    /// Finds a service by its label.
    pub fn service(&self, label: &[u8]) -> Option<&Arc<Service>> {
        with_folded(label, |key| self.services.get(key))
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
