//! Reads a name below a zone's apex: what it means, and what of that exists.
//!
//! From right to left: the namespace, the service, tags; `_SERVICE._TAG` as RFC 2782 writes it; `DC.dc`
//! around any of them; `HEX.addr` for one address. Where a namespace is called `addr` or `dc`, what is
//! registered there comes first.

use std::net::IpAddr;

use super::address_labels::address_from_hex;
use crate::catalog::{Doubt, Instance, Lookup, Service, View};
use crate::dns::Labels;

/// What a name means.
pub(super) struct Reading<'a> {
    pub(super) found: Found<'a>,
    /// Why something else may be at the name that comes first, though nothing tells of it.
    pub(super) doubt: Option<Doubt>,
    /// Why there may be names below.
    pub(super) doubt_below: Option<Doubt>,
}

/// What is at a name.
pub(super) enum Found<'a> {
    /// The apex of the zone.
    Apex,
    /// The name server's own name.
    NameServer,
    /// Instances of a service, at least one.
    Instances {
        service: &'a Service,
        selection: Selection<'a>,
    },
    /// One address.
    Address(IpAddr),
    /// Nothing, but there are names below (RFC 8020).
    Empty,
    /// Nothing, and nothing below.
    Nothing,
    /// It is not known what: the service, or its namespace, is in doubt.
    InDoubt(Doubt),
}

/// Which instances of a service are meant.
#[derive(Clone, Copy)]
pub(super) struct Selection<'a> {
    labels: &'a Labels<'a>,
    /// The labels before this place are tags that an instance must carry, all of them.
    tags: usize,
    /// The tag of an RFC 2782 name.
    service_tag: Option<&'a [u8]>,
    datacenter: Option<&'a [u8]>,
}

impl<'a> Reading<'a> {
    fn nothing(doubt: Option<Doubt>, doubt_below: Option<Doubt>) -> Self {
        Self {
            found: Found::Nothing,
            doubt,
            doubt_below,
        }
    }

    /// Whether it has an answer of its own.
    pub(super) fn is_positive(&self) -> bool {
        !matches!(
            self.found,
            Found::Empty | Found::Nothing | Found::InDoubt(_)
        )
    }

    /// What comes after it: that, with what is in doubt before.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            found: next.found,
            doubt: self.doubt.max(next.doubt),
            doubt_below: self.doubt_below.max(next.doubt_below),
        }
    }
}

impl<'a> From<Found<'a>> for Reading<'a> {
    fn from(found: Found<'a>) -> Self {
        Self {
            found,
            ..Self::nothing(None, None)
        }
    }
}

/// Reads the first `count` labels of a name: those below the apex.
pub(super) fn read<'a>(view: &'a View, labels: &'a Labels<'a>, count: usize) -> Reading<'a> {
    let names = Names {
        view,
        labels,
        datacenter: None,
    };
    let plain = names.read(count);
    if !matches!(plain.found, Found::Nothing) {
        return plain;
    }
    match labels.at(count - 1) {
        Some(last) if last.eq_ignore_ascii_case(b"addr") => {
            plain.then(names.read_address(count - 1))
        }
        Some(last) if last.eq_ignore_ascii_case(b"dc") => {
            plain.then(names.read_datacenter(count - 1))
        }
        _ => plain,
    }
}

#[derive(Clone, Copy)]
struct Names<'a> {
    view: &'a View,
    labels: &'a Labels<'a>,
    datacenter: Option<&'a [u8]>,
}

