//! What is registered, as the test knows it: every change gives new addresses, so that an answer tells its age.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use nomadns::demo::Registration;

use super::steps::{Change, Policy};

/// A service: its namespace and its name.
pub(crate) type Service = (&'static str, &'static str);

/// The service that nobody changes.
pub(crate) const STEADY: Service = ("default", "steady");
/// Those that change.
pub(crate) const CHANGING: [Service; 3] = [("default", "a"), ("default", "b"), ("prod", "c")];

/// The instances of a service, by their addresses; none where there is no such service.
pub(crate) type Addresses = BTreeSet<Ipv4Addr>;

/// Everything that is registered, and what the token may read.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    instances: BTreeMap<Service, Vec<Registration>>,
    addresses: BTreeMap<Service, Arc<Addresses>>,
    pub(crate) policy: Policy,
}

/// Makes addresses that were never used.
#[derive(Debug, Default)]
pub(crate) struct Fresh(u32);

impl Fresh {
    fn address(&mut self) -> String {
        self.0 += 1;
        Ipv4Addr::from_bits(0x0a00_0000 + self.0).to_string()
    }
}

impl Table {
    pub(crate) fn new(fresh: &mut Fresh) -> Self {
        let mut table = Self {
            instances: BTreeMap::new(),
            addresses: BTreeMap::new(),
            policy: Policy::Everything,
        };
        for service in [STEADY].into_iter().chain(CHANGING) {
            let instance = instance(service, fresh);
            table.instances.insert(service, vec![instance]);
            table.note_addresses(service);
        }
        table
    }

    pub(crate) fn services() -> impl Iterator<Item = Service> {
        [STEADY].into_iter().chain(CHANGING)
    }

    pub(crate) fn instances(&self, service: Service) -> &[Registration] {
        self.instances.get(&service).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn addresses(&self, service: Service) -> &Arc<Addresses> {
        &self.addresses[&service]
    }

    fn note_addresses(&mut self, service: Service) {
        let address = |each: &Registration| each.address.parse().unwrap();
        let addresses: Addresses = self.instances(service).iter().map(address).collect();
        self.addresses.insert(service, Arc::new(addresses));
    }

    pub(crate) fn is_readable(&self, (namespace, _): Service) -> bool {
        self.policy == Policy::Everything || namespace == "default"
    }

    /// Changes a service; gives what has to be registered and what removed, of which one is empty.
    pub(crate) fn change(
        &mut self,
        service: Service,
        change: Change,
        fresh: &mut Fresh,
    ) -> (Vec<Registration>, Vec<Registration>) {
        let instances = self.instances.entry(service).or_default();
        let what = match change {
            Change::Update if !instances.is_empty() => {
                for instance in &mut *instances {
                    instance.address = fresh.address();
                }
                (instances.clone(), Vec::new())
            }
            Change::Add | Change::Update => {
                let new = instance(service, fresh);
                instances.push(new.clone());
                (vec![new], Vec::new())
            }
            Change::RemoveOne => (Vec::new(), instances.pop().into_iter().collect()),
            Change::RemoveAll => (Vec::new(), std::mem::take(instances)),
        };
        self.note_addresses(service);
        what
    }
}

fn instance((namespace, name): Service, fresh: &mut Fresh) -> Registration {
    Registration::new(namespace, name).address(fresh.address())
}
