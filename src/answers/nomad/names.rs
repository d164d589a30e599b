//! Counts out the names of a zone that have records: the other way round to `grammar`, which reads one.
//!
//! Not on the way of a query; `export` asks for each of these names what a query would. Names with several
//! tags are left out, since they are as many as the subsets of the tags.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::address_labels::hex_label;
use super::grammar::{self, Found, is_protocol};
use super::zone::{Zone, ZoneSettings};
use crate::catalog::{Service, Snapshot, View, is_label};
use crate::dns::Name;

/// Goes through the names of a zone that have records, each once, in an order that stays the same.
///
/// Names with more than one tag are left out, and services that are in doubt. Takes memory in proportion to the number of services.
pub fn names<'a>(
    settings: &'a ZoneSettings,
    zone: &'a Zone,
    view: &'a View,
) -> impl Iterator<Item = Name> + 'a {
    let snapshot = view.snapshot();
    let services = sorted_services(snapshot);
    let instances = std::iter::once(zone).chain(settings.zones_around(zone));
    let instances = instances.flat_map(move |origin| {
        services.clone().into_iter().flat_map(move |service| {
            let names = names_of_service(origin, service).into_iter();
            names.filter(move |name| is_read_in(settings, zone, origin, view, name))
        })
    });
    let addresses = sorted_addresses(snapshot).into_iter();
    let addresses = addresses.filter_map(move |address| {
        let name = below(&zone.addresses, &[&hex_label(address)])?;
        let depth = zone.labels_below(&name);
        let labels = name.labels();
        let reading = grammar::read(view, &labels, depth);
        let is_address = matches!(reading.found, Found::Address(_));
        is_address.then_some(name)
    });
    [zone.apex, zone.name_server]
        .into_iter()
        .chain(instances)
        .chain(addresses)
        // What is in a zone of its own below is said there.
        .filter(move |name| {
            settings
                .zone_of(name)
                .is_some_and(|owner| owner.apex == zone.apex)
        })
}

/// Whether a name of `zone` means what the grammar of `origin` says: none that comes first says otherwise.
fn is_read_in(
    settings: &ZoneSettings,
    zone: &Zone,
    origin: &Zone,
    view: &View,
    name: &Name,
) -> bool {
    if zone.apex == origin.apex {
        return true;
    }
    let labels = name.labels();
    name.is_within(&zone.apex)
        && std::iter::once(zone)
            .chain(settings.zones_around(zone))
            .take_while(|first| first.apex != origin.apex)
            .all(|first| !grammar::read(view, &labels, first.labels_below(name)).is_positive())
}

type NamedService<'a> = (&'a str, &'a str, &'a Service);

fn sorted_services(snapshot: &Snapshot) -> Vec<NamedService<'_>> {
    let services = snapshot.iter();
    let known = services.filter(|(_, _, service)| service.doubt.is_none());
    let mut services: Vec<_> = known.collect();
    services.sort_unstable_by_key(|(namespace, name, _)| (*namespace, *name));
    services
}

fn sorted_addresses(snapshot: &Snapshot) -> Vec<IpAddr> {
    let mut addresses: Vec<_> = snapshot.addresses().collect();
    addresses.sort_unstable();
    addresses
}

/// The names of one service by the grammar of a zone; those that are too long are none.
fn names_of_service(zone: &Zone, (namespace, service, found): NamedService<'_>) -> Vec<Name> {
    let mut names = Vec::new();
    for (datacenter, tags) in tags_by_datacenter(found) {
        let parent = match &datacenter {
            None => below(&zone.apex, &[namespace]),
            Some(datacenter) => below(&zone.apex, &[namespace, datacenter, "dc"]),
        };
        let Some(parent) = parent else { continue };
        let underscored = format!("_{service}");
        let mut push = |labels: &[&str]| names.extend(below(&parent, labels));
        push(&[service]);
        tags.iter().for_each(|tag| push(&[tag, service]));
        let labels = ["_tcp".to_owned(), "_udp".to_owned()].into_iter();
        labels
            .chain(tags.iter().map(|tag| format!("_{tag}")))
            .enumerate()
            // A tag that is called as a protocol is hidden by it.
            .filter(|(place, label)| *place < 2 || !is_protocol(label.as_bytes()))
            .for_each(|(_, label)| push(&[&underscored, &label]));
    }
    names
}

/// The tags that can stand in a name, of all instances and of those in each datacenter.
fn tags_by_datacenter(service: &Service) -> BTreeMap<Option<String>, BTreeSet<String>> {
    let mut found: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
    for instance in service.instances() {
        let group = &instance.group;
        let datacenter = Some(group.datacenter.to_ascii_lowercase()).filter(|name| is_label(name));
        let tags = group.tags.iter().map(|tag| tag.to_ascii_lowercase());
        let tags = tags.filter(|tag| is_label(tag));
        let tags: BTreeSet<String> = tags.collect();
        if let Some(datacenter) = datacenter {
            let there = found.entry(Some(datacenter)).or_default();
            there.extend(tags.iter().cloned());
        }
        found.entry(None).or_default().extend(tags);
    }
    found
}

/// The name of these labels below another; none when it is too long, or one of them is.
fn below(parent: &Name, labels: &[&str]) -> Option<Name> {
    let labels = labels.iter().map(|label| label.as_bytes());
    let parents = parent.labels();
    Name::from_labels(labels.chain(parents.iter())).ok()
}
