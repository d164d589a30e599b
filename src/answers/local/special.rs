//! Special-use names that must not reach upstreams: `localhost`, `invalid`, `onion`, private reverse zones and others.
//!
//! Floor 2. RFC 6761, 6762 §22.1, 7686, 8375 and 9476; the reverse zones are those of RFC 6303 §4 and 7793. A zone that is
//! forwarded by its own name, or by a longer one, is meant to be: the longest match wins.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::super::nomad::push_address;
use super::super::reverse::{ReverseName, reverse_name};
use super::super::served_zone::ServedZone;
use super::{ApplicationDns, LocalSettings};
use crate::dns::{Answer, AnswerBuilder, Name, Owner, Query, Rcode, RecordType, Section};

const LOCALHOST: &[u8] = b"localhost";
/// The zones of one label.
const TOP_LEVEL: [&[u8]; 6] = [b"alt", b"invalid", b"local", LOCALHOST, b"onion", b"test"];
/// The name by which Firefox asks whether it may use a resolver of its own.
const APPLICATION_DNS: [&[u8]; 2] = [b"use-application-dns", b"net"];
/// RFC 8375.
const HOME: [&[u8]; 2] = [b"home", b"arpa"];

/// The networks whose reverse zones are nobody's on the Internet.
const LOCAL_NETWORKS: [IpNet; 16] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 2, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([255, 255, 255, 255], 32),
    v6([0; 8], 128),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    v6([0xfd00, 0, 0, 0, 0, 0, 0, 0], 8),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
];
const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

const fn v4(octets: [u8; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = octets;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix))
}

const fn v6(parts: [u16; 8], prefix: u8) -> IpNet {
    let [a, b, c, d, e, f, g, h] = parts;
    let address = Ipv6Addr::new(a, b, c, d, e, f, g, h);
    IpNet::V6(Ipv6Net::new_assert(address, prefix))
}

/// What is at a name of such a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Special {
    /// The addresses of loopback.
    Loopback,
    /// Their name.
    LoopbackPointer,
    /// The zone's own records, or names below and nothing else.
    Empty,
    /// Nothing.
    Nothing,
}

/// The special-use names that would be forwarded if they were not answered here.
impl LocalSettings {
    /// The zone that a query is answered from; none where it is not kept from upstreams.
    pub(super) fn special_zone_of(&self, query: &Query) -> Option<Name> {
        let name = &query.name;
        let around = self.forwarded.iter().filter(|zone| name.is_within(zone));
        let longest = around.max_by_key(|zone| zone.as_wire().len())?;
        let apex = special_zone(name).or_else(|| self.denied_application_dns(name))?;
        // What is said of a delegation the parent says, which is a zone like others (RFC 8375 §4, item 5).
        let is_parents = query.record_type == RecordType::DS && *name == apex;
        if is_parents && is_delegated(&apex) {
            return None;
        }
        (!longest.is_within(&apex)).then_some(apex)
    }

    /// The zone that tells Firefox not to use a resolver of its own, where that is wanted.
    fn denied_application_dns(&self, name: &Name) -> Option<Name> {
        if self.application_dns == ApplicationDns::Forwarded {
            return None;
        }
        let zone = Name::from_labels(APPLICATION_DNS).ok()?;
        name.is_within(&zone).then_some(zone)
    }

    /// Answers a query; none when it is for no such name. `is_denied` tells whether it may be said that nothing
    /// is at or below a name.
    pub(super) fn answer_special(
        &self,
        query: &Query,
        is_denied: impl Fn(&Name) -> bool,
    ) -> Option<Answer> {
        let zone = ServedZone {
            apex: self.special_zone_of(query)?,
            ttl_seconds: self.ttl_seconds,
            negative_ttl_seconds: self.negative_ttl_seconds,
        };
        let (name, asked) = (&query.name, query.record_type);
        let found = Special::at(name, &zone.apex);
        let mut builder = AnswerBuilder::local(name);
        match found {
            Special::Loopback => push_loopback(&mut builder, asked, zone.ttl_seconds),
            Special::LoopbackPointer if matches!(asked, RecordType::PTR | RecordType::ANY) => {
                let target = Name::from_labels([LOCALHOST]).unwrap_or(Name::ROOT);
                let (section, owner) = (Section::Answer, Owner::Question);
                builder.push(section, owner, RecordType::PTR, zone.ttl_seconds, |rdata| {
                    rdata.name(&target);
                });
            }
            // RFC 8020: nothing is below what is denied.
            Special::Nothing if is_denied(name) => builder.set_rcode(Rcode::NXDOMAIN),
            Special::Nothing | Special::LoopbackPointer | Special::Empty => {}
        }
        if *name == zone.apex && found != Special::Nothing && builder.answer_count() == 0 {
            zone.push_apex(&mut builder, asked);
        }
        if builder.answer_count() == 0 {
            zone.push_denial(&mut builder);
        }
        Some(builder.finish())
    }
}