impl<'a> Names<'a> {
    fn read(self, count: usize) -> Reading<'a> {
        let label = |place: usize| self.labels.at(place).unwrap_or_default();
        match count {
            0 => Found::Apex.into(),
            1 if label(0).eq_ignore_ascii_case(b"ns") && self.datacenter.is_none() => {
                Found::NameServer.into()
            }
            1 => self.read_namespace(label(0)),
            // `_SERVICE._tcp.NS` is below it.
            2 if is_protocol(label(0)) => self.read_namespace(label(1)),
            // `_SERVICE._TAG.NS` is.
            2 if is_underscored(label(0)) => {
                let tag = &label(0)[1..];
                empty_where(self.view.tag_in(label(1), self.datacenter, tag))
            }
            3 if is_underscored(label(0)) && is_underscored(label(1)) => {
                let tag = Some(label(1))
                    .filter(|tag| !is_protocol(tag))
                    .map(|tag| &tag[1..]);
                self.read_service(label(2), &label(0)[1..], 0, tag)
            }
            _ => self.read_service(label(count - 1), label(count - 2), count - 2, None),
        }
    }

    /// Reads a name that only has names below it, those of a namespace.
    fn read_namespace(self, label: &[u8]) -> Reading<'a> {
        empty_where(match self.datacenter {
            None => self.view.namespace(label),
            Some(datacenter) => self.view.namespace_in(label, datacenter),
        })
    }

    fn read_service(
        self,
        namespace: &[u8],
        name: &[u8],
        tags: usize,
        service_tag: Option<&'a [u8]>,
    ) -> Reading<'a> {
        let service = match self.view.service(namespace, name) {
            Lookup::Found(service) => service,
            Lookup::Absent => return Found::Nothing.into(),
            Lookup::InDoubt(doubt) => return Found::InDoubt(doubt).into(),
            Lookup::Unlisted(doubt) => return Reading::nothing(Some(doubt), None),
        };
        let (labels, datacenter) = (self.labels, self.datacenter);
        let selection = Selection {
            labels,
            tags,
            service_tag,
            datacenter,
        };
        let is_any_taken = service
            .instances()
            .any(|instance| selection.takes(instance));
        match service.doubt {
            _ if is_any_taken => Found::Instances { service, selection }.into(),
            // There may be instances that nobody knows of, which are meant.
            Some(doubt) => Found::InDoubt(doubt).into(),
            None => Found::Nothing.into(),
        }
    }

    fn read_address(self, count: usize) -> Reading<'a> {
        let address = self.labels.at(0).and_then(address_from_hex);
        match (count, address) {
            (0, _) => Found::Empty.into(),
            (1, Some(address)) => match self.view.address(address) {
                Lookup::Found(()) => Found::Address(address).into(),
                Lookup::Absent => Found::Nothing.into(),
                Lookup::InDoubt(doubt) | Lookup::Unlisted(doubt) => {
                    Reading::nothing(Some(doubt), None)
                }
            },
            _ => Found::Nothing.into(),
        }
    }

    fn read_datacenter(self, count: usize) -> Reading<'a> {
        let Some(place) = count.checked_sub(1) else {
            return Found::Empty.into();
        };
        let datacenter = self.labels.at(place).unwrap_or_default();
        if place == 0 {
            return empty_where(self.view.datacenter(datacenter));
        }
        let inside = Self {
            datacenter: Some(datacenter),
            ..self
        };
        inside.read(place)
    }
}

/// What is at a name that has nothing but names below it.
fn empty_where<'a>(found: Lookup<()>) -> Reading<'a> {
    match found {
        Lookup::Found(()) => Found::Empty.into(),
        Lookup::Absent => Found::Nothing.into(),
        Lookup::InDoubt(doubt) | Lookup::Unlisted(doubt) => Reading::nothing(None, Some(doubt)),
    }
}

impl Selection<'_> {
    /// Whether the name has the form of RFC 2782, which is asked for SRV.
    pub(super) fn is_service_name(&self) -> bool {
        let is_underscored_at = |place: usize| self.labels.at(place).is_some_and(is_underscored);
        // No service's name begins so: in any other form the second label would have to be a tag too.
        self.tags == 0 && is_underscored_at(0) && is_underscored_at(1)
    }

    /// Whether an instance is one of those that are meant.
    pub(super) fn takes(&self, instance: &Instance) -> bool {
        let group = &instance.group;
        let carries = |label: &[u8]| group.tags.iter().any(|tag| is_same_label(tag, label));
        let mut tags = (0..self.tags).filter_map(|place| self.labels.at(place));
        let is_there = |label: &[u8]| is_same_label(&group.datacenter, label);
        self.datacenter.is_none_or(is_there)
            && self.service_tag.is_none_or(carries)
            && tags.all(carries)
    }
}

/// Whether a tag or a datacenter is what a label says: labels are octets, of which letters of ASCII have no case
/// (RFC 2181 §11, RFC 4343).
fn is_same_label(text: &str, label: &[u8]) -> bool {
    text.as_bytes().eq_ignore_ascii_case(label)
}

pub(super) fn is_underscored(label: &[u8]) -> bool {
    label.len() > 1 && label[0] == b'_'
}

/// Whether a second label of RFC 2782 names a protocol, which takes all instances.
pub(super) fn is_protocol(label: &[u8]) -> bool {
    label.eq_ignore_ascii_case(b"_tcp") || label.eq_ignore_ascii_case(b"_udp")
}
