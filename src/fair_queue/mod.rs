//! A queue in which clients take turns, so that a client with many requests does not delay one with few.
//!
//! Floor 0, no I/O. There are two classes: clients with a proven address, and others. The classes alternate, within
//! each class networks take turns, and within each network its clients. So spoofed addresses over UDP get at most
//! every second turn, and a network gets no more turns for having many hosts. `layers` uses it for expensive answers,
//! `sync` for reads on demand.

mod client;
mod rotation;

use std::collections::VecDeque;
use std::net::IpAddr;

pub use self::client::{ClientAddress, client_network, site_network};
use self::rotation::{ItemQueue, Rotation};

/// What waits, by client.
#[derive(Debug)]
pub struct FairQueue<T> {
    /// The next class comes first.
    classes: [PriorityClass<T>; 2],
    room: QueueCapacity,
}

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueCapacity {
    /// Of one client.
    pub per_client: usize,
    /// Of all clients whose address is proven, and as much of all others.
    pub per_class: usize,
}

#[derive(Debug)]
struct PriorityClass<T> {
    is_proven: bool,
    networks: Rotation<IpAddr, Rotation<IpAddr, VecDeque<T>>>,
}

impl<T> FairQueue<T> {
    /// Makes one with so much room.
    pub fn new(room: QueueCapacity) -> Self {
        let class = |is_proven| PriorityClass {
            is_proven,
            networks: Rotation::default(),
        };
        Self {
            classes: [class(true), class(false)],
            room,
        }
    }

    /// Appends what a client asks for.
    ///
    /// # Errors
    /// What finds no room: as much of the client waits as may. Where too much of all waits, what came last of the
    /// client with most in the network with most.
    pub fn push(&mut self, client: ClientAddress, item: T) -> Result<(), T> {
        let (key, room) = (client.client(), self.room);
        let mut item = Some(item);
        let networks = &mut self.class(client.is_proven).networks;
        networks.push(site_network(key), |clients| {
            let before = clients.len();
            clients.push(key, |waiting| {
                let has_room = waiting.len() < room.per_client;
                if has_room {
                    waiting.extend(item.take());
                }
                has_room
            });
            clients.len() > before
        });
        if networks.len() > room.per_class {
            item = networks.drop_last_of_most();
        }
        item.map_or(Ok(()), Err)
    }

    /// Takes the first of the client whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        let [next, other] = &mut self.classes;
        let item = next.networks.pop().or_else(|| other.networks.pop());
        self.classes.swap(0, 1);
        item
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much waits.
    pub fn len(&self) -> usize {
        self.classes.iter().map(|class| class.networks.len()).sum()
    }

    /// Leaves out all that waits.
    pub fn clear(&mut self) {
        *self = Self::new(self.room);
    }

    /// Leaves out what nobody waits for.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&T) -> bool) {
        for class in &mut self.classes {
            class.networks.retain(&mut is_wanted);
        }
    }

    fn class(&mut self, is_proven: bool) -> &mut PriorityClass<T> {
        let [one, other] = &mut self.classes;
        if one.is_proven == is_proven {
            one
        } else {
            other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proven(text: &str) -> ClientAddress {
        ClientAddress::proven(Some(text.parse().unwrap()))
    }

    fn unproven(text: &str) -> ClientAddress {
        ClientAddress {
            is_proven: false,
            ..proven(text)
        }
    }

    fn queue(per_client: usize, per_class: usize) -> FairQueue<i32> {
        FairQueue::new(QueueCapacity {
            per_client,
            per_class,
        })
    }

    fn all(queue: &mut FairQueue<i32>) -> Vec<i32> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn clients_take_turns_however_much_one_of_them_asks() {
        let (much, little) = (proven("127.0.0.1"), proven("2001:db8::1"));
        let mut queue = queue(3, 100);
        for number in 0..3 {
            queue.push(much, number).unwrap();
        }
        assert_eq!(queue.push(much, 3), Err(3));
        queue.push(little, 10).unwrap();
        // The same /64.
        queue.push(proven("2001:db8::2"), 11).unwrap();
        queue.push(ClientAddress::proven(None), 20).unwrap();
        assert_eq!(queue.len(), 6);
        assert_eq!(all(&mut queue), [0, 10, 20, 1, 11, 2]);
        assert!(queue.is_empty());
    }

    #[test]
    fn networks_take_turns_and_in_each_its_clients() {
        let mut queue = queue(10, 100);
        for host in 1..=4 {
            let client = unproven(&format!("192.0.2.{host}"));
            queue.push(client, host).unwrap();
            queue.push(client, 10 + host).unwrap();
        }
        for number in 20..23 {
            queue.push(unproven("198.51.100.1"), number).unwrap();
        }
        assert_eq!(all(&mut queue), [1, 20, 2, 21, 3, 22, 4, 11, 12, 13, 14]);
    }

    #[test]
    fn every_second_turn_is_for_clients_whose_address_is_proven() {
        let mut queue = queue(10, 1000);
        for number in 0..250 {
            queue
                .push(unproven(&format!("10.0.{number}.1")), number)
                .unwrap();
        }
        for number in 1000..1003 {
            queue.push(proven("10.0.0.1"), number).unwrap();
        }
        assert_eq!(all(&mut queue)[..7], [1000, 0, 1001, 1, 1002, 2, 3]);
    }

    #[test]
    fn where_too_much_waits_the_network_with_most_gives_way_and_the_other_class_loses_nothing() {
        let mut queue = queue(10, 4);
        for host in 1..=4 {
            queue
                .push(unproven(&format!("192.0.2.{host}")), host)
                .unwrap();
        }
        queue.push(proven("198.51.100.7"), 50).unwrap();
        for number in [60, 61] {
            let gone = queue.push(unproven("198.51.100.1"), number);
            assert!(gone.is_err_and(|gone| gone <= 4));
        }
        assert_eq!(queue.len(), 5);
    }

    #[test]
    fn what_nobody_waits_for_makes_room() {
        let client = proven("127.0.0.1");
        let mut queue = queue(2, 100);
        queue.push(client, 1).unwrap();
        queue.push(client, 2).unwrap();
        queue.retain(|number| *number != 1);
        queue.push(client, 3).unwrap();
        assert_eq!(all(&mut queue), [2, 3]);
        for number in [4, 5] {
            queue.push(client, number).unwrap();
        }
        queue.clear();
        assert!(queue.is_empty() && queue.pop().is_none());
        queue.push(client, 6).unwrap();
        assert_eq!(all(&mut queue), [6]);
    }
}