impl Special {
    fn at(name: &Name, apex: &Name) -> Self {
        if apex.labels().at(0).is_some_and(is_localhost) {
            return Self::Loopback;
        }
        let address = ReverseName::read(name).and_then(|it| it.address());
        if address.is_some_and(|address| LOOPBACK.contains(&address)) {
            return Self::LoopbackPointer;
        }
        if !is_delegated(apex) && apex.labels().len() > 1 {
            return Self::Nothing;
        }
        let mut pointers = LOOPBACK.into_iter().map(reverse_name);
        match name == apex || pointers.any(|pointer| pointer.is_within(name)) {
            true => Self::Empty,
            false => Self::Nothing,
        }
    }
}

fn push_loopback(builder: &mut AnswerBuilder, asked: RecordType, ttl: u32) {
    let address = match asked {
        // RFC 8482 §4.1: one small set is enough.
        RecordType::A | RecordType::ANY => LOOPBACK[0],
        RecordType::AAAA => LOOPBACK[1],
        _ => return,
    };
    push_address(builder, Section::Answer, Owner::Question, address, ttl);
}

/// The special-use zone that a name is in, whatever is forwarded.
fn special_zone(name: &Name) -> Option<Name> {
    let labels = name.labels();
    let last = labels.at(labels.len().checked_sub(1)?)?;
    if TOP_LEVEL.iter().any(|it| it.eq_ignore_ascii_case(last)) {
        return Name::from_labels([last]).ok();
    }
    if !last.eq_ignore_ascii_case(b"arpa") {
        return None;
    }
    let home = Name::from_labels(HOME).ok()?;
    if name.is_within(&home) {
        return Some(home);
    }
    let read = ReverseName::read(name)?;
    let mut networks = LOCAL_NETWORKS.iter();
    networks.find_map(|network| read.zone_within(name, network))
}

/// Whether a zone is delegated on the Internet, so that its parent has something to say of it.
fn is_delegated(apex: &Name) -> bool {
    let labels = apex.labels();
    let last = labels.len().checked_sub(1).and_then(|last| labels.at(last));
    last.is_some_and(|last| last.eq_ignore_ascii_case(b"arpa"))
}

fn is_localhost(label: &[u8]) -> bool {
    label.eq_ignore_ascii_case(LOCALHOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_zones_that_rfcs_keep_from_upstreams_and_others_in_none() {
        for (name, zone) in [
            ("localhost", Some("localhost")),
            ("a.b.LocalHost", Some("localhost")),
            ("printer.local", Some("local")),
            ("x.home.arpa", Some("home.arpa")),
            ("1.0.16.172.in-addr.arpa", Some("16.172.in-addr.arpa")),
            ("1.0.15.172.in-addr.arpa", None),
            ("1.64.100.in-addr.arpa", Some("64.100.in-addr.arpa")),
            ("1.128.100.in-addr.arpa", None),
            ("8.b.d.0.1.0.0.2.ip6.arpa", Some("8.b.d.0.1.0.0.2.ip6.arpa")),
            ("d.f.ip6.arpa", Some("d.f.ip6.arpa")),
            ("c.f.ip6.arpa", None),
            ("8.8.8.8.in-addr.arpa", None),
            ("localhost.example", None),
            ("xlocalhost", None),
            ("arpa", None),
            (".", None),
        ] {
            let expected = zone.map(|it| it.parse().unwrap());
            assert_eq!(special_zone(&name.parse().unwrap()), expected, "{name}");
        }
    }
}
