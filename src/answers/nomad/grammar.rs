//! Reads a name below a zone's apex: what it means, and what of that exists.
//!
//! From right to left: the namespace, the service, tags; `_SERVICE._TAG` as RFC 2782 writes it; `DC.dc`
//! around any of them; `HEX.addr` for one address. Where a namespace is called `addr` or `dc`, what is
//! registered there comes first.

use std::net::IpAddr;

use super::Context;
use super::address_labels::address_from_hex;
use crate::catalog::{Cell, Coverage, Instance, Service, Snapshot};
use crate::dns::Labels;

/// What a name means.
pub(super) struct Reading<'a> {
    pub(super) found: Found<'a>,
    precedence: Precedence,
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
    Address { address: IpAddr, cell: &'a Cell },
    /// Nothing, but there are names below (RFC 8020).
    Empty,
    /// Nothing, and nothing below; the cell is that of what it was looked for in.
    Nothing { cell: Option<&'a Cell> },
}

/// Whether another reading of the name would have come first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Precedence {
    First,
    AfterAnother,
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
    fn first(found: Found<'a>) -> Self {
        Self {
            found,
            precedence: Precedence::First,
        }
    }

    /// Marks it as one that holds only while another does not.
    pub(super) fn after_another(self) -> Self {
        Self {
            precedence: Precedence::AfterAnother,
            ..self
        }
    }

    /// Whether it has an answer of its own.
    pub(super) fn is_positive(&self) -> bool {
        !matches!(self.found, Found::Empty | Found::Nothing { .. })
    }

    /// The cell that tells when a reading that comes first may have become possible.
    pub(super) fn precedence_cell(&self, context: &Context<'a>) -> Option<&'a Cell> {
        (self.precedence == Precedence::AfterAnother).then(|| context.snapshot.names())
    }
}

/// Reads the first `count` labels of a name: those below the apex.
pub(super) fn read<'a>(
    snapshot: &'a Snapshot,
    labels: &'a Labels<'a>,
    count: usize,
) -> Reading<'a> {
    let names = Names {
        snapshot,
        labels,
        datacenter: None,
    };
    let plain = names.read(count);
    if !matches!(plain, Found::Nothing { .. }) {
        return Reading::first(plain);
    }
    let last = labels.at(count - 1);
    let special = match last {
        Some(last) if last.eq_ignore_ascii_case(b"addr") => names.read_address(count - 1),
        Some(last) if last.eq_ignore_ascii_case(b"dc") => names.read_datacenter(count - 1),
        _ => return Reading::first(plain),
    };
    Reading::first(special).after_another()
}

#[derive(Clone, Copy)]
struct Names<'a> {
    snapshot: &'a Snapshot,
    labels: &'a Labels<'a>,
    datacenter: Option<&'a [u8]>,
}

impl<'a> Names<'a> {
    fn read(self, count: usize) -> Found<'a> {
        let label = |place: usize| self.labels.at(place).unwrap_or_default();
        match count {
            0 => Found::Apex,
            1 if label(0).eq_ignore_ascii_case(b"ns") && self.datacenter.is_none() => {
                Found::NameServer
            }
            1 if self.has_namespace(label(0)) => Found::Empty,
            1 => Found::Nothing { cell: None },
            _ if !self.has_namespace(label(count - 1)) => Found::Nothing { cell: None },
            // `_SERVICE._tcp.NS` and `_SERVICE._TAG.NS` are below it.
            2 if is_underscored(label(0)) => Found::Empty,
            3 if is_underscored(label(0)) && is_underscored(label(1)) => {
                let tag = Some(label(1))
                    .filter(|tag| !is_protocol(tag))
                    .map(|tag| &tag[1..]);
                self.read_service(label(2), &label(0)[1..], 0, tag)
            }
            _ => self.read_service(label(count - 1), label(count - 2), count - 2, None),
        }
    }

    fn has_namespace(self, label: &[u8]) -> bool {
        // Of a namespace that is read on demand nobody knows what is in it, so it is not to be denied (RFC 8020).
        if self.snapshot.coverage() == Coverage::OnDemand {
            return could_be_named(label);
        }
        match self.datacenter {
            None => self.snapshot.namespace(label).is_some(),
            Some(datacenter) => self.snapshot.is_in_datacenter(label, datacenter),
        }
    }

    fn read_service(
        self,
        namespace: &[u8],
        name: &[u8],
        tags: usize,
        service_tag: Option<&'a [u8]>,
    ) -> Found<'a> {
        let Some(service) = self.snapshot.service(namespace, name) else {
            return Found::Nothing { cell: None };
        };
        let (labels, datacenter) = (self.labels, self.datacenter);
        let selection = Selection {
            labels,
            tags,
            service_tag,
            datacenter,
        };
        if service
            .instances()
            .any(|instance| selection.takes(instance))
        {
            Found::Instances { service, selection }
        } else {
            Found::Nothing {
                cell: Some(&service.cell),
            }
        }
    }

    fn read_address(self, count: usize) -> Found<'a> {
        match (count, self.labels.at(0)) {
            (0, _) => Found::Empty,
            (1, Some(label)) => {
                let address = address_from_hex(label);
                let cell = address.and_then(|address| self.snapshot.address(address));
                match (address, cell) {
                    (Some(address), Some(cell)) => Found::Address { address, cell },
                    _ => Found::Nothing {
                        cell: Some(self.snapshot.address_set()),
                    },
                }
            }
            _ => Found::Nothing { cell: None },
        }
    }

    fn has_datacenter(self, label: &[u8]) -> bool {
        match self.snapshot.coverage() {
            Coverage::Complete => self.snapshot.has_datacenter(label),
            Coverage::OnDemand => could_be_named(label),
        }
    }

    fn read_datacenter(self, count: usize) -> Found<'a> {
        let Some(place) = count.checked_sub(1) else {
            return Found::Empty;
        };
        let datacenter = self.labels.at(place).unwrap_or_default();
        match place {
            0 if self.has_datacenter(datacenter) => Found::Empty,
            0 => Found::Nothing { cell: None },
            _ => Self {
                datacenter: Some(datacenter),
                ..self
            }
            .read(place),
        }
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
        self.datacenter
            .is_none_or(|label| is_same_label(&group.datacenter, label))
            && self.service_tag.is_none_or(carries)
            && tags.all(carries)
    }
}

/// Whether a tag or a datacenter is what a label says, by the rules of DNS; only a legal label can be.
pub(super) fn is_same_label(text: &str, label: &[u8]) -> bool {
    let legal = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    let is_legal = !text.is_empty() && text.bytes().all(legal);
    is_legal && text.as_bytes().eq_ignore_ascii_case(label)
}

/// Whether a namespace or a datacenter could be called so.
fn could_be_named(label: &[u8]) -> bool {
    let legal = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'-';
    !label.is_empty() && label.iter().all(legal)
}

pub(super) fn is_underscored(label: &[u8]) -> bool {
    label.len() > 1 && label[0] == b'_'
}

/// Whether a second label of RFC 2782 names a protocol, which takes all instances.
pub(super) fn is_protocol(label: &[u8]) -> bool {
    label.eq_ignore_ascii_case(b"_tcp") || label.eq_ignore_ascii_case(b"_udp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_legal_label_is_a_tag_in_a_name() {
        assert!(is_same_label("Primary", b"pRIMARY"));
        for tag in ["a.b", "with space", "", "x=1", "new\nline"] {
            assert!(!is_same_label(tag, tag.as_bytes()), "{tag}");
        }
    }
}
