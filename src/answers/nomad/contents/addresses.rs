//! The addresses of the instances of each namespace, which have names below it.
//!
//! Floor 2. The catalogue counts the addresses of the whole cluster only. A clone shares what has not changed.

use std::net::IpAddr;

use imbl::HashMap;

use crate::catalog::{Instance, Service, is_label};

/// A namespace, or what of it is in one datacenter, in lower case.
type Place = (Box<str>, Option<Box<str>>);

/// How many instances have each address.
#[derive(Clone, Debug, Default)]
pub struct NamespaceAddresses(HashMap<Place, HashMap<IpAddr, usize>>);

/// An address of a namespace.
pub type PlacedAddress = (Place, IpAddr);

impl NamespaceAddresses {
    /// Counts a service in; hands out each address of it.
    pub fn add(
        &mut self,
        namespace: &str,
        service: &Service,
        mut touched: impl FnMut(PlacedAddress),
    ) {
        for placed in Self::placed(namespace, service) {
            let found = self.0.entry(placed.0.clone()).or_default();
            *found.entry(placed.1).or_insert(0) += 1;
            touched(placed);
        }
    }

    /// Counts a service out that was counted in; hands out each address of it.
    pub fn remove(
        &mut self,
        namespace: &str,
        service: &Service,
        mut touched: impl FnMut(PlacedAddress),
    ) {
        for placed in Self::placed(namespace, service) {
            let (place, address) = &placed;
            if let Some(found) = self.0.get_mut(place) {
                match found.get_mut(address) {
                    Some(count) if *count > 1 => *count -= 1,
                    _ => drop(found.remove(address)),
                }
                if found.is_empty() {
                    self.0.remove(place);
                }
            }
            touched(placed);
        }
    }

    /// Whether an instance of a place has an address.
    pub(super) fn has(
        &self,
        (namespace, datacenter): (&str, Option<&str>),
        address: IpAddr,
    ) -> bool {
        let place = (namespace.into(), datacenter.map(Into::into));
        let found = self.0.get(&place);
        found.is_some_and(|found| found.contains_key(&address))
    }

    /// Goes through the places, each with its addresses.
    pub(super) fn iter(
        &self,
    ) -> impl Iterator<Item = ((&str, Option<&str>), impl Iterator<Item = IpAddr>)> {
        self.0.iter().map(|((namespace, datacenter), found)| {
            let place = (&**namespace, datacenter.as_deref());
            (place, found.keys().copied())
        })
    }

    /// Each address of each instance: of its namespace, and of its datacenter there.
    pub fn placed(namespace: &str, service: &Service) -> impl Iterator<Item = PlacedAddress> {
        service.instances().flat_map(move |instance: &Instance| {
            let datacenter = &instance.group.datacenter;
            let own = is_label(datacenter).then(|| Some(datacenter.to_ascii_lowercase().into()));
            let places = instance.address.ip().map(|address| {
                let places = std::iter::once(None).chain(own);
                places.map(move |datacenter| ((namespace.into(), datacenter), address))
            });
            places.into_iter().flatten()
        })
    }
}
