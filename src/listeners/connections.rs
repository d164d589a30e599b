//! How many connections are open, in all and by client, over all listeners together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the connections that are open; a clone counts the same.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    total: usize,
    /// Has an entry for as long as a client has a connection, so it is as bounded as they are.
    by_client: HashMap<IpAddr, usize>,
}

/// The place of one open connection, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Connections,
    client: IpAddr,
}

impl Connections {
    /// How many are open.
    pub fn open(&self) -> usize {
        self.with(|open| open.total)
    }

    /// Takes a place, unless `most` are open already, or `most_per_client` of the client's.
    pub(super) fn enter(
        &self,
        client: IpAddr,
        most: usize,
        most_per_client: usize,
    ) -> Option<Place> {
        let client = network(client);
        self.with(|open| {
            let of_client = open.by_client.get(&client).copied().unwrap_or_default();
            if open.total >= most || of_client >= most_per_client {
                return None;
            }
            open.total += 1;
            open.by_client.insert(client, of_client + 1);
            Some(Place {
                connections: self.clone(),
                client,
            })
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Open) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.with(|open| {
            open.total -= 1;
            if let Entry::Occupied(mut of_client) = open.by_client.entry(self.client) {
                *of_client.get_mut() -= 1;
                if *of_client.get() == 0 {
                    of_client.remove();
                }
            }
        });
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64, which one host can have whole.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            IpAddr::from(octets)
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_has_its_own_limit_within_that_of_all() {
        let connections = Connections::default();
        let mut places = Vec::new();
        for _ in 0..2 {
            places.push(connections.enter(address("192.0.2.1"), 3, 2).unwrap());
        }
        assert!(connections.enter(address("192.0.2.1"), 3, 2).is_none());
        places.push(connections.enter(address("192.0.2.2"), 3, 2).unwrap());
        assert!(connections.enter(address("192.0.2.3"), 3, 2).is_none());
        places.clear();
        assert_eq!(connections.open(), 0);
        assert!(connections.0.lock().unwrap().by_client.is_empty());
    }

    #[test]
    fn an_ipv6_client_is_its_64() {
        assert_eq!(
            network(address("2001:db8::1")),
            network(address("2001:db8::2:3"))
        );
        assert_ne!(
            network(address("2001:db8::1")),
            network(address("2001:db8:0:1::1"))
        );
        assert_eq!(network(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
