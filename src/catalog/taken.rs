//! Which instances of a service a name takes: a set of them, or of their kinds where they are many.
//!
//! Floor 1. `answers` fills it in with what the labels of a name say; two names that take the same have equal sets.

use smallvec::SmallVec;

/// The bits of one word.
const WORD: usize = 64;

/// A set of places: of instances where they are few, else of kinds in the service's index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Taken(SmallVec<[u64; 2]>);

/// The kinds of instances of which names say the same, in the form that takes less memory.
#[derive(Clone, Debug)]
pub(super) enum Members {
    Listed(Box<[u32]>),
    Bits(Box<[u64]>),
}

impl Taken {
    /// None of so many.
    pub(super) fn none(count: usize) -> Self {
        Self(SmallVec::from_elem(0, count.div_ceil(WORD)))
    }

    /// All of so many.
    pub(super) fn all(count: usize) -> Self {
        let mut all = Self::none(count);
        (0..count).for_each(|place| all.insert(place));
        all
    }

    /// How many octets it takes beside itself.
    pub fn heap_octets(&self) -> usize {
        match self.0.spilled() {
            true => self.0.capacity() * size_of::<u64>(),
            false => 0,
        }
    }

    /// Whether it has nothing.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn insert(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / WORD) {
            *word |= 1 << (place % WORD);
        }
    }

    pub(super) fn has(&self, place: usize) -> bool {
        let word = self.0.get(place / WORD);
        word.is_some_and(|word| word >> (place % WORD) & 1 == 1)
    }

    /// Leaves out what is not in the other as well.
    pub(super) fn keep(&mut self, other: &Self) {
        for (word, kept) in self.0.iter_mut().zip(&other.0) {
            *word &= kept;
        }
    }

    /// Leaves out what is no member; all of it where there are none.
    pub(super) fn keep_members(&mut self, members: Option<&Members>) {
        let mut kept = Self(SmallVec::from_elem(0, self.0.len()));
        kept.add(members);
        self.keep(&kept);
    }

    /// Puts members in.
    pub(super) fn add(&mut self, members: Option<&Members>) {
        match members {
            None => {}
            Some(Members::Listed(places)) => {
                places.iter().for_each(|place| self.insert(*place as usize));
            }
            Some(Members::Bits(bits)) => {
                for (word, added) in self.0.iter_mut().zip(bits) {
                    *word |= added;
                }
            }
        }
    }
}

impl Members {
    /// Of `places` out of so many, each once.
    pub(super) fn new(places: &[u32], count: usize) -> Self {
        let words = count.div_ceil(WORD);
        if size_of_val(places) <= words * size_of::<u64>() {
            return Self::Listed(places.into());
        }
        let mut all = Taken::none(count);
        places.iter().for_each(|place| all.insert(*place as usize));
        Self::Bits(all.0.into_vec().into())
    }
}
