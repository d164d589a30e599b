//! One instance of a service, in a compact form, since there may be a million.
//!
//! What the instances of a service have in common (job, datacenter, tags, the tail of their ids) is stored once, in a
//! `Group`. Which instances are returned is not decided here.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use uuid::Uuid;

use super::Health;

/// One registration of a service in Nomad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Where it listens.
    pub address: InstanceAddress,
    /// Its port; 0 when Nomad has none.
    pub port: u16,
    /// What Nomad says about it.
    pub health: Health,
    /// Which registration it is.
    pub identity: Identity,
    /// The node that it runs on.
    pub node: Id,
    /// What it shares with the other instances of its service.
    pub group: Arc<Group>,
}

/// The address of a registration, as far as it can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceAddress {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
    /// The name of a host, without its final dot.
    Host(Arc<str>),
    /// Neither an address nor a host name.
    Unusable,
}

impl InstanceAddress {
    /// The IP address, where it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::V4(address) => Some(IpAddr::V4(*address)),
            Self::V6(address) => Some(IpAddr::V6(*address)),
            Self::Host(_) | Self::Unusable => None,
        }
    }
}

/// What the instances of a service have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The job's id.
    pub job: Box<str>,
    /// The datacenter's name, any text.
    pub datacenter: Box<str>,
    /// The tags, any texts.
    pub tags: Box<[Box<str>]>,
    /// What follows the allocation in the ids of the registrations.
    pub id_tail: Box<str>,
}

/// The id of a registration and its allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// `_nomad-task-ALLOCATION-TAIL`, with the tail in the group.
    Task(Uuid),
    /// Any other form.
    Other {
        /// The id of the registration.
        id: Box<str>,
        /// The id of the allocation.
        allocation: Box<str>,
    },
}

/// An id of Nomad's, nearly always a UUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    /// In the usual form, lower case with hyphens.
    Uuid(Uuid),
    /// Any other text.
    Text(Box<str>),
}

const TASK_PREFIX: &str = "_nomad-task-";

impl Instance {
    /// Writes the id of the registration, as Nomad has it.
    pub fn id(&self) -> String {
        match &self.identity {
            Identity::Task(allocation) => {
                format!(
                    "{TASK_PREFIX}{}{}",
                    allocation.hyphenated(),
                    self.group.id_tail
                )
            }
            Identity::Other { id, .. } => id.to_string(),
        }
    }

    /// The id of the allocation, to be compared.
    pub fn allocation_id(&self) -> Id {
        match &self.identity {
            Identity::Task(allocation) => Id::Uuid(*allocation),
            Identity::Other { allocation, .. } => Id::from(&**allocation),
        }
    }

    /// Writes the id of the allocation, as Nomad has it.
    pub fn allocation(&self) -> String {
        match &self.identity {
            Identity::Task(allocation) => allocation.hyphenated().to_string(),
            Identity::Other { allocation, .. } => allocation.to_string(),
        }
    }
}

impl Group {
    /// The label of the port that the instances of `service` are registered for; none where the ids do not tell.
    ///
    /// Nomad ends an id with the service and the label, which has no hyphen.
    pub fn port_label(&self, service: &[u8]) -> Option<&str> {
        let (before, label) = self.id_tail.rsplit_once('-')?;
        let is_legal = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'_';
        if label.is_empty() || !label.bytes().all(is_legal) {
            return None;
        }
        let start = before.len().checked_sub(service.len())?;
        let (rest, name) = before.as_bytes().split_at(start);
        (rest.ends_with(b"-") && name.eq_ignore_ascii_case(service)).then_some(label)
    }
}

impl Identity {
    /// Splits a registration's id into allocation and tail, when it has Nomad's usual form.
    ///
    /// The tail begins with its hyphen.
    pub fn split<'id>(id: &'id str, allocation: &str) -> Option<(Self, &'id str)> {
        let rest = id.strip_prefix(TASK_PREFIX)?;
        let tail = rest.strip_prefix(allocation)?;
        match Id::from(allocation) {
            Id::Uuid(uuid) => Some((Self::Task(uuid), tail)),
            Id::Text(_) => None,
        }
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        // Only the form that is written back letter by letter may be kept as a number.
        match Uuid::try_parse(text) {
            Ok(uuid) if *uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == *text => {
                Self::Uuid(uuid)
            }
            _ => Self::Text(text.into()),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(uuid) => uuid.hyphenated().fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_as_nomad_has_them() {
        for text in [
            "24d37538-647a-b1b8-971f-0cfb93f2edce",
            "24D37538-647A-B1B8-971F-0CFB93F2EDCE",
            "24d37538647ab1b8971f0cfb93f2edce",
            "not a uuid",
            "",
        ] {
            assert_eq!(Id::from(text).to_string(), text);
        }
    }

    #[test]
    fn the_label_of_a_port_is_read_where_service_and_label_end_the_id() {
        let label = |tail: &str, service: &str| {
            let group = Group {
                id_tail: tail.into(),
                ..Group::default()
            };
            let label = group.port_label(service.as_bytes());
            label.map(str::to_owned)
        };
        for (tail, service, expected) in [
            ("-group-cache-redis-db", "redis", Some("db")),
            ("-group-cache-redis-db", "REDIS", Some("db")),
            ("-group-a-b-my-db-http_2", "my-db", Some("http_2")),
            // A task may be called as the service is.
            ("-redis-redis-9999", "redis", Some("9999")),
            // No port, another service, and what is not of Nomad's form.
            ("-group-cache-redis-", "redis", None),
            ("-group-cache-redis-db", "is", None),
            ("-group-cache-redis-db", "cache", None),
            ("-redis", "redis", None),
            ("redis-db", "redis", None),
            ("-group-cache-redis-a.b", "redis", None),
            ("", "redis", None),
            ("-db", "", None),
        ] {
            assert_eq!(
                label(tail, service).as_deref(),
                expected,
                "{tail} {service}"
            );
        }
    }

    #[test]
    fn a_task_id_is_split_at_its_allocation() {
        let allocation = "24d37538-647a-b1b8-971f-0cfb93f2edce";
        let id = format!("_nomad-task-{allocation}-group-cache-redis-db");
        let (identity, tail) = Identity::split(&id, allocation).unwrap();
        assert_eq!(tail, "-group-cache-redis-db");
        let group = Arc::new(Group {
            id_tail: tail.into(),
            ..Group::default()
        });
        let instance = Instance {
            address: InstanceAddress::Unusable,
            port: 0,
            health: Health::Unread,
            identity,
            node: Id::from("n"),
            group,
        };
        assert_eq!(instance.id(), id);
        assert_eq!(instance.allocation(), allocation);
        assert!(Identity::split("_nomad-client-x", allocation).is_none());
    }
}
