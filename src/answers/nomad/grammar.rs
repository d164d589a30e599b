//! Parses a name below the apex of a zone: what it refers to, and what of that exists.
//!
//! From right to left: the namespace, the service, tags; `_SERVICE._TAG` (RFC 2782), and `_NAME._tcp` before a
//! service; `DC.dc` after any of them; `HEX.addr` for one address, also below a namespace. If a namespace is named
//! `addr` or `dc`, or a service `addr`, what is registered under that name comes first.

use std::net::IpAddr;

use super::address_labels::{address_from_hex, is_addr};
use super::selection::{InstanceFilter, Selection, is_protocol, is_underscored};
use crate::answers::Effort;
use crate::catalog::{Lookup, PlaceSet, Service, UnknownReason, View};
use crate::dns::Labels;

/// The labels of `HEX.addr.NS`.
const ADDRESS_LABELS: usize = 3;

/// What a name means.
pub(super) struct Reading<'a> {
    pub(super) found: Target<'a>,
    /// Why something else may be at the name that comes first, though nothing tells of it.
    pub(super) unknown: Option<UnknownReason>,
    /// Why there may be names below.
    pub(super) unknown_below: Option<UnknownReason>,
}

/// What is at a name.
pub(super) enum Target<'a> {
    /// The apex of the zone.
    Apex,
    /// The name server's own name.
    NameServer,
    /// Instances of a service, at least one.
    Instances {
        service: &'a Service,
        selection: Selection<'a>,
        taken: PlaceSet,
    },
    /// One address.
    Address(IpAddr),
    /// Nothing, but there are names below (RFC 8020).
    Empty,
    /// Nothing, and nothing below.
    Nothing,
    /// It is not known what: the state of the service, or of its namespace, is unknown.
    Unknown(UnknownReason),
    /// To find that out costs more than may be done now.
    TooCostly,
}

impl<'a> Reading<'a> {
    fn nothing(unknown: Option<UnknownReason>, unknown_below: Option<UnknownReason>) -> Self {
        Self {
            found: Target::Nothing,
            unknown,
            unknown_below,
        }
    }

    /// Whether it has an answer of its own.
    pub(super) fn is_positive(&self) -> bool {
        !self.is_unknown() && !matches!(self.found, Target::Empty | Target::Nothing)
    }

    /// Whether nothing else is to be looked for, since it is not known what is here.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.found, Target::Unknown(_) | Target::TooCostly)
    }

    /// What comes after it: that, with what is unknown before.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            found: next.found,
            unknown: self.unknown.max(next.unknown),
            unknown_below: self.unknown_below.max(next.unknown_below),
        }
    }
}

impl<'a> From<Target<'a>> for Reading<'a> {
    fn from(found: Target<'a>) -> Self {
        Self {
            found,
            ..Self::nothing(None, None)
        }
    }
}

/// Reads the first `count` labels of a name: those below the apex.
pub(super) fn read<'a>(
    view: &'a View,
    labels: &'a Labels<'a>,
    count: usize,
    effort: Effort,
) -> Reading<'a> {
    let names = Names {
        view,
        effort,
        labels,
        datacenter: None,
    };
    let plain = names.read(count);
    if !matches!(plain.found, Target::Nothing) {
        return plain;
    }
    match labels.at(count - 1) {
        Some(last) if is_addr(last) => plain.then(names.read_address(count - 1)),
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
    effort: Effort,
}

