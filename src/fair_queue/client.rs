//! Which addresses count as one client and as one network, and whether a client's address is proven.
//!
//! Floor 0, no I/O. Everything that clients share is divided by these units.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What of an IPv6 address is one client, in bits: one host can have a /64 whole.
const IPV6_CLIENT_BITS: u32 = 64;
/// What of an address is one network, in bits, as response rate limiting has it: a site rarely has less.
const IPV4_NETWORK_BITS: u32 = 24;
const IPV6_NETWORK_BITS: u32 = 56;

/// Where a query came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress {
    /// The address; none where the listener knows none.
    pub ip: Option<IpAddr>,
    /// Whether what was sent there came back: a connection, or a good cookie (RFC 7873). Anybody can write another.
    pub is_proven: bool,
}

impl ClientAddress {
    /// The address of a client that is connected.
    pub fn proven(ip: Option<IpAddr>) -> Self {
        Self {
            ip,
            is_proven: true,
        }
    }

    /// The same for all addresses of one client; who has none is one client.
    pub fn client(self) -> IpAddr {
        self.ip
            .map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), client_network)
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64.
pub fn client_network(client: IpAddr) -> IpAddr {
    cut(client, u32::BITS, IPV6_CLIENT_BITS)
}

/// What counts as one network of many clients: an IPv4 /24, or an IPv6 /56.
pub fn site_network(client: IpAddr) -> IpAddr {
    cut(client, IPV4_NETWORK_BITS, IPV6_NETWORK_BITS)
}

fn cut(address: IpAddr, ipv4_bits: u32, ipv6_bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let host_bits = u32::BITS - ipv4_bits;
            Ipv4Addr::from_bits(address.to_bits() >> host_bits << host_bits).into()
        }
        IpAddr::V6(address) => {
            let host_bits = u128::BITS - ipv6_bits;
            Ipv6Addr::from_bits(address.to_bits() >> host_bits << host_bits).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_or_a_64_and_a_network_a_24_or_a_56() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for (of, client, network) in [
            ("192.0.2.9", "192.0.2.9", "192.0.2.0"),
            ("::ffff:192.0.2.9", "192.0.2.9", "192.0.2.0"),
            (
                "2001:db8:1:2fe:3::4",
                "2001:db8:1:2fe::",
                "2001:db8:1:200::",
            ),
        ] {
            assert_eq!(client_network(address(of)), address(client));
            assert_eq!(site_network(address(of)), address(network));
        }
    }
}
