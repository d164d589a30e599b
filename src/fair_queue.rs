//! A queue in which clients take turns: who asks much waits behind who asks little.
//!
//! Floor 0, no I/O. Each client has a queue of its own with a bound, and the next one is taken from another client each
//! time. `layers` has the answers wait in it that cost much, `sync` the reads on demand.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};

use ahash::RandomState;

/// What of an IPv6 address is one client, in bits: one host can have a /64 whole.
const IPV6_CLIENT_BITS: u32 = 64;

/// What waits, by client.
#[derive(Debug)]
pub struct FairQueue<T> {
    /// The clients with something that waits, in the order of their turns.
    turns: VecDeque<IpAddr>,
    waiting: HashMap<IpAddr, VecDeque<T>, RandomState>,
    most_per_client: usize,
}

impl<T> FairQueue<T> {
    /// Makes one in which so much of each client may wait.
    pub fn new(most_per_client: usize) -> Self {
        Self {
            turns: VecDeque::new(),
            waiting: HashMap::default(),
            most_per_client,
        }
    }

    /// Appends what a client asks for; who has no address that is known is one client.
    ///
    /// # Errors
    /// What finds no room: as much of the client waits as may.
    pub fn push(&mut self, client: Option<IpAddr>, item: T) -> Result<(), T> {
        let client = client.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), client_network);
        let waiting = self.waiting.entry(client).or_default();
        if waiting.len() >= self.most_per_client {
            return Err(item);
        }
        if waiting.is_empty() {
            self.turns.push_back(client);
        }
        waiting.push_back(item);
        Ok(())
    }

    /// Takes the first of the client whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        let client = self.turns.pop_front()?;
        let waiting = self.waiting.get_mut(&client)?;
        let item = waiting.pop_front();
        if waiting.is_empty() {
            self.waiting.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        item
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Leaves out what nobody waits for.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&T) -> bool) {
        self.waiting.retain(|_, waiting| {
            waiting.retain(|item| is_wanted(item));
            !waiting.is_empty()
        });
        self.turns
            .retain(|client| self.waiting.contains_key(client));
    }

    /// Leaves out everything.
    pub fn clear(&mut self) {
        self.turns.clear();
        self.waiting.clear();
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64.
pub fn client_network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let host_bits = u128::BITS - IPV6_CLIENT_BITS;
            Ipv6Addr::from_bits(address.to_bits() >> host_bits << host_bits).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_take_turns_however_much_one_of_them_asks() {
        let client = |text: &str| Some(text.parse().unwrap());
        let (much, little) = (client("127.0.0.1"), client("2001:db8::1"));
        let mut queue = FairQueue::new(3);
        for number in 0..3 {
            queue.push(much, number).unwrap();
        }
        assert_eq!(queue.push(much, 3), Err(3));
        queue.push(little, 10).unwrap();
        // The same /64.
        queue.push(client("2001:db8::2"), 11).unwrap();
        queue.push(None, 20).unwrap();
        let order: Vec<i32> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [0, 10, 20, 1, 11, 2]);
        assert!(queue.is_empty() && queue.waiting.is_empty());
    }

    #[test]
    fn what_nobody_waits_for_makes_room() {
        let client = Some(IpAddr::from([127, 0, 0, 1]));
        let mut queue = FairQueue::new(2);
        queue.push(client, 1).unwrap();
        queue.push(client, 2).unwrap();
        queue.retain(|number| *number != 1);
        queue.push(client, 3).unwrap();
        assert_eq!(
            (queue.pop(), queue.pop(), queue.pop()),
            (Some(2), Some(3), None)
        );
        queue.push(client, 4).unwrap();
        queue.retain(|_| false);
        assert!(queue.is_empty() && queue.pop().is_none());
    }
}
