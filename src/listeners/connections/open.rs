//! The open connections by client: who has most of them, and which of those has been idle longest.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::activity::ConnectionActivity;

/// How many connections are looked at for an idle one, so that a crowd costs a new one no more.
const LOOKED_AT: usize = 1024;
/// How many may have been asked to leave and be there still, in hundredths of all places.
const LEAVING_PERCENT: usize = 10;

/// Whose a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Holder {
    /// A client's: its network.
    Client(IpAddr),
    /// Not known yet, or a proxy's, which are those of many clients; by the number of the connection.
    Nobody(u64),
}

/// The places that are taken.
#[derive(Debug, Default)]
pub(super) struct OpenConnections {
    total: usize,
    /// Those that gave up their place and have not ended yet.
    leaving: usize,
    next: u64,
    /// Has an entry for as long as a holder has a connection, so it is as bounded as they are.
    holders: HashMap<Holder, HolderConnections>,
    /// The same by how many each has; of those with as many, who came first is last.
    by_count: BTreeSet<(usize, Reverse<u64>, Holder)>,
}

/// What one holder has.
#[derive(Debug)]
struct HolderConnections {
    /// The number of its first connection.
    since: u64,
    connections: Vec<(u64, Arc<ConnectionActivity>)>,
    untaken: Arc<AtomicUsize>,
}

impl OpenConnections {
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// How many a holder has.
    pub(super) fn count(&self, holder: Holder) -> usize {
        let held = self.holders.get(&holder);
        held.map_or(0, |held| held.connections.len())
    }

    /// What a client has untaken; none for who is no client.
    pub(super) fn untaken(&self, holder: Holder) -> Option<Arc<AtomicUsize>> {
        let held = self.holders.get(&holder)?;
        matches!(holder, Holder::Client(_)).then(|| Arc::clone(&held.untaken))
    }

    /// Whether one that gave up its place has not ended yet.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving > 0
    }

    /// Adds a connection that is nobody's yet, and gives it a number.
    pub(super) fn insert(&mut self, activity: &Arc<ConnectionActivity>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.total += 1;
        self.put(Holder::Nobody(number), number, Arc::clone(activity));
        number
    }

    /// Gives a connection another holder; false when it has been asked to leave.
    pub(super) fn hand_over(&mut self, number: u64, from: Holder, to: Holder) -> bool {
        let Some(activity) = self.take(number, from) else {
            return false;
        };
        self.put(to, number, activity);
        true
    }

    /// Forgets a connection that has ended.
    pub(super) fn remove(&mut self, number: u64, holder: Holder) {
        if self.take(number, holder).is_some() {
            self.total -= 1;
        } else {
            self.leaving = self.leaving.saturating_sub(1);
        }
    }

    /// Takes the place of the connection that is idle longest of those of the holder with most; of another one,
    /// if that has none. None when nobody is idle, or too many that left are there still.
    pub(super) fn take_idle(&mut self, most: usize) -> Option<Arc<ConnectionActivity>> {
        if self.leaving > most.saturating_mul(LEAVING_PERCENT) / 100 {
            return None;
        }
        let (number, holder) = self.find_idle()?;
        let activity = self.take(number, holder)?;
        self.total -= 1;
        self.leaving += 1;
        Some(activity)
    }

    fn find_idle(&self) -> Option<(u64, Holder)> {
        let (mut found, mut looked_at) = (None, 0);
        for (count, _, holder) in self.by_count.iter().rev() {
            if found.is_some_and(|(_, _, _, of_found)| of_found > *count) || looked_at > LOOKED_AT {
                break;
            }
            let held = self.holders.get(holder)?;
            for (number, activity) in &held.connections {
                looked_at += 1;
                let Some(dispensable) = activity.dispensable() else {
                    continue;
                };
                if found.is_none_or(|(most, ..)| dispensable < most) {
                    found = Some((dispensable, *number, *holder, *count));
                }
            }
        }
        found.map(|(_, number, holder, _)| (number, holder))
    }

    fn put(&mut self, holder: Holder, number: u64, activity: Arc<ConnectionActivity>) {
        let held = self
            .holders
            .entry(holder)
            .or_insert_with(|| HolderConnections {
                since: number,
                connections: Vec::new(),
                untaken: Arc::default(),
            });
        let count = held.connections.len();
        self.by_count.remove(&(count, Reverse(held.since), holder));
        held.connections.push((number, activity));
        self.by_count
            .insert((count + 1, Reverse(held.since), holder));
    }

    fn take(&mut self, number: u64, holder: Holder) -> Option<Arc<ConnectionActivity>> {
        let Entry::Occupied(mut entry) = self.holders.entry(holder) else {
            return None;
        };
        let held = entry.get_mut();
        let is_it = |(other, _): &(u64, _)| *other == number;
        let at = held.connections.iter().position(is_it)?;
        let count = held.connections.len();
        self.by_count.remove(&(count, Reverse(held.since), holder));
        let (_, activity) = held.connections.swap_remove(at);
        if count == 1 {
            entry.remove();
        } else {
            self.by_count
                .insert((count - 1, Reverse(held.since), holder));
        }
        Some(activity)
    }

    /// Whether nothing is kept.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let kept = self.holders.len() + self.by_count.len();
        self.total == 0 && self.leaving == 0 && kept == 0
    }
}
