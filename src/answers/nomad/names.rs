//! Lists the names of a zone that have records: the opposite of `grammar`, which parses one.
//!
//! Not used for queries; `export` queries each of these names. Names with several tags are left out, because every
//! order of the tags is a name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::address_labels::hex_label;
use super::grammar::{self, Target};
use super::selection::is_protocol;
use super::zone::{Zone, ZoneSettings};
use crate::answers::Effort;
use crate::catalog::{Instance, Service, Snapshot, View, is_label};
use crate::dns::Name;

/// Goes through the names of a zone that have records, each once, in an order that stays the same.
///
/// Left out are names with more than one tag, services whose state is unknown, and addresses below a namespace whose
/// instances have not got them. So is a tag `*`, which other servers would take for a wildcard (RFC 4592 §2.1.1).
/// Takes memory in proportion to the number of services and addresses.
pub fn names<'a>(
    settings: &'a ZoneSettings,
    zone: &'a Zone,
    view: &'a View,
) -> impl Iterator<Item = Name> + 'a {
    names_of(settings, zone, view, |service| service.unknown.is_none())
}

/// The same with the services that cannot be read, as they were last known.
pub(super) fn last_known_names<'a>(
    settings: &'a ZoneSettings,
    zone: &'a Zone,
    view: &'a View,
) -> impl Iterator<Item = Name> + 'a {
    names_of(settings, zone, view, |_| true)
}

fn names_of<'a>(
    settings: &'a ZoneSettings,
    zone: &'a Zone,
    view: &'a View,
    is_wanted: fn(&Service) -> bool,
) -> impl Iterator<Item = Name> + 'a {
    let snapshot = view.snapshot();
    let namespaces = sorted_namespaces(snapshot, is_wanted);
    let addresses = sorted_addresses(snapshot);
    let origins = || std::iter::once(zone).chain(settings.zones_around(zone));
    let instances = origins().flat_map(move |origin| {
        let names = namespaces.clone().into_iter();
        let names = names.flat_map(move |services| names_of_namespace(origin, view, services));
        names.filter(move |name| is_read_in(settings, zone, origin, view, name))
    });
    let addresses = origins().flat_map(move |origin| {
        let names = address_names(origin, view, origin.addresses, addresses.clone());
        names.filter(move |name| is_read_in(settings, zone, origin, view, name))
    });
    [zone.apex, zone.name_server]
        .into_iter()
        .chain(instances)
        .chain(addresses)
        .filter(|name| name.labels().at(0) != Some(b"*"))
        // What is in a zone of its own below is said there.
        .filter(move |name| {
            settings
                .zone_of(name)
                .is_some_and(|owner| owner.apex == zone.apex)
        })
}

/// Whether a name of `zone` means what the grammar of `origin` says: none that comes first says otherwise, or might.
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
            .all(|first| {
                let depth = first.labels_below(name);
                let reading = grammar::read(view, &labels, depth, Effort::Whole);
                !reading.is_positive() && !reading.is_unknown()
            })
}

/// A service with its namespace's key and its own.
type NamedService<'a> = (&'a str, &'a str, &'a Service);

/// The services that are wanted, those of each namespace together.
fn sorted_namespaces(
    snapshot: &Snapshot,
    is_wanted: fn(&Service) -> bool,
) -> Vec<Vec<NamedService<'_>>> {
    let services = snapshot.iter();
    let wanted = services.filter(|(_, _, service)| is_wanted(service));
    let mut services: Vec<_> = wanted.collect();
    services.sort_unstable_by_key(|(namespace, name, _)| (*namespace, *name));
    let namespaces = services.chunk_by(|(one, ..), (other, ..)| one == other);
    namespaces.map(<[_]>::to_vec).collect()
}

fn sorted_addresses(snapshot: &Snapshot) -> Vec<IpAddr> {
    let mut addresses: Vec<_> = snapshot.addresses().collect();
    addresses.sort_unstable();
    addresses
}

