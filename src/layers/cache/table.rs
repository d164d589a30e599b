//! The table of the cache: sets of four slots, each a pointer that is read and swapped atomically.
//!
//! Floor 3. Its size is fixed, so it cannot grow and nothing has to be swept. A new answer replaces the one to the
//! same question, an invalid one, or one that was not queried again (second chance). If the octets are used up, a
//! clock hand removes such entries until there is room.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;

use super::entry::{CacheEntry, CacheKey};
use crate::answers::SourcedAnswer;
use crate::dns::{Answer, NameKey};

/// How many answers of one hash there is room for.
const WAYS: usize = 4;
/// Which part of all octets one answer may take at most: few large ones do not drive out all others.
const LARGEST_SHARE: usize = 64;
/// How many sets the hand passes for one answer: what that costs is bounded.
const SETS_PASSED: usize = 128;

/// The answers that are kept.
#[derive(Debug)]
pub struct CacheTable {
    sets: Box<[SlotSet]>,
    key: NameKey,
    most_octets: usize,
    octets: AtomicUsize,
    /// The set where room is looked for next.
    hand: AtomicUsize,
    counters: TableCounters,
}

/// What is in a slot is dropped by the table.
type Slot = ManuallyDrop<ArcSwapOption<CacheEntry>>;
type SlotSet = [Slot; WAYS];

/// What a table did.
#[derive(Debug, Default)]
pub struct TableCounters {
    /// Queries answered from the table.
    pub hits: AtomicU64,
    /// How many of these got a denial.
    pub denial_hits: AtomicU64,
    /// Queries that it had no answer for.
    pub misses: AtomicU64,
    /// Answers that made room for others while they still held.
    pub evictions: AtomicU64,
    /// Answers that were not kept: too large, or no room was found.
    pub rejected: AtomicU64,
}

impl CacheTable {
    /// Makes a table for about `entries` answers of together `most_octets`; 0 entries keep nothing.
    ///
    /// One answer takes at most 1/64 of the octets.
    pub fn new(entries: usize, most_octets: usize) -> Self {
        let sets = entries
            .div_ceil(WAYS)
            .checked_next_power_of_two()
            .unwrap_or(1);
        let sets = if entries == 0 { 0 } else { sets };
        Self {
            sets: (0..sets)
                .map(|_| std::array::from_fn(|_| Slot::new(ArcSwapOption::empty())))
                .collect(),
            key: NameKey::random(),
            most_octets,
            octets: AtomicUsize::new(0),
            hand: AtomicUsize::new(0),
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

    /// The same by kind: answers with records, and denials.
    pub fn entries_by_kind(&self) -> [usize; 2] {
        let mut counts = [0; 2];
        for slot in self.sets.iter().flatten() {
            if let Some(entry) = slot.load().as_ref() {
                counts[usize::from(is_denial(entry.shared()))] += 1;
            }
        }
        counts
    }

    /// Takes out all answers; those that are put in meanwhile may stay.
    pub fn forget(&self) {
        for slot in self.sets.iter().flatten() {
            if slot.load().is_some()
                && let Some(gone) = slot.swap(None)
            {
                self.octets.fetch_sub(gone.octets(), Ordering::Relaxed);
            }
        }
    }

    pub(super) fn find(&self, key: &CacheKey<'_>) -> Option<Answer> {
        let found = self.set(key).iter().find_map(|slot| {
            let entry = slot.load();
            let entry = entry.as_ref()?;
            (entry.is_of(key) && entry.holds()).then(|| entry.answer())
        });
        if let Some(answer) = &found {
            self.counters.hits.fetch_add(1, Ordering::Relaxed);
            if is_denial(answer) {
                self.counters.denial_hits.fetch_add(1, Ordering::Relaxed);
            }
        }
        found
    }

    /// Counts a query that no table had an answer for.
    pub(super) fn count_miss(&self) {
        self.counters.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn keep(&self, key: &CacheKey<'_>, reply: &SourcedAnswer) {
        if !reply.sources().are_current() {
            return;
        }
        let Some(slot) = self.slot_for(key) else {
            return;
        };
        let entry = CacheEntry::new(key, reply);
        let octets = entry.octets();
        let freed = slot.load().as_ref().map_or(0, |old| old.octets());
        let needed = octets.saturating_sub(freed);
        if octets > self.most_octets / LARGEST_SHARE || !self.make_room(needed) {
            self.counters.rejected.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.octets.fetch_add(octets, Ordering::Relaxed);
        self.account_gone(slot.swap(Some(Arc::new(entry))), Some(key));
    }

    /// Takes out what may go until there is room for so many octets more; false where the hand found too little.
    fn make_room(&self, needed: usize) -> bool {
        let has_room =
            || self.octets.load(Ordering::Relaxed).saturating_add(needed) <= self.most_octets;
        for _ in 0..SETS_PASSED {
            if has_room() {
                return true;
            }
            let place = self.hand.fetch_add(1, Ordering::Relaxed) & self.sets.len().wrapping_sub(1);
            for slot in self.sets.get(place).into_iter().flatten() {
                let held = slot.load();
                if held.as_ref().is_some_and(|entry| entry.may_go()) {
                    let taken = slot.compare_and_swap(&held, None);
                    // Else somebody put another one there meanwhile.
                    if taken.as_ref().map(Arc::as_ptr) == held.as_ref().map(Arc::as_ptr) {
                        self.account_gone(arc_swap::Guard::into_inner(taken), None);
                    }
                }
            }
        }
        has_room()
    }

    /// Accounts for an entry that was taken out; one that made room for its own successor is not counted.
    fn account_gone(&self, gone: Option<Arc<CacheEntry>>, for_key: Option<&CacheKey<'_>>) {
        let Some(gone) = gone else { return };
        self.octets.fetch_sub(gone.octets(), Ordering::Relaxed);
        if gone.holds() && !for_key.is_some_and(|key| gone.is_of(key)) {
            self.counters.evictions.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn set(&self, key: &CacheKey<'_>) -> &[Slot] {
        let hash = key.hash(self.key);
        let place = usize::try_from(hash).unwrap_or(0) & self.sets.len().wrapping_sub(1);
        self.sets.get(place).map_or(&[], |set| set)
    }

    fn slot_for(&self, key: &CacheKey<'_>) -> Option<&Slot> {
        let set = self.set(key);
        let first = |is_wanted: &dyn Fn(&CacheEntry) -> bool| {
            set.iter()
                .find(|slot| slot.load().as_ref().is_some_and(|old| is_wanted(old)))
        };
        let free = || {
            set.iter()
                .find(|slot| slot.load().as_ref().is_none_or(|old| !old.holds()))
        };
        let any = || {
            let turn = self.counters.misses.load(Ordering::Relaxed);
            set.get(usize::try_from(turn).unwrap_or(0) % WAYS)
        };
        first(&|old| old.is_of(key))
            .or_else(free)
            .or_else(|| first(&CacheEntry::may_go))
            .or_else(any)
    }
}

/// Whether an answer says that there are no records.
fn is_denial(answer: &Answer) -> bool {
    answer.answer_count() == 0
}

impl Drop for CacheTable {
    fn drop(&mut self) {
        // For each pointer that is dropped, arc-swap looks for readers in the slots of every thread, even if the pointer
        // is empty. In a table of a million slots, nearly all of them empty, that takes long, and the end waits for it.
        let slots = self.sets.iter().flatten();
        for slot in slots.filter(|slot| slot.load().is_some()) {
            slot.store(None);
        }
    }
}