impl<'a> Names<'a> {
    fn read(self, count: usize) -> Reading<'a> {
        let label = |place: usize| self.labels.at(place).unwrap_or_default();
        match count {
            0 => Target::Apex.into(),
            1 if label(0).eq_ignore_ascii_case(b"ns") && self.datacenter.is_none() => {
                Target::NameServer.into()
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
                let by = match label(1) {
                    protocol if is_protocol(protocol) => InstanceFilter::Protocol,
                    tag => InstanceFilter::ServiceTag(&tag[1..]),
                };
                self.read_service(label(2), &label(0)[1..], by)
            }
            // `_NAME._tcp.SERVICE.NS` is below it.
            3 if is_protocol(label(0)) => self.read_protocol(label(2), label(1)),
            4 if is_underscored(label(0)) && is_protocol(label(1)) => {
                let by = InstanceFilter::Name(&label(0)[1..]);
                let named = self.read_service(label(3), label(2), by);
                match named.found {
                    Target::Nothing => self.read_tags(count),
                    _ => named,
                }
            }
            2 if is_addr(label(0)) => self.read_addresses(count, label(1)),
            3 if is_addr(label(1)) => match address_from_hex(label(0)) {
                Some(address) => self.read_address_in(label(2), address),
                None => self.read_tags(count),
            },
            _ => self.read_tags(count),
        }
    }

    /// Reads `SERVICE.NS` with any number of tags before it.
    fn read_tags(self, count: usize) -> Reading<'a> {
        let label = |place: usize| self.labels.at(place).unwrap_or_default();
        self.read_service(
            label(count - 1),
            label(count - 2),
            InstanceFilter::Tags(count - 2),
        )
    }

    /// Reads a name that only has names below it, those of a namespace.
    fn read_namespace(self, label: &[u8]) -> Reading<'a> {
        empty_where(match self.datacenter {
            None => self.view.namespace(label),
            Some(datacenter) => self.view.namespace_in(label, datacenter),
        })
    }

    fn read_service(self, namespace: &[u8], name: &'a [u8], by: InstanceFilter<'a>) -> Reading<'a> {
        let selection = Selection {
            labels: self.labels,
            service: name,
            by,
            datacenter: self.datacenter,
        };
        if selection.has_tag_twice() {
            return Target::Nothing.into();
        }
        let service = match self.view.service(namespace, name) {
            Lookup::Found(service) => service,
            Lookup::Absent => return Target::Nothing.into(),
            Lookup::Unknown(reason) => return Target::Unknown(reason).into(),
            Lookup::Unlisted(reason) => return Reading::nothing(Some(reason), None),
        };
        let Ok(taken) = selection.taken(service, self.effort) else {
            return Target::TooCostly.into();
        };
        match service.unknown {
            _ if !taken.is_empty() => Target::Instances {
                service,
                selection,
                taken,
            }
            .into(),
            // There may be instances that nobody knows of, which are meant.
            Some(reason) => Target::Unknown(reason).into(),
            None => Target::Nothing.into(),
        }
    }

    /// Reads `_tcp.SERVICE.NS`, which is a tag, or has names below it where the service has instances.
    fn read_protocol(self, namespace: &[u8], name: &'a [u8]) -> Reading<'a> {
        let tagged = self.read_service(namespace, name, InstanceFilter::Tags(1));
        if tagged.is_positive() || matches!(tagged.found, Target::TooCostly) {
            return tagged;
        }
        let all = self.read_service(namespace, name, InstanceFilter::Tags(0));
        match all.found {
            Target::Instances { service, .. } => Reading {
                found: Target::Empty,
                unknown: service.unknown,
                ..all
            },
            _ => tagged,
        }
    }

    fn read_address(self, count: usize) -> Reading<'a> {
        let address = self.labels.at(0).and_then(address_from_hex);
        match (count, address) {
            (0, _) => Target::Empty.into(),
            (1, Some(address)) => self.read_known_address(address),
            _ => Target::Nothing.into(),
        }
    }

    fn read_known_address(self, address: IpAddr) -> Reading<'a> {
        match self.view.address(address) {
            Lookup::Found(()) => Target::Address(address).into(),
            Lookup::Absent => Target::Nothing.into(),
            Lookup::Unknown(reason) | Lookup::Unlisted(reason) => {
                Reading::nothing(Some(reason), None)
            }
        }
    }

    /// Reads `addr.NS`, below which are the addresses that SRV records of names below the namespace point at.
    fn read_addresses(self, count: usize, namespace: &[u8]) -> Reading<'a> {
        let service = self.read_tags(count);
        match service.found {
            Target::Nothing => service.then(self.read_namespace(namespace)),
            _ => service,
        }
    }

    /// Reads `HEX.addr.NS`: any known address, since no list is kept of those of each namespace.
    fn read_address_in(self, namespace: &[u8], address: IpAddr) -> Reading<'a> {
        let tagged = self.read_tags(ADDRESS_LABELS);
        let before = match tagged.found {
            Target::Nothing => tagged,
            // That a service `addr` may have such a tag hides no target; the answer is marked as stale.
            Target::Unknown(reason) => Reading::nothing(Some(reason), None),
            _ => return tagged,
        };
        let namespace = self.read_namespace(namespace);
        before.then(match namespace.found {
            Target::Empty => self.read_known_address(address),
            _ => Reading::nothing(namespace.unknown_below, None),
        })
    }

    fn read_datacenter(self, count: usize) -> Reading<'a> {
        let Some(place) = count.checked_sub(1) else {
            return Target::Empty.into();
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
        Lookup::Found(()) => Target::Empty.into(),
        Lookup::Absent => Target::Nothing.into(),
        Lookup::Unknown(reason) | Lookup::Unlisted(reason) => Reading::nothing(None, Some(reason)),
    }
}