/// The names below one namespace by the grammar of a zone: those of its services, then those of their addresses.
fn names_of_namespace<'a>(
    zone: &'a Zone,
    view: &'a View,
    services: Vec<NamedService<'a>>,
) -> impl Iterator<Item = Name> + 'a {
    let namespace = services.first().map_or("", |(namespace, ..)| namespace);
    let mut addresses: BTreeMap<Option<String>, Vec<IpAddr>> = BTreeMap::new();
    let instances = services
        .iter()
        .flat_map(|(.., service)| service.instances());
    for (instance, address) in instances.filter_map(|it| Some((it, it.address.ip()?))) {
        for datacenter in datacenters(instance) {
            addresses.entry(datacenter).or_default().push(address);
        }
    }
    let addresses = addresses
        .into_iter()
        .flat_map(move |(datacenter, mut found)| {
            found.sort_unstable();
            found.dedup();
            let parent = parent(zone, namespace, datacenter.as_deref());
            let addresses = parent.and_then(|parent| below(&parent, &["addr"]));
            let names = addresses.map(|addresses| address_names(zone, view, addresses, found));
            names.into_iter().flatten()
        });
    let names = services.into_iter();
    let names = names.flat_map(move |service| names_of_service(zone, service));
    names.chain(addresses)
}

/// The names of addresses below `parent`, where none that is registered comes first.
fn address_names<'a>(
    zone: &'a Zone,
    view: &'a View,
    parent: Name,
    addresses: Vec<IpAddr>,
) -> impl Iterator<Item = Name> + 'a {
    let names = addresses.into_iter();
    let names = names.filter_map(move |address| below(&parent, &[&hex_label(address)]));
    names.filter(move |name| {
        let labels = name.labels();
        let reading = grammar::read(view, &labels, zone.labels_below(name), Effort::Whole);
        matches!(reading.found, Target::Address(_))
    })
}

/// The names of one service by the grammar of a zone; those that are too long are none.
fn names_of_service(zone: &Zone, (namespace, service, found): NamedService<'_>) -> Vec<Name> {
    let mut names = Vec::new();
    for (datacenter, ServiceLabels { tags, port_labels }) in labels_by_datacenter(service, found) {
        let Some(parent) = parent(zone, namespace, datacenter.as_deref()) else {
            continue;
        };
        let underscored = |label: &str| format!("_{label}");
        let mut push = |labels: &[&str]| names.extend(below(&parent, labels));
        push(&[service]);
        tags.iter().for_each(|tag| push(&[tag, service]));
        for protocol in PROTOCOLS {
            push(&[&underscored(service), protocol]);
        }
        let labels = tags.iter().map(|tag| underscored(tag));
        labels
            // A tag that is called as a protocol is hidden by it.
            .filter(|label| !is_protocol(label.as_bytes()))
            .for_each(|label| push(&[&underscored(service), &label]));
        let mut called: BTreeSet<&str> = tags.union(&port_labels).map(String::as_str).collect();
        called.insert(service);
        for protocol in PROTOCOLS {
            let names = called.iter().map(|name| underscored(name));
            names.for_each(|name| push(&[&name, protocol, service]));
        }
    }
    names
}

const PROTOCOLS: [&str; 2] = ["_tcp", "_udp"];

/// What the names of instances can have beside the service.
#[derive(Default)]
struct ServiceLabels {
    tags: BTreeSet<String>,
    port_labels: BTreeSet<String>,
}

/// The labels of names of all instances, and of those in each datacenter.
fn labels_by_datacenter(name: &str, service: &Service) -> BTreeMap<Option<String>, ServiceLabels> {
    let mut found: BTreeMap<Option<String>, ServiceLabels> = BTreeMap::new();
    for instance in service.instances() {
        let group = &instance.group;
        for datacenter in datacenters(instance) {
            let there = found.entry(datacenter).or_default();
            let tags = group.tags.iter().filter(|tag| is_label(tag));
            there.tags.extend(tags.map(|tag| tag.to_ascii_lowercase()));
            let label = group.port_label(name.as_bytes());
            there.port_labels.extend(label.map(str::to_ascii_lowercase));
        }
    }
    found
}

/// The datacenters by which names find an instance: any, and its own.
fn datacenters(instance: &Instance) -> impl Iterator<Item = Option<String>> {
    let own = Some(instance.group.datacenter.to_ascii_lowercase());
    std::iter::once(None).chain(own.filter(|name| is_label(name)).map(Some))
}

fn parent(zone: &Zone, namespace: &str, datacenter: Option<&str>) -> Option<Name> {
    match datacenter {
        None => below(&zone.apex, &[namespace]),
        Some(datacenter) => below(&zone.apex, &[namespace, datacenter, "dc"]),
    }
}

/// The name of these labels below another; none when it is too long, or one of them is.
fn below(parent: &Name, labels: &[&str]) -> Option<Name> {
    let labels = labels.iter().map(|label| label.as_bytes());
    let parents = parent.labels();
    Name::from_labels(labels.chain(parents.iter())).ok()
}
