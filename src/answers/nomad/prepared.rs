//! Results for large services that were computed once for all names that match the same instances.
//!
//! Floor 2, behind the caches. These keep whole answers by name, and a name with tags can be written in more ways
//! than fit into a cache; the results here are shared by all of them. The size is limited: entries that were not used
//! are removed first.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ahash::RandomState;

use crate::catalog::{PlaceSet, ServiceVersion};
use crate::dns::{Answer, Name, RecordType};

/// Which part of all octets one set may take at most.
const LARGEST_SHARE: usize = 8;
/// What an entry takes beside what it holds, in octets: the key stands in the map and in the queue.
const ENTRY_OCTETS: usize = 2 * size_of::<PreparedKey>() + size_of::<PreparedEntry>();

/// Sets of instances and of records, found by what they were made of.
#[derive(Debug)]
pub(super) struct Prepared {
    held: Mutex<PreparedSets>,
    octets: AtomicUsize,
    most_octets: usize,
}

/// What a set was made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PreparedKey {
    pub(super) version: ServiceVersion,
    pub(super) taken: PlaceSet,
    pub(super) what: PreparedKind,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::large_enum_variant,
    reason = "a look-up makes one on the stack"
)]
pub(super) enum PreparedKind {
    /// The instances that their health leaves.
    Instances,
    /// The records of a type.
    Records {
        asked: RecordType,
        /// Whether the name is one of RFC 2782.
        is_service_name: bool,
        /// What the targets of SRV records are below.
        targets: Name,
    },
}

/// A set; a clone shares it.
#[derive(Clone, Debug)]
pub(super) enum PreparedSet {
    Instances(Arc<InstanceSet>),
    Records(Answer),
}

/// Which instances of a service are answered.
#[derive(Debug)]
pub(super) struct InstanceSet {
    /// Their places in the service.
    pub(super) places: Box<[u32]>,
    /// The host's name, where all addresses are that one name.
    pub(super) host: Option<Name>,
}

#[derive(Debug, Default)]
struct PreparedSets {
    sets: HashMap<PreparedKey, PreparedEntry, RandomState>,
    /// The keys, in the order in which they are looked at when room is wanted.
    queue: VecDeque<PreparedKey>,
}

#[derive(Debug)]
struct PreparedEntry {
    set: PreparedSet,
    octets: usize,
    is_used: bool,
}

impl Prepared {
    pub(super) fn new(most_octets: usize) -> Self {
        Self {
            held: Mutex::default(),
            octets: AtomicUsize::new(0),
            most_octets,
        }
    }

    /// How many octets the sets take.
    pub(super) fn octets(&self) -> usize {
        self.octets.load(Ordering::Relaxed)
    }

    pub(super) fn find(&self, key: &PreparedKey) -> Option<PreparedSet> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = held.sets.get_mut(key)?;
        entry.is_used = true;
        Some(entry.set.clone())
    }

    /// Keeps a set, unless it alone would take much of the room.
    pub(super) fn keep(&self, key: PreparedKey, set: PreparedSet) {
        // The key stands in the map and in the queue.
        let octets = ENTRY_OCTETS + 2 * key.taken.heap_octets() + set.octets();
        if octets > self.most_octets / LARGEST_SHARE || !key.version.is_current() {
            return;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = PreparedEntry {
            set,
            octets,
            is_used: false,
        };
        let mut all = self.octets();
        match held.sets.insert(key.clone(), entry) {
            Some(old) => all = all + octets - old.octets,
            None => {
                all += octets;
                held.queue.push_back(key);
            }
        }
        while all > self.most_octets {
            all -= held.drop_one();
        }
        self.octets.store(all, Ordering::Relaxed);
    }
}

impl PreparedSets {
    /// Drops the first that was not used since it was looked at last, or no longer holds; tells its octets.
    fn drop_one(&mut self) -> usize {
        while let Some(key) = self.queue.pop_front() {
            match self.sets.get_mut(&key) {
                Some(entry) if entry.is_used && key.version.is_current() => {
                    entry.is_used = false;
                    self.queue.push_back(key);
                }
                _ => return self.sets.remove(&key).map_or(0, |entry| entry.octets),
            }
        }
        0
    }
}

impl PreparedSet {
    fn octets(&self) -> usize {
        match self {
            Self::Instances(set) => size_of::<InstanceSet>() + size_of_val(&*set.places),
            Self::Records(answer) => answer.octets(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Service;
    use crate::dns::AnswerBuilder;

    /// A key for each number, of a service that holds until something is put.
    fn key(version: &ServiceVersion, number: u16) -> PreparedKey {
        PreparedKey {
            version: version.clone(),
            taken: Service::default().take_each(|_| false),
            what: PreparedKind::Records {
                asked: RecordType(number),
                is_service_name: false,
                targets: Name::ROOT,
            },
        }
    }

    #[test]
    fn what_is_used_stays_and_the_octets_have_a_bound() {
        let version = Service::default().version();
        let empty = || PreparedSet::Records(AnswerBuilder::new(&Name::ROOT).finish());
        let one = ENTRY_OCTETS + empty().octets();
        // No number of sets fills it to the last octet.
        let prepared = Prepared::new(10 * one + 1);
        prepared.keep(key(&version, 0), empty());
        for number in 1..100 {
            assert!(prepared.find(&key(&version, 0)).is_some(), "{number}");
            prepared.keep(key(&version, number), empty());
            assert!(prepared.octets() <= 10 * one);
        }
        assert!(prepared.find(&key(&version, 1)).is_none());
        assert!(prepared.find(&key(&version, 99)).is_some());
        let none = Prepared::new(0);
        none.keep(key(&version, 0), empty());
        assert!(none.find(&key(&version, 0)).is_none());
    }

    #[test]
    fn what_is_kept_twice_is_counted_once() {
        let version = Service::default().version();
        let set = || PreparedSet::Records(AnswerBuilder::new(&Name::ROOT).finish());
        let prepared = Prepared::new(100 * (ENTRY_OCTETS + set().octets()));
        prepared.keep(key(&version, 0), set());
        prepared.keep(key(&version, 1), set());
        let octets = prepared.octets();
        assert_eq!(octets, 2 * (ENTRY_OCTETS + set().octets()));
        prepared.keep(key(&version, 1), set());
        assert_eq!(prepared.octets(), octets);
    }

    #[test]
    fn what_would_take_more_than_its_share_of_the_room_is_not_kept() {
        let version = Service::default().version();
        let set = || PreparedSet::Records(AnswerBuilder::new(&Name::ROOT).finish());
        let room = LARGEST_SHARE * (ENTRY_OCTETS + set().octets());
        for (room, is_kept) in [(room - 1, false), (room, true)] {
            let prepared = Prepared::new(room);
            prepared.keep(key(&version, 0), set());
            assert_eq!(prepared.find(&key(&version, 0)).is_some(), is_kept);
        }
    }
}
