//! One registration in a small form, since there may be a million.
//!
//! What the instances of a service have in common is stored once. The ID is composed of its parts if it has Nomad's
//! form, and an address is stored as bytes if its text contains nothing more.

use std::cmp::Ordering;
use std::fmt::{self, Display};
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::demo::model::Registration;

const ID_START: &str = "_nomad-task-";

/// A registration in small form.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    common: Arc<Common>,
    node: Arc<str>,
    alloc: Arc<str>,
    address: Address,
    port: i64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// What instances of one service have in common.
#[derive(Debug, PartialEq, Eq)]
struct Common {
    namespace: Arc<str>,
    service: Arc<str>,
    job: Box<str>,
    datacenter: Box<str>,
    tags: Option<Box<[Box<str>]>>,
    id: IdRule,
}

/// How an instance's ID is known.
#[derive(Debug, PartialEq, Eq)]
enum IdRule {
    /// `_nomad-task-ALLOC-` and this.
    Ending(Box<str>),
    Verbatim(Box<str>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Address {
    Ip(IpAddr),
    Text(Arc<str>),
}

impl Instance {
    /// Makes the small form, sharing what it can with an instance of the same service.
    pub(crate) fn new(
        registration: &Registration,
        namespace: &Arc<str>,
        service: &Arc<str>,
        neighbour: Option<&Self>,
    ) -> Self {
        let common = Common {
            namespace: Arc::clone(namespace),
            service: Arc::clone(service),
            job: registration.job_id.as_str().into(),
            datacenter: registration.datacenter.as_str().into(),
            tags: registration
                .tags
                .as_ref()
                .map(|tags| tags.iter().map(|tag| tag.as_str().into()).collect()),
            id: IdRule::of(registration),
        };
        let common = match neighbour {
            Some(other) if *other.common == common => Arc::clone(&other.common),
            _ => Arc::new(common),
        };
        let node = match neighbour {
            Some(other) if *other.node == *registration.node_id => Arc::clone(&other.node),
            _ => registration.node_id.as_str().into(),
        };
        Self {
            common,
            node,
            alloc: registration.alloc_id.as_str().into(),
            address: Address::of(&registration.address),
            port: registration.port,
            create_index: registration.create_index,
            modify_index: registration.modify_index,
        }
    }

    /// Makes another instance that differs only in allocation, address, port and node.
    pub(crate) fn sibling(&self, alloc: Arc<str>, ip: IpAddr, port: i64, node: Arc<str>) -> Self {
        Self {
            alloc,
            address: Address::Ip(ip),
            port,
            node,
            ..self.clone()
        }
    }

    /// Tells whether two say the same, whatever their indexes are.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.common == other.common
            && self.node == other.node
            && self.alloc == other.alloc
            && self.address == other.address
            && self.port == other.port
    }

    pub(crate) fn job(&self) -> &str {
        &self.common.job
    }

    pub(crate) fn alloc(&self) -> &str {
        &self.alloc
    }

    pub(crate) fn namespace(&self) -> &Arc<str> {
        &self.common.namespace
    }

    pub(crate) fn service(&self) -> &Arc<str> {
        &self.common.service
    }

    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        self.common.tags.iter().flatten().map(|tag| &**tag)
    }

    pub(crate) fn id(&self) -> String {
        self.view().id.to_string()
    }

    /// Compares by ID, the order of Nomad's answers, without making the text.
    pub(crate) fn compare_id(&self, id: &str) -> Ordering {
        let parts = self.view().id.parts();
        parts.iter().flat_map(|part| part.bytes()).cmp(id.bytes())
    }

    /// Shows it as JSON of Nomad's form, and field by field.
    pub(crate) fn view(&self) -> View<'_> {
        let Common {
            namespace,
            service,
            job,
            datacenter,
            tags,
            id,
        } = &*self.common;
        View {
            address: &self.address,
            alloc_id: &self.alloc,
            create_index: self.create_index,
            datacenter,
            id: Id {
                rule: id,
                alloc: &self.alloc,
            },
            job_id: job,
            modify_index: self.modify_index,
            namespace,
            node_id: &self.node,
            port: self.port,
            service_name: service,
            tags: tags.as_deref(),
        }
    }

    /// Gives the roomy form back.
    pub(crate) fn registration(&self) -> Registration {
        let view = self.view();
        Registration {
            address: view.address.to_string(),
            alloc_id: view.alloc_id.to_owned(),
            create_index: view.create_index,
            datacenter: view.datacenter.to_owned(),
            id: view.id.to_string(),
            job_id: view.job_id.to_owned(),
            modify_index: view.modify_index,
            namespace: view.namespace.to_owned(),
            node_id: view.node_id.to_owned(),
            port: view.port,
            service_name: view.service_name.to_owned(),
            tags: view
                .tags
                .map(|tags| tags.iter().map(|tag| tag.to_string()).collect()),
        }
    }
}

/// A borrowed look at an instance, which serialises as Nomad does.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct View<'a> {
    #[serde(serialize_with = "as_text")]
    address: &'a Address,
    #[serde(rename = "AllocID")]
    pub(crate) alloc_id: &'a str,
    create_index: u64,
    pub(crate) datacenter: &'a str,
    #[serde(rename = "ID", serialize_with = "as_text")]
    id: Id<'a>,
    #[serde(rename = "JobID")]
    pub(crate) job_id: &'a str,
    modify_index: u64,
    pub(crate) namespace: &'a str,
    #[serde(rename = "NodeID")]
    pub(crate) node_id: &'a str,
    pub(crate) port: i64,
    pub(crate) service_name: &'a str,
    pub(crate) tags: Option<&'a [Box<str>]>,
}

impl View<'_> {
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn id(&self) -> String {
        self.id.to_string()
    }

    pub(crate) fn indexes(&self) -> (u64, u64) {
        (self.create_index, self.modify_index)
    }
}

/// An ID in its parts.
#[derive(Debug)]
struct Id<'a> {
    rule: &'a IdRule,
    alloc: &'a str,
}

impl<'a> Id<'a> {
    fn parts(&self) -> [&'a str; 4] {
        match self.rule {
            IdRule::Ending(ending) => [ID_START, self.alloc, "-", ending],
            IdRule::Verbatim(id) => [id, "", "", ""],
        }
    }
}

impl Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().iter().try_for_each(|part| f.write_str(part))
    }
}

impl IdRule {
    fn of(registration: &Registration) -> Self {
        let ending = registration
            .id
            .strip_prefix(ID_START)
            .and_then(|rest| rest.strip_prefix(registration.alloc_id.as_str()))
            .and_then(|rest| rest.strip_prefix('-'));
        match ending {
            Some(ending) => Self::Ending(ending.into()),
            None => Self::Verbatim(registration.id.as_str().into()),
        }
    }
}

impl Address {
    fn of(text: &str) -> Self {
        match text.parse::<IpAddr>() {
            Ok(ip) if ip.to_string() == text => Self::Ip(ip),
            _ => Self::Text(text.into()),
        }
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

fn as_text<S: Serializer>(value: impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&value)
}
