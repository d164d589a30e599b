//! The table of the cache: sets of four slots, each a pointer that is read and swapped atomically.
//!
//! Its size is fixed, so it cannot grow, and nothing has to be swept: a new answer takes the place of
//! the same question's, of one that no longer holds, or of any in its set.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;

use crate::answers::Reply;
use crate::catalog::Sources;
use crate::dns::{Answer, Name, Query, RecordType};

/// How many answers of one hash there is room for.
const WAYS: usize = 4;

/// The answers that are kept.
#[derive(Debug)]
pub struct Table {
    sets: Box<[[ArcSwapOption<Entry>; WAYS]]>,
    seed: u64,
    most_octets: usize,
    octets: AtomicUsize,
    counters: TableCounters,
}

/// What a table did.
#[derive(Debug, Default)]
pub struct TableCounters {
    /// Queries answered from the table.
    pub hits: AtomicU64,
    /// Queries that it had no answer for.
    pub misses: AtomicU64,
    /// Answers that made room for others while they still held.
    pub evictions: AtomicU64,
}

/// A question, as the table compares it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    name: Name,
    record_type: RecordType,
}

#[derive(Debug)]
struct Entry {
    name: Box<[u8]>,
    record_type: RecordType,
    answer: Answer,
    sources: Sources,
}

impl Table {
    /// Makes a table for about `entries` answers of together `most_octets`; 0 entries keep nothing.
    pub fn new(entries: usize, most_octets: usize) -> Self {
        let sets = entries
            .div_ceil(WAYS)
            .checked_next_power_of_two()
            .unwrap_or(1);
        let sets = if entries == 0 { 0 } else { sets };
        Self {
            sets: (0..sets)
                .map(|_| std::array::from_fn(|_| ArcSwapOption::empty()))
                .collect(),
            seed: rand::random(),
            most_octets,
            octets: AtomicUsize::new(0),
            counters: TableCounters::default(),
        }
    }

    /// What it did.
    pub fn counters(&self) -> &TableCounters {
        &self.counters
    }

    /// How many answers it has, those that no longer hold among them; looks at every slot.
    pub fn entries(&self) -> usize {
        self.sets
            .iter()
            .flatten()
            .filter(|slot| slot.load().is_some())
            .count()
    }

    pub(super) fn find(&self, key: &Key) -> Option<Answer> {
        let found = self.set(key).iter().find_map(|slot| {
            let entry = slot.load();
            let entry = entry.as_ref()?;
            (entry.is_of(key) && entry.sources.are_current()).then(|| {
                entry.sources.note_asked();
                entry.answer.clone()
            })
        });
        let counter = if found.is_some() {
            &self.counters.hits
        } else {
            &self.counters.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(super) fn keep(&self, key: &Key, reply: &Reply) {
        if !reply.sources().are_current() {
            return;
        }
        let Some(slot) = self.slot_for(key) else {
            return;
        };
        let entry = Entry {
            name: key.name.as_wire().into(),
            record_type: key.record_type,
            answer: reply.answer().clone(),
            sources: reply.sources().clone(),
        };
        let octets = entry.octets();
        let freed = slot.load().as_ref().map_or(0, |old| old.octets());
        let held = self.octets.load(Ordering::Relaxed);
        if held.saturating_sub(freed).saturating_add(octets) > self.most_octets {
            return;
        }
        self.octets.fetch_add(octets, Ordering::Relaxed);
        if let Some(old) = slot.swap(Some(Arc::new(entry))) {
            self.octets.fetch_sub(old.octets(), Ordering::Relaxed);
            if !old.is_of(key) && old.sources.are_current() {
                self.counters.evictions.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn set(&self, key: &Key) -> &[ArcSwapOption<Entry>] {
        let hash = key
            .name
            .fold_hash(self.seed ^ u64::from(key.record_type.0) << 32);
        let place = usize::try_from(hash).unwrap_or(0) & self.sets.len().wrapping_sub(1);
        self.sets.get(place).map_or(&[], |set| set)
    }

    fn slot_for(&self, key: &Key) -> Option<&ArcSwapOption<Entry>> {
        let set = self.set(key);
        let same = set
            .iter()
            .find(|slot| slot.load().as_ref().is_some_and(|old| old.is_of(key)));
        let free = || {
            set.iter().find(|slot| {
                slot.load()
                    .as_ref()
                    .is_none_or(|old| !old.sources.are_current())
            })
        };
        let any = || {
            let turn = self.counters.misses.load(Ordering::Relaxed);
            set.get(usize::try_from(turn).unwrap_or(0) % WAYS)
        };
        same.or_else(free).or_else(any)
    }
}

impl Key {
    pub(super) fn new(query: &Query) -> Self {
        Self {
            name: query.name,
            record_type: query.record_type,
        }
    }
}

impl Entry {
    fn is_of(&self, key: &Key) -> bool {
        self.record_type == key.record_type && self.name.eq_ignore_ascii_case(key.name.as_wire())
    }

    fn octets(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.answer.octets()
    }
}
