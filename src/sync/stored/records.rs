//! The records of a snapshot file: how a service and its instances are written and read.
//!
//! Floor 2, no I/O. What instances have in common is stored once, as in the catalogue.

use std::net::Ipv6Addr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::catalog::{Group, Health, Id, Identity, Instance, InstanceAddress, ServicePart};

/// One service of a snapshot, as Nomad spells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) instances: Vec<Instance>,
}

/// A record names a group that it does not have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a group of instances is missing")]
pub(super) struct MissingGroup;

/// A service, as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct PartForm<'a> {
    namespace: &'a str,
    name: &'a str,
    #[serde(borrow)]
    groups: Vec<GroupForm<'a>>,
    #[serde(borrow)]
    instances: Vec<InstanceForm<'a>>,
}

#[derive(Serialize, Deserialize)]
struct GroupForm<'a> {
    job: &'a str,
    datacenter: &'a str,
    #[serde(borrow)]
    tags: Vec<&'a str>,
    id_tail: &'a str,
}

#[derive(Serialize, Deserialize)]
struct InstanceForm<'a> {
    #[serde(borrow)]
    address: AddressForm<'a>,
    port: u16,
    #[serde(borrow)]
    identity: IdentityForm<'a>,
    #[serde(borrow)]
    node: IdForm<'a>,
    group: u32,
    /// Its place in `Health::ALL`.
    health: u8,
}

#[derive(Serialize, Deserialize)]
enum AddressForm<'a> {
    V4([u8; 4]),
    V6([u8; 16]),
    Host(&'a str),
    Unusable,
}

#[derive(Serialize, Deserialize)]
enum IdentityForm<'a> {
    Task([u8; 16]),
    Other { id: &'a str, allocation: &'a str },
}

#[derive(Serialize, Deserialize)]
enum IdForm<'a> {
    Uuid([u8; 16]),
    Text(&'a str),
}

impl<'a> From<&'a ServicePart> for PartForm<'a> {
    fn from(part: &'a ServicePart) -> Self {
        let (mut groups, mut last) = (Vec::new(), None::<&Arc<Group>>);
        let mut instances = Vec::with_capacity(part.instances.len());
        for instance in &*part.instances {
            // Those that share a group stand together; another order only costs room.
            if last.is_none_or(|last| !Arc::ptr_eq(last, &instance.group)) {
                last = Some(&instance.group);
                groups.push(GroupForm::from(&*instance.group));
            }
            let group = u32::try_from(groups.len() - 1).unwrap_or(u32::MAX);
            instances.push(InstanceForm::new(instance, group));
        }
        Self {
            namespace: &part.namespace,
            name: &part.name,
            groups,
            instances,
        }
    }
}

impl PartForm<'_> {
    /// Makes a service of the record.
    ///
    /// # Errors
    /// A record that makes no sense.
    pub(super) fn stored(self) -> Result<Stored, MissingGroup> {
        let groups: Vec<Arc<Group>> = self
            .groups
            .iter()
            .map(|group| Arc::new(group.group()))
            .collect();
        let instances = self.instances.iter().map(|instance| {
            let group = usize::try_from(instance.group).ok();
            let group = group.and_then(|group| groups.get(group));
            let group = group.ok_or(MissingGroup)?;
            Ok(instance.instance(Arc::clone(group)))
        });
        Ok(Stored {
            instances: instances.collect::<Result<_, _>>()?,
            namespace: self.namespace.into(),
            name: self.name.into(),
        })
    }
}

impl<'a> From<&'a Group> for GroupForm<'a> {
    fn from(group: &'a Group) -> Self {
        Self {
            job: &group.job,
            datacenter: &group.datacenter,
            tags: group.tags.iter().map(|tag| &**tag).collect(),
            id_tail: &group.id_tail,
        }
    }
}

impl GroupForm<'_> {
    fn group(&self) -> Group {
        Group {
            job: self.job.into(),
            datacenter: self.datacenter.into(),
            tags: self.tags.iter().map(|tag| (*tag).into()).collect(),
            id_tail: self.id_tail.into(),
        }
    }
}

impl<'a> InstanceForm<'a> {
    fn new(instance: &'a Instance, group: u32) -> Self {
        Self {
            address: match &instance.address {
                InstanceAddress::V4(address) => AddressForm::V4(address.octets()),
                InstanceAddress::V6(address) => AddressForm::V6(address.octets()),
                InstanceAddress::Host(name) => AddressForm::Host(name),
                InstanceAddress::Unusable => AddressForm::Unusable,
            },
            port: instance.port,
            identity: match &instance.identity {
                Identity::Task(uuid) => IdentityForm::Task(uuid.into_bytes()),
                Identity::Other { id, allocation } => IdentityForm::Other { id, allocation },
            },
            node: match &instance.node {
                Id::Uuid(uuid) => IdForm::Uuid(uuid.into_bytes()),
                Id::Text(text) => IdForm::Text(text),
            },
            group,
            health: instance.health as u8,
        }
    }

    fn instance(&self, group: Arc<Group>) -> Instance {
        Instance {
            address: match self.address {
                AddressForm::V4(octets) => InstanceAddress::V4(octets.into()),
                AddressForm::V6(octets) => v6_or_mapped(octets.into()),
                AddressForm::Host(name) => InstanceAddress::Host(name.into()),
                AddressForm::Unusable => InstanceAddress::Unusable,
            },
            port: self.port,
            identity: match self.identity {
                IdentityForm::Task(octets) => Identity::Task(Uuid::from_bytes(octets)),
                IdentityForm::Other { id, allocation } => Identity::Other {
                    id: id.into(),
                    allocation: allocation.into(),
                },
            },
            node: match self.node {
                IdForm::Uuid(octets) => Id::Uuid(Uuid::from_bytes(octets)),
                IdForm::Text(text) => Id::Text(text.into()),
            },
            group,
            health: Health::ALL
                .get(usize::from(self.health))
                .copied()
                .unwrap_or_default(),
        }
    }
}

/// Gives the IPv4 address that an IPv4-mapped one means: earlier versions wrote those as they were.
fn v6_or_mapped(address: Ipv6Addr) -> InstanceAddress {
    address
        .to_ipv4_mapped()
        .map_or(InstanceAddress::V6(address), InstanceAddress::V4)
}
