//! Queues that take turns: each item comes from the next queue.
//!
//! Floor 0, no I/O. Rotations can be nested: networks, and the clients of each network.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use ahash::RandomState;

/// Something that items wait in.
pub(super) trait ItemQueue: Default {
    type Item;

    /// How many items wait.
    fn len(&self) -> usize;

    /// Takes the next one.
    fn pop(&mut self) -> Option<Self::Item>;

    /// Takes the last one out of where most wait.
    fn drop_last_of_most(&mut self) -> Option<Self::Item>;

    /// Leaves out what is not wanted.
    fn retain(&mut self, is_wanted: &mut impl FnMut(&Self::Item) -> bool);
}

/// Queues by key; one is here only while something waits in it.
#[derive(Debug)]
pub(super) struct Rotation<K, Q> {
    /// The keys, in the order of their turns.
    turns: VecDeque<K>,
    queues: HashMap<K, Q, RandomState>,
    len: usize,
}

impl<K: Copy + Eq + Hash, Q: ItemQueue> Rotation<K, Q> {
    /// Appends something to the queue of a key, by `push`, which tells whether it did.
    pub(super) fn push(&mut self, key: K, push: impl FnOnce(&mut Q) -> bool) {
        let queue = self.queues.entry(key).or_default();
        let was_empty = queue.len() == 0;
        let is_pushed = push(queue);
        self.len += usize::from(is_pushed);
        match (was_empty, is_pushed) {
            (true, true) => self.turns.push_back(key),
            (true, false) => drop(self.queues.remove(&key)),
            (false, _) => {}
        }
    }
}

impl<K: Copy + Eq + Hash, Q: ItemQueue> ItemQueue for Rotation<K, Q> {
    type Item = Q::Item;

    fn len(&self) -> usize {
        self.len
    }

    fn pop(&mut self) -> Option<Q::Item> {
        let key = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&key)?;
        let item = queue.pop()?;
        self.len -= 1;
        if queue.len() == 0 {
            self.queues.remove(&key);
        } else {
            self.turns.push_back(key);
        }
        Some(item)
    }

    fn drop_last_of_most(&mut self) -> Option<Q::Item> {
        let most = self.queues.iter_mut().max_by_key(|(_, queue)| queue.len());
        let (&key, queue) = most?;
        let item = queue.drop_last_of_most()?;
        self.len -= 1;
        if queue.len() == 0 {
            self.queues.remove(&key);
            self.turns.retain(|turn| *turn != key);
        }
        Some(item)
    }

    fn retain(&mut self, is_wanted: &mut impl FnMut(&Q::Item) -> bool) {
        self.queues.retain(|_, queue| {
            queue.retain(is_wanted);
            queue.len() > 0
        });
        self.turns.retain(|key| self.queues.contains_key(key));
        self.len = self.queues.values().map(ItemQueue::len).sum();
    }
}

impl<T> ItemQueue for VecDeque<T> {
    type Item = T;

    fn len(&self) -> usize {
        self.len()
    }

    fn pop(&mut self) -> Option<T> {
        self.pop_front()
    }

    fn drop_last_of_most(&mut self) -> Option<T> {
        self.pop_back()
    }

    fn retain(&mut self, is_wanted: &mut impl FnMut(&T) -> bool) {
        self.retain(is_wanted);
    }
}

impl<K, Q> Default for Rotation<K, Q> {
    fn default() -> Self {
        Self {
            turns: VecDeque::new(),
            queues: HashMap::default(),
            len: 0,
        }
    }
}
