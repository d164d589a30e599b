//! Which instances of a service a name means, once the service is found.
//!
//! Floor 2. Labels are octets, of which the letters of ASCII have no case (RFC 2181 §11, RFC 4343): a tag or a
//! datacenter is what a label says however odd its text is.

use crate::catalog::{Instance, Service};
use crate::dns::{Labels, Name};

/// What drivers of MongoDB ask for: `_mongodb._tcp.SERVICE.NS`.
const MONGODB: &[u8] = b"mongodb";

/// The labels of `_NAME._tcp.SERVICE`.
const LABELS_TO_SERVICE: usize = 3;

/// Which instances of a service are meant.
#[derive(Clone, Copy)]
pub(super) struct Selection<'a> {
    pub(super) labels: &'a Labels<'a>,
    /// The service's name as it is asked for.
    pub(super) service: &'a [u8],
    pub(super) by: By<'a>,
    pub(super) datacenter: Option<&'a [u8]>,
}

/// What of a name chooses among the instances.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    /// So many labels before the service are tags that an instance must carry, all of them.
    Tags(usize),
    /// Nothing: `_SERVICE._tcp` takes all.
    Protocol,
    /// The tag of `_SERVICE._TAG`.
    ServiceTag(&'a [u8]),
    /// The name of `_NAME._tcp.SERVICE`: the service's own, a tag or the label of the port.
    Name(&'a [u8]),
}

impl Selection<'_> {
    /// Whether the name has the form of RFC 2782, which is asked for SRV.
    pub(super) fn is_service_name(&self) -> bool {
        !matches!(self.by, By::Tags(_))
    }

    /// What the targets of SRV records are below, where that is not `addr` of the zone.
    ///
    /// For `_NAME._tcp.SERVICE.NS` it is `addr.NS`: drivers of MongoDB take no target from outside of what the service
    /// that they were told is in.
    pub(super) fn addresses(&self) -> Option<Name> {
        let By::Name(_) = self.by else { return None };
        let parent = self.labels.iter().skip(LABELS_TO_SERVICE);
        // Others are told it too, who asked in another letter case.
        let parent: Vec<_> = parent.map(<[u8]>::to_ascii_lowercase).collect();
        let parent = parent.iter().map(Vec::as_slice);
        Name::from_labels(std::iter::once(&b"addr"[..]).chain(parent)).ok()
    }

    /// Whether an instance is one of those that are meant.
    pub(super) fn takes(&self, instance: &Instance) -> bool {
        self.is_there(instance)
            && match self.by {
                By::Protocol => true,
                By::ServiceTag(tag) => carries(instance, tag),
                By::Name(name) => self.is_called(instance, name),
                By::Tags(count) => {
                    let mut tags = (0..count).filter_map(|place| self.labels.at(place));
                    tags.all(|tag| carries(instance, tag))
                }
            }
    }

    /// Whether it is the name beside which drivers of MongoDB refuse any TXT record but one with options of theirs.
    pub(super) fn is_of_mongodb(&self, service: &Service) -> bool {
        let is_asked =
            |instance: &Instance| self.is_there(instance) && self.is_called(instance, MONGODB);
        matches!(self.by, By::Tags(0)) && service.instances().any(is_asked)
    }

    fn is_there(&self, instance: &Instance) -> bool {
        let is_called = |label| is_same_label(&instance.group.datacenter, label);
        self.datacenter.is_none_or(is_called)
    }

    fn is_called(&self, instance: &Instance, name: &[u8]) -> bool {
        let port_label = || instance.group.port_label(self.service);
        name.eq_ignore_ascii_case(self.service)
            || carries(instance, name)
            || port_label().is_some_and(|label| is_same_label(label, name))
    }
}

fn carries(instance: &Instance, tag: &[u8]) -> bool {
    let mut tags = instance.group.tags.iter();
    tags.any(|carried| is_same_label(carried, tag))
}

fn is_same_label(text: &str, label: &[u8]) -> bool {
    text.as_bytes().eq_ignore_ascii_case(label)
}

pub(super) fn is_underscored(label: &[u8]) -> bool {
    label.len() > 1 && label[0] == b'_'
}

/// Whether a label of RFC 2782 names a protocol, which takes all instances.
pub(super) fn is_protocol(label: &[u8]) -> bool {
    label.eq_ignore_ascii_case(b"_tcp") || label.eq_ignore_ascii_case(b"_udp")
}
