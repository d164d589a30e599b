//! Turns Nomad's registrations into catalogue instances, and reports odd ones.
//!
//! Floor 2. Nearly every field of a registration is free text; here each address is classified. The catalogue decides
//! whether a name can be queried.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::catalog::{Group, Health, Id, Identity, Instance, InstanceAddress, is_label};
use crate::nomad::{Read, Registration};
use crate::sync::key::ServiceKey;
use crate::sync::oddities::{Oddity, ServiceOddities};

/// RFC 1035 section 2.3.4: the octets of a name and of a label, as text without the final dot.
const HOST_BYTES: usize = 253;
const LABEL_BYTES: usize = 63;

/// What a read makes.
#[derive(Debug)]
pub(in crate::sync) struct Converted {
    pub(in crate::sync) instances: Vec<Instance>,
    pub(in crate::sync) found: ServiceOddities,
}

impl Converted {
    /// A service without instances.
    pub(in crate::sync) fn none() -> Self {
        Self {
            instances: Vec::new(),
            found: ServiceOddities::default(),
        }
    }
}

/// Converts what was read of one service.
///
/// What carries any of the tags `excluded` is as if it were not there.
pub(in crate::sync) fn convert(key: &ServiceKey, read: Read, excluded: &[String]) -> Converted {
    let mut found = ServiceOddities::default();
    for _ in 0..read.unreadable {
        found.add(Oddity::Unreadable, "");
    }
    let mut ids = HashSet::with_capacity(read.registrations.len());
    let mut groups: Vec<Arc<Group>> = Vec::new();
    let mut instances = Vec::with_capacity(read.registrations.len());
    for registration in read.registrations {
        if registration.tags.iter().any(|tag| excluded.contains(tag)) {
            continue;
        }
        if *registration.service_name != *key.name || *registration.namespace != *key.namespace {
            found.add(Oddity::Foreign, &registration.service_name);
        } else if ids.contains(&registration.id) {
            found.add(Oddity::Duplicate, &registration.id);
        } else {
            instances.push(instance(&registration, &mut groups, &mut found));
            ids.insert(registration.id);
        }
    }
    Converted { instances, found }
}

fn instance(
    registration: &Registration,
    groups: &mut Vec<Arc<Group>>,
    found: &mut ServiceOddities,
) -> Instance {
    let allocation = &registration.allocation_id;
    let (identity, tail) = Identity::split(&registration.id, allocation).unwrap_or_else(|| {
        let other = Identity::Other {
            id: registration.id.as_str().into(),
            allocation: allocation.as_str().into(),
        };
        (other, "")
    });
    // They stay, and stand in TXT; only no name has them.
    if let Some(tag) = registration.tags.iter().find(|tag| !is_label(tag)) {
        found.add(Oddity::Tag, tag);
    }
    if !is_label(&registration.datacenter) {
        found.add(Oddity::Datacenter, &registration.datacenter);
    }
    let address = address(&registration.address).unwrap_or_else(|oddity| {
        found.add(oddity, &registration.address);
        InstanceAddress::Unusable
    });
    Instance {
        address,
        port: registration.port,
        health: Health::Unread,
        identity,
        node: Id::from(registration.node_id.as_str()),
        group: group(registration, tail, groups),
    }
}

/// Finds the group of a registration among those of its service; the last one is nearly always it.
fn group(registration: &Registration, tail: &str, groups: &mut Vec<Arc<Group>>) -> Arc<Group> {
    let same = |group: &&Arc<Group>| {
        *group.job == *registration.job_id
            && *group.datacenter == *registration.datacenter
            && *group.id_tail == *tail
            && group
                .tags
                .iter()
                .map(|tag| &**tag)
                .eq(registration.tags.iter().map(String::as_str))
    };
    if let Some(group) = groups.iter().rev().take(GROUPS_COMPARED).find(same) {
        return Arc::clone(group);
    }
    let group = Arc::new(Group {
        job: registration.job_id.as_str().into(),
        datacenter: registration.datacenter.as_str().into(),
        tags: registration
            .tags
            .iter()
            .map(|tag| tag.as_str().into())
            .collect(),
        id_tail: tail.into(),
    });
    groups.push(Arc::clone(&group));
    group
}

/// Groups that are compared, so that a service of thousands of different ones stays cheap.
const GROUPS_COMPARED: usize = 16;

