//! Names that stand for addresses, below `in-addr.arpa` (RFC 1035 §3.5) and `ip6.arpa` (RFC 3596 §2.5).
//!
//! Floor 2. It only converts; nothing is looked up here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::dns::{Labels, Name};

/// The labels of the zones themselves, `in-addr.arpa` and `ip6.arpa`.
const ZONE_LABELS: usize = 2;
/// The labels of a whole address, and how many bits each of them has.
const V4: (usize, usize) = (4, 8);
const V6: (usize, usize) = (32, 4);

/// What a name says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReverseName {
    /// What is known of it, all else 0.
    start: IpAddr,
    /// How many labels say something of it, from the right.
    known: usize,
    /// How many labels are to the left of these.
    others: usize,
}

impl ReverseName {
    /// Reads a name; none when it is in neither zone.
    pub(super) fn read(name: &Name) -> Option<Self> {
        let labels = name.labels();
        let count = labels.len().checked_sub(ZONE_LABELS)?;
        let is = |place: usize, text: &[u8]| {
            let label = labels.at(place);
            label.is_some_and(|label| label.eq_ignore_ascii_case(text))
        };
        if !is(count + 1, b"arpa") {
            return None;
        }
        let (start, known) = if is(count, b"in-addr") {
            let (bits, known) = read_labels(&labels, count, V4, octet);
            // Four labels of eight bits.
            let bits = u32::try_from(bits).unwrap_or_default();
            (Ipv4Addr::from_bits(bits).into(), known)
        } else if is(count, b"ip6") {
            let (bits, known) = read_labels(&labels, count, V6, nibble);
            (Ipv6Addr::from_bits(bits).into(), known)
        } else {
            return None;
        };
        Some(Self {
            start,
            known,
            others: count - known,
        })
    }

    /// The address, if the name has all of it and nothing else.
    pub(super) fn address(&self) -> Option<IpAddr> {
        let (labels, _) = sizes(self.start);
        (self.known == labels && self.others == 0).then_some(self.start)
    }

    /// Whether it is above names of addresses: those that begin as it says.
    pub(super) fn is_above_addresses(&self) -> bool {
        let (labels, _) = sizes(self.start);
        self.known < labels && self.others == 0
    }

    /// Whether it is within the zone of a network, or above names of its addresses.
    pub(super) fn meets(&self, network: &IpNet) -> bool {
        let (_, bits) = sizes(self.start);
        // At most 128.
        let prefix = u8::try_from(self.known * bits).unwrap_or(u8::MAX);
        let own = IpNet::new(self.start, prefix);
        let is_around = own.is_ok_and(|own| own.contains(&network.addr()));
        let is_inside = prefix >= network.prefix_len() && network.contains(&self.start);
        is_inside || is_around && self.others == 0
    }

    /// The zone of a network that a name, which reads as this, is in; of those that the network is cut into (RFC 1035
    /// §3.5 has zones at whole labels only).
    pub(super) fn zone_within(&self, name: &Name, network: &IpNet) -> Option<Name> {
        let (_, bits) = sizes(network.addr());
        let needed = usize::from(network.prefix_len()).div_ceil(bits);
        if self.known < needed || !network.contains(&self.start) {
            return None;
        }
        let labels = name.labels();
        let above = labels.len().checked_sub(ZONE_LABELS + needed)?;
        Name::from_labels(labels.iter().skip(above)).ok()
    }
}

/// Whether a name is in one of the zones.
pub(super) fn is_reverse(name: &Name) -> bool {
    ReverseName::read(name).is_some()
}

/// The name that stands for an address.
pub(super) fn reverse_name(address: IpAddr) -> Name {
    let mut name = Name::ROOT;
    let mut push = |label: &str| {
        // At most 32 labels of one letter: they fit.
        let _ = name.push(label.as_bytes());
    };
    match address {
        IpAddr::V4(address) => {
            let octets = address.octets().into_iter().rev();
            octets.for_each(|octet| push(&octet.to_string()));
            push("in-addr");
        }
        IpAddr::V6(address) => {
            for octet in address.octets().into_iter().rev() {
                push(&format!("{:x}", octet & 0xf));
                push(&format!("{:x}", octet >> 4));
            }
            push("ip6");
        }
    }
    push("arpa");
    name
}

/// How many labels an address of this family has, and how many bits each of them.
fn sizes(address: IpAddr) -> (usize, usize) {
    match address {
        IpAddr::V4(_) => V4,
        IpAddr::V6(_) => V6,
    }
}

