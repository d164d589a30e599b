//! Sets of networks, and which part of an address identifies a client.

use std::net::IpAddr;

use ipnet::IpNet;

pub(in crate::listeners) use crate::fair_queue::client_network;

/// Networks without overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// In their order.
    all: Vec<IpNet>,
    v4: FirstOctets,
    v6: FirstOctets,
}

/// What is known of an address by its first octet: mostly all.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FirstOctets(Box<[Covered; 256]>);

/// How many of the addresses with one first octet are in the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Covered {
    Not,
    Partly,
    Whole,
}

impl Default for FirstOctets {
    fn default() -> Self {
        Self(Box::new([Covered::Not; 256]))
    }
}

impl Networks {
    /// Whether an address is in one of them.
    #[inline]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let covered = match address {
            IpAddr::V4(address) => self.v4.of(address.octets()[0]),
            IpAddr::V6(address) => self.v6.of(address.octets()[0]),
        };
        match covered {
            Covered::Not => false,
            Covered::Whole => true,
            Covered::Partly => self.find(address),
        }
    }

    fn find(&self, address: IpAddr) -> bool {
        let behind = self
            .all
            .partition_point(|network| network.addr() <= address);
        let last = behind.checked_sub(1).map(|place| &self.all[place]);
        last.is_some_and(|network| network.contains(&address))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let networks: Vec<IpNet> = networks.into_iter().map(|it| it.trunc()).collect();
        let mut apart = IpNet::aggregate(&networks);
        apart.sort_by_key(IpNet::addr);
        let (mut v4, mut v6) = (FirstOctets::default(), FirstOctets::default());
        for network in &apart {
            match network {
                IpNet::V4(it) => v4.cover(it.network().octets()[0], it.prefix_len()),
                IpNet::V6(it) => v6.cover(it.network().octets()[0], it.prefix_len()),
            }
        }
        Self { all: apart, v4, v6 }
    }
}

impl FirstOctets {
    fn of(&self, first: u8) -> Covered {
        self.0[usize::from(first)]
    }

    /// Notes a network by the first octet of its address and the length of its prefix in bits.
    fn cover(&mut self, first: u8, bits: u8) {
        let more = 8_u32.saturating_sub(bits.into());
        let (first, count) = (usize::from(first), 1 << more);
        let covered = if bits <= 8 {
            Covered::Whole
        } else {
            Covered::Partly
        };
        self.0[first..first + count].fill(covered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_found_among_many_networks() {
        let texts = [
            "192.0.2.0/24",
            "10.0.0.0/8",
            "10.1.0.0/16",
            "198.51.100.7/32",
            "2001:db8::/32",
            "::1/128",
            "224.0.0.0/3",
            "fc00::/7",
        ];
        let networks: Networks = texts
            .map(|text| text.parse().unwrap())
            .into_iter()
            .collect();
        for inside in [
            "192.0.2.255",
            "10.255.0.1",
            "10.1.2.3",
            "198.51.100.7",
            "::ffff:10.0.0.1",
            "2001:db8:ffff::1",
            "::1",
            "224.0.0.0",
            "255.255.255.255",
            "fc00::1",
            "fdff::1",
        ] {
            assert!(networks.contain(address(inside)), "{inside}");
        }
        for outside in [
            "9.255.255.255",
            "11.0.0.0",
            "198.51.100.8",
            "::",
            "2001:db9::",
            "fe80::1",
            "223.255.255.255",
            "fbff::",
            "0.0.0.0",
        ] {
            assert!(!networks.contain(address(outside)), "{outside}");
        }
        assert!(!Networks::default().contain(address("::1")));
    }

    #[test]
    fn an_ipv6_client_is_its_64() {
        let same = |one, other| client_network(address(one)) == client_network(address(other));
        assert!(same("2001:db8::1", "2001:db8::2:3"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
    }
}
