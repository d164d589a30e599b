//! Addresses that lead into the network of whoever asks: no name of the Internet has a use for them.
//!
//! Floor 1. A web page whose name suddenly has such an address reaches what only its visitor can reach (DNS rebinding). What
//! is made of it, `forward` decides.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::dns::RecordType;

/// Unspecified, private, shared, loopback and link-local addresses (RFC 6890).
const V4: [Ipv4Net; 7] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
];
/// Unspecified and loopback, unique local, link-local and site-local addresses.
const V6: [Ipv6Net; 4] = [v6(0, 127), v6(0xfc00, 7), v6(0xfe80, 10), v6(0xfec0, 10)];
/// NAT64 (RFC 6052 §2.1), which has an IPv4 address at its end.
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

// RFC 9460 §14.3.2: the parameters that have addresses.
const IPV4_HINT: u16 = 4;
const IPV6_HINT: u16 = 6;
/// What stands before the target of an SVCB record.
const PRIORITY_OCTETS: usize = 2;

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(first: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0), prefix)
}

/// Whether the data of a record has such an address: A and AAAA, and the hints of SVCB and HTTPS, which browsers use alike.
pub(super) fn has_private_address(record_type: RecordType, rdata: &[u8]) -> bool {
    match record_type {
        RecordType::A => has_v4(rdata),
        RecordType::AAAA => has_v6(rdata),
        // Of what cannot be read nobody knows what clients read.
        RecordType::SVCB | RecordType::HTTPS => has_private_hint(rdata).unwrap_or(true),
        _ => false,
    }
}

fn has_v4(octets: &[u8]) -> bool {
    let (addresses, _) = octets.as_chunks::<4>();
    addresses.iter().any(|it| is_private_v4((*it).into()))
}

fn has_v6(octets: &[u8]) -> bool {
    let (addresses, _) = octets.as_chunks::<16>();
    addresses.iter().any(|it| is_private_v6((*it).into()))
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    V4.iter().any(|network| network.contains(&address))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let embedded = match address.segments() {
        // Mapped, and NAT64.
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some([high, low]),
        [start @ .., high, low] if start == NAT64 => Some([high, low]),
        _ => None,
    };
    let embedded = embedded.map(|[high, low]| u32::from(high) << 16 | u32::from(low));
    embedded.is_some_and(|bits| is_private_v4(Ipv4Addr::from_bits(bits)))
        || V6.iter().any(|network| network.contains(&address))
}

/// Whether a hint of an SVCB record has one; none where its data cannot be read.
fn has_private_hint(rdata: &[u8]) -> Option<bool> {
    let mut at = PRIORITY_OCTETS;
    // RFC 9460 §2.2: the target is not compressed.
    loop {
        match usize::from(*rdata.get(at)?) {
            0 => break,
            length if length < 64 => at += 1 + length,
            _ => return None,
        }
    }
    let mut parameters = rdata.get(at + 1..)?;
    let mut found = false;
    while !parameters.is_empty() {
        let (key, rest) = parameters.split_first_chunk::<2>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (value, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        found |= match u16::from_be_bytes(*key) {
            IPV4_HINT => has_v4(value),
            IPV6_HINT => has_v6(value),
            _ => false,
        };
        parameters = rest;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn is_private(text: &str) -> bool {
        match text.parse().unwrap() {
            IpAddr::V4(address) => has_private_address(RecordType::A, &address.octets()),
            IpAddr::V6(address) => has_private_address(RecordType::AAAA, &address.octets()),
        }
    }

    #[test]
    fn addresses_of_the_own_network_are_private_however_they_are_written() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.1.1",
            "::",
            "::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
        ] {
            assert!(is_private(text), "{text}");
        }
        for text in [
            "9.9.9.9",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.2.1",
            "255.255.255.255",
            "2001:db8::1",
            "::2",
            "::ffff:9.9.9.9",
            "64:ff9b::909:909",
            "fb00::1",
            "ff02::1",
        ] {
            assert!(!is_private(text), "{text}");
        }
    }

    #[test]
    fn hints_of_services_are_addresses_too() {
        let hint = |key: u8, value: &[u8]| {
            let length = u8::try_from(value.len()).unwrap();
            let alpn = b"\0\x01\x01a\0\0\x01\0\x03\x02h2";
            [alpn, &[0, key, 0, length][..], value].concat()
        };
        let check = |rdata: &[u8]| has_private_address(RecordType::HTTPS, rdata);
        assert!(check(&hint(4, &[9, 9, 9, 9, 10, 0, 0, 1])));
        assert!(check(&hint(6, &Ipv6Addr::LOCALHOST.octets())));
        assert!(!check(&hint(4, &[9, 9, 9, 9])));
        assert!(!check(&hint(7, &[10, 0, 0, 1])));
        assert!(!check(b"\0\0\x01a\0"), "an alias has no hints");
        for broken in [
            &b""[..],
            b"\0\x01",
            b"\0\x01\xc0\x0c",
            b"\0\x01\0\0\x04\0\x04\x09",
        ] {
            assert!(check(broken), "{broken:?}");
        }
        assert!(!has_private_address(RecordType::TXT, &[10, 0, 0, 1]));
    }
}
