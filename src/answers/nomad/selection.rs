//! Which instances of a service match a name, once the service has been found.
//!
//! Floor 2. Labels are octets, and only ASCII letters are case-insensitive (RFC 2181 §11, RFC 4343), so a tag or a
//! datacenter may contain anything.

use super::TooCostly;
use crate::answers::Effort;
use crate::catalog::{Index, Instance, PlaceSet, Service};
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
    pub(super) by: InstanceFilter<'a>,
    pub(super) datacenter: Option<&'a [u8]>,
}

/// What of a name chooses among the instances.
#[derive(Clone, Copy)]
pub(super) enum InstanceFilter<'a> {
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
        !matches!(self.by, InstanceFilter::Tags(_))
    }

    /// What the targets of SRV records are below, where that is not `addr` of the zone.
    ///
    /// For `_NAME._tcp.SERVICE.NS` it is `addr.NS`: drivers of MongoDB take no target from outside of what the service
    /// that they were told is in.
    pub(super) fn addresses(&self) -> Option<Name> {
        let InstanceFilter::Name(_) = self.by else {
            return None;
        };
        let parent = self.labels.iter().skip(LABELS_TO_SERVICE);
        // Others are told it too, who asked in another letter case.
        let parent: Vec<_> = parent.map(<[u8]>::to_ascii_lowercase).collect();
        let parent = parent.iter().map(Vec::as_slice);
        Name::from_labels(std::iter::once(&b"addr"[..]).chain(parent)).ok()
    }

    /// Whether two labels that are tags are the same: no name says a tag twice, so that what is there has few names.
    pub(super) fn has_tag_twice(&self) -> bool {
        let InstanceFilter::Tags(count) = self.by else {
            return false;
        };
        let tag = |place| self.labels.at(place).unwrap_or_default();
        (1..count).any(|place| {
            let mut before = (0..place).map(tag);
            before.any(|other| other.eq_ignore_ascii_case(tag(place)))
        })
    }

    /// Which instances are meant.
    ///
    /// # Errors
    /// It costs more than may be done now.
    pub(super) fn taken(&self, service: &Service, effort: Effort) -> Result<PlaceSet, TooCostly> {
        if self.takes_all() {
            return Ok(PlaceSet::all());
        }
        if effort == Effort::Bounded && !service.is_indexed() {
            return Err(TooCostly);
        }
        Ok(match service.index() {
            Some(index) => index.settle(self.taken_of(index)),
            None => service.take_each(|instance| self.takes(instance)),
        })
    }

    /// Whether the name says nothing that could leave out an instance.
    fn takes_all(&self) -> bool {
        self.datacenter.is_none()
            && match self.by {
                InstanceFilter::Protocol | InstanceFilter::Tags(0) => true,
                InstanceFilter::Name(name) => name.eq_ignore_ascii_case(self.service),
                InstanceFilter::Tags(_) | InstanceFilter::ServiceTag(_) => false,
            }
    }

    fn taken_of(&self, index: &Index) -> PlaceSet {
        let mut taken = self.there(index);
        match self.by {
            InstanceFilter::Protocol => {}
            InstanceFilter::ServiceTag(tag) => index.keep_tagged(&mut taken, tag),
            InstanceFilter::Name(name) => self.keep_called(index, &mut taken, name),
            InstanceFilter::Tags(count) if count > index.most_tags() => return index.none(),
            InstanceFilter::Tags(count) => {
                for tag in (0..count).filter_map(|place| self.labels.at(place)) {
                    index.keep_tagged(&mut taken, tag);
                }
            }
        }
        taken
    }

    fn takes(&self, instance: &Instance) -> bool {
        self.is_there(instance)
            && match self.by {
                InstanceFilter::Protocol => true,
                InstanceFilter::ServiceTag(tag) => carries(instance, tag),
                InstanceFilter::Name(name) => self.is_called(instance, name),
                InstanceFilter::Tags(count) => {
                    let mut tags = (0..count).filter_map(|place| self.labels.at(place));
                    tags.all(|tag| carries(instance, tag))
                }
            }
    }

    /// Whether it is the name beside which drivers of MongoDB refuse any TXT record but one with options of theirs.
    pub(super) fn is_of_mongodb(&self, service: &Service) -> bool {
        if !matches!(self.by, InstanceFilter::Tags(0)) {
            return false;
        }
        let Some(index) = service.index() else {
            let is_asked =
                |instance: &Instance| self.is_there(instance) && self.is_called(instance, MONGODB);
            return service.instances().any(is_asked);
        };
        let mut asked = self.there(index);
        self.keep_called(index, &mut asked, MONGODB);
        !asked.is_empty()
    }

    /// The kinds of instances that are in the datacenter.
    fn there(&self, index: &Index) -> PlaceSet {
        let mut taken = index.all();
        if let Some(label) = self.datacenter {
            index.keep_in_datacenter(&mut taken, label);
        }
        taken
    }

    fn keep_called(&self, index: &Index, taken: &mut PlaceSet, name: &[u8]) {
        if !name.eq_ignore_ascii_case(self.service) {
            index.keep_called(taken, name);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_underscore_alone_is_a_label_like_any_other() {
        for (label, is_one) in [("_a", true), ("_", false), ("a_", false), ("", false)] {
            assert_eq!(is_underscored(label.as_bytes()), is_one, "{label:?}");
        }
    }
}
