//! How many connections are open, in all and by client, over all listeners together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::clients::client_network;

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
    /// None for a proxy, which has those of many clients.
    client: Option<IpAddr>,
}

impl Connections {
    /// How many are open.
    pub fn open(&self) -> usize {
        self.with(|open| open.total)
    }

    /// Takes a place that belongs to no client yet, unless `most` are taken already.
    pub(super) fn enter(&self, most: usize) -> Option<Place> {
        self.with(|open| {
            if open.total >= most {
                return None;
            }
            open.total += 1;
            Some(Place {
                connections: self.clone(),
                client: None,
            })
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Open) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Place {
    /// Says whose it is; false when the client has `most` already, or it is another's.
    pub(super) fn belongs_to(&mut self, client: IpAddr, most: usize) -> bool {
        let client = client_network(client);
        let entered = self.connections.with(|open| {
            let of_client = open.by_client.get(&client).copied().unwrap_or_default();
            let enters = of_client < most && self.client.is_none();
            if enters {
                open.by_client.insert(client, of_client + 1);
            }
            enters
        });
        if entered {
            self.client = Some(client);
        }
        entered
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.with(|open| {
            open.total -= 1;
            let Some(client) = self.client else { return };
            if let Entry::Occupied(mut of_client) = open.by_client.entry(client) {
                *of_client.get_mut() -= 1;
                if *of_client.get() == 0 {
                    of_client.remove();
                }
            }
        });
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
        let enter = |client: &str| {
            let mut place = connections.enter(3)?;
            place.belongs_to(address(client), 2).then_some(place)
        };
        let mut places = Vec::new();
        for _ in 0..2 {
            places.push(enter("192.0.2.1").unwrap());
        }
        assert!(enter("192.0.2.1").is_none());
        places.push(enter("192.0.2.2").unwrap());
        assert!(enter("192.0.2.3").is_none());
        places.clear();
        assert_eq!(connections.open(), 0);
        assert!(connections.0.lock().unwrap().by_client.is_empty());
    }

    #[test]
    fn a_place_of_nobody_is_taken_over_within_the_limit_of_its_client() {
        let connections = Connections::default();
        let client = address("192.0.2.1");
        let mut places: Vec<_> = (0..3).map(|_| connections.enter(3).unwrap()).collect();
        assert!(connections.enter(3).is_none());
        assert!(places[0].belongs_to(client, 1));
        assert!(!places[1].belongs_to(client, 1));
        places.clear();
        assert_eq!(connections.open(), 0);
        assert!(connections.0.lock().unwrap().by_client.is_empty());
    }
}
