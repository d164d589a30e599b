//! Sets of networks, and what of an address counts as one client.

use std::net::IpAddr;

use ipnet::IpNet;

pub(in crate::listeners) use crate::fair_queue::client_network;

/// Networks without overlap, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether an address is in one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let behind = self.0.partition_point(|network| network.addr() <= address);
        let last = behind.checked_sub(1).map(|place| &self.0[place]);
        last.is_some_and(|network| network.contains(&address))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let networks: Vec<IpNet> = networks.into_iter().map(|it| it.trunc()).collect();
        let mut apart = IpNet::aggregate(&networks);
        apart.sort_by_key(IpNet::addr);
        Self(apart)
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