/// Says what the text of an address is.
fn address(text: &str) -> Result<InstanceAddress, Oddity> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Oddity::AddressEmpty);
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    let is_v4 = bare.parse::<Ipv4Addr>().is_ok();
    // What an IPv4-mapped address means is the IPv4 address (RFC 4291 section 2.5.5.2).
    match bare.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(_) if is_v4 && bare != text => Err(Oddity::AddressUnusable),
        Ok(address) if address.is_unspecified() => Err(Oddity::AddressUnspecified),
        Ok(IpAddr::V4(address)) => Ok(InstanceAddress::V4(address)),
        Ok(IpAddr::V6(address)) => Ok(InstanceAddress::V6(address)),
        Err(_) if has_zone(bare) => Err(Oddity::AddressZoned),
        Err(_) => host(text)
            .map(InstanceAddress::Host)
            .ok_or(Oddity::AddressUnusable),
    }
}

fn has_zone(text: &str) -> bool {
    text.split_once('%')
        .is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok())
}

/// Takes a host name: RFC 1123 section 2.1, with underscores, which are used in practice.
fn host(text: &str) -> Option<Arc<str>> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=LABEL_BYTES).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A last label of digits only is a broken IPv4 address and no name.
    let numeric = name
        .rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    (name.len() <= HOST_BYTES && !numeric && name.split('.').all(is_label)).then(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nomad::QueryMeta;

    #[test]
    fn addresses_are_parsed_as_ipv4_ipv6_or_a_host_name() {
        let host = |name: &str| Ok(InstanceAddress::Host(name.into()));
        let v6 = |text: &str| Ok(InstanceAddress::V6(text.parse().unwrap()));
        for (text, expected) in [
            ("10.1.2.3", Ok(InstanceAddress::V4([10, 1, 2, 3].into()))),
            ("fd00::1", v6("fd00::1")),
            ("[fd00::2]", v6("fd00::2")),
            (
                "::ffff:10.1.2.3",
                Ok(InstanceAddress::V4([10, 1, 2, 3].into())),
            ),
            (
                "[::FFFF:a01:203]",
                Ok(InstanceAddress::V4([10, 1, 2, 3].into())),
            ),
            // Compatible ones are deprecated, and no IPv4 addresses (RFC 4291 section 2.5.5.1).
            ("::10.1.2.3", v6("::10.1.2.3")),
            ("db.internal.example", host("db.internal.example")),
            ("db.internal.example.", host("db.internal.example")),
            ("vm", host("vm")),
            ("a_b.example", host("a_b.example")),
            ("fe80::1%eth0", Err(Oddity::AddressZoned)),
            ("[fe80::1%eth0]", Err(Oddity::AddressZoned)),
            ("", Err(Oddity::AddressEmpty)),
            (" ", Err(Oddity::AddressEmpty)),
            ("0.0.0.0", Err(Oddity::AddressUnspecified)),
            ("[::]", Err(Oddity::AddressUnspecified)),
            ("::ffff:0.0.0.0", Err(Oddity::AddressUnspecified)),
            ("10.1.2", Err(Oddity::AddressUnusable)),
            ("10.1.2.3:80", Err(Oddity::AddressUnusable)),
            ("[10.1.2.3]", Err(Oddity::AddressUnusable)),
            ("a b", Err(Oddity::AddressUnusable)),
            ("a..b", Err(Oddity::AddressUnusable)),
            ("-a.example", Err(Oddity::AddressUnusable)),
            ("${attr.unique}", Err(Oddity::AddressUnusable)),
        ] {
            assert_eq!(address(text), expected, "{text:?}");
        }
    }

    #[test]
    fn instances_of_one_allocation_group_share_what_they_have_in_common() {
        let registration = |id: &str| Registration {
            id: format!("_nomad-task-{id}-group-a-redis-db"),
            allocation_id: id.into(),
            service_name: "redis".into(),
            namespace: "default".into(),
            address: "10.0.0.1".into(),
            tags: vec!["a".into()],
            ..Registration::default()
        };
        let (one, two) = (
            "24d37538-647a-b1b8-971f-0cfb93f2edce",
            "b7457e15-6b42-13fc-b906-3d98bd73ff57",
        );
        let mut foreign = registration(one);
        foreign.service_name = "Redis".into();
        let registrations = vec![
            registration(one),
            registration(two),
            registration(one),
            foreign,
        ];
        let key = ServiceKey {
            namespace: "default".into(),
            name: "redis".into(),
        };
        let Converted { instances, found } = convert(
            &key,
            Read {
                meta: QueryMeta::of_leader(7),
                registrations,
                unreadable: 1,
            },
            &[],
        );
        assert_eq!(instances.len(), 2);
        assert!(Arc::ptr_eq(&instances[0].group, &instances[1].group));
        assert_eq!(instances[1].allocation(), two);
        let counted = |oddity: Oddity| found.counts[oddity as usize];
        let counts = [Oddity::Duplicate, Oddity::Foreign, Oddity::Unreadable].map(counted);
        assert_eq!(counts, [1, 1, 1]);
    }
}