/// Reads labels from the right, the first of them the highest bits; tells how many could be read.
fn read_labels(
    labels: &Labels<'_>,
    count: usize,
    (most, bits): (usize, usize),
    read: impl Fn(&[u8]) -> Option<u8>,
) -> (u128, usize) {
    let (mut address, mut known) = (0, 0);
    let own = (0..count).rev().take(most);
    for value in own.map_while(|place| labels.at(place).and_then(&read)) {
        known += 1;
        address |= u128::from(value) << ((most - known) * bits);
    }
    (address, known)
}

/// A number from 0 to 255, as it is written: without zeros before it.
fn octet(label: &[u8]) -> Option<u8> {
    let is_plain = label.iter().all(u8::is_ascii_digit) && (label.len() == 1 || label[0] != b'0');
    is_plain
        .then(|| str::from_utf8(label).ok()?.parse().ok())
        .flatten()
}

/// A hexadecimal digit.
fn nibble(label: &[u8]) -> Option<u8> {
    let [digit] = label else { return None };
    let value = char::from(*digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Option<ReverseName> {
        ReverseName::read(&name.parse().unwrap())
    }

    #[test]
    fn an_address_and_its_name_are_each_others() {
        for text in [
            "10.0.200.1",
            "0.0.0.0",
            "255.255.255.255",
            "::1",
            "fd00:1:2:abcd::f",
        ] {
            let address: IpAddr = text.parse().unwrap();
            let name = reverse_name(address);
            assert_eq!(ReverseName::read(&name).unwrap().address(), Some(address));
        }
        assert_eq!(
            reverse_name("10.0.200.1".parse().unwrap()),
            "1.200.0.10.in-addr.arpa".parse().unwrap()
        );
    }

    #[test]
    fn what_is_no_address_has_none() {
        for name in [
            "0.0.10.in-addr.arpa",
            "1.0.0.0.10.in-addr.arpa",
            "01.0.0.10.in-addr.arpa",
            "256.0.0.10.in-addr.arpa",
            "x.0.0.10.IN-ADDR.arpa",
            "in-addr.arpa",
        ] {
            assert_eq!(read(name).unwrap().address(), None, "{name}");
        }
        for name in [".", "arpa", "1.0.0.10.in-addr.example", "home.arpa"] {
            assert_eq!(read(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_meets_the_networks_that_it_is_in_or_that_are_below_it() {
        let meets =
            |name: &str, network: &str| read(name).unwrap().meets(&network.parse().unwrap());
        for name in [
            "in-addr.arpa",
            "10.in-addr.arpa",
            "20.10.in-addr.arpa",
            "1.20.10.in-addr.arpa",
        ] {
            assert!(meets(name, "10.20.0.0/16"), "{name}");
        }
        assert!(!meets("x.10.in-addr.arpa", "10.0.0.0/16"));
        for name in [
            "11.in-addr.arpa",
            "21.10.in-addr.arpa",
            "x.10.in-addr.arpa",
            "ip6.arpa",
        ] {
            assert!(!meets(name, "10.20.0.0/16"), "{name}");
        }
        assert!(read("10.in-addr.arpa").unwrap().is_above_addresses());
        assert!(!read("x.10.in-addr.arpa").unwrap().is_above_addresses());
    }

    #[test]
    fn a_network_is_cut_into_zones_at_whole_labels() {
        for (name, network, zone) in [
            (
                "1.0.0.10.in-addr.arpa",
                "10.0.0.0/8",
                Some("10.in-addr.arpa"),
            ),
            ("10.in-addr.arpa", "10.0.0.0/8", Some("10.in-addr.arpa")),
            ("in-addr.arpa", "10.0.0.0/8", None),
            (
                "x.31.172.in-addr.arpa",
                "172.16.0.0/12",
                Some("31.172.in-addr.arpa"),
            ),
            ("32.172.in-addr.arpa", "172.16.0.0/12", None),
            ("172.in-addr.arpa", "172.16.0.0/12", None),
            ("1.b.e.f.ip6.arpa", "fe80::/10", Some("b.e.f.ip6.arpa")),
            ("1.c.e.f.ip6.arpa", "fe80::/10", None),
            ("10.in-addr.arpa", "fe80::/10", None),
        ] {
            let (found, expected) = (read(name).unwrap(), zone.map(|it| it.parse().unwrap()));
            let name = name.parse().unwrap();
            let network = network.parse().unwrap();
            assert_eq!(found.zone_within(&name, &network), expected, "{name}");
        }
    }
}
