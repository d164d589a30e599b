//! The set of a service's instances that match a name; for large services, the set of their kinds.
//!
//! Floor 1. `answers` fills it from the labels of a name. Two names that match the same instances have equal sets.

use smallvec::SmallVec;

/// The bits of one word.
const WORD: usize = 64;

/// A set of places: of instances where they are few, else of kinds in the service's index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlaceSet(PlaceSetRepr);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum PlaceSetRepr {
    /// Whatever there is, so that an index is not needed to say so.
    All,
    Bits(Bits),
}

type Bits = SmallVec<[u64; 2]>;

/// The kinds of instances of which names say the same, in the form that takes less memory.
#[derive(Clone, Debug)]
pub(super) enum Members {
    One(u32),
    Listed(Box<[u32]>),
    Bits(Box<[u64]>),
}

impl PlaceSet {
    /// All that there is.
    pub fn all() -> Self {
        Self(PlaceSetRepr::All)
    }

    /// None of so many.
    pub(super) fn none(count: usize) -> Self {
        Self(PlaceSetRepr::Bits(SmallVec::from_elem(
            0,
            count.div_ceil(WORD),
        )))
    }

    /// Each of so many, to leave some out.
    pub(super) fn each(count: usize) -> Self {
        let mut bits: Bits = SmallVec::from_elem(u64::MAX, count.div_ceil(WORD));
        if let (Some(last), rest @ 1..) = (bits.last_mut(), count % WORD) {
            *last = (1 << rest) - 1;
        }
        Self(PlaceSetRepr::Bits(bits))
    }

    /// How many octets it takes beside itself.
    pub fn heap_octets(&self) -> usize {
        match &self.0 {
            PlaceSetRepr::Bits(bits) if bits.spilled() => bits.capacity() * size_of::<u64>(),
            _ => 0,
        }
    }

    /// Whether it has nothing.
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            PlaceSetRepr::All => false,
            PlaceSetRepr::Bits(bits) => bits.iter().all(|word| *word == 0),
        }
    }

    /// Whether it is all that there is.
    pub(super) fn is_all(&self) -> bool {
        self.0 == PlaceSetRepr::All
    }

    pub(super) fn insert(&mut self, place: usize) {
        if let Some(word) = self.bits_mut().get_mut(place / WORD) {
            *word |= 1 << (place % WORD);
        }
    }

    pub(super) fn has(&self, place: usize) -> bool {
        match &self.0 {
            PlaceSetRepr::All => true,
            PlaceSetRepr::Bits(bits) => {
                let word = bits.get(place / WORD);
                word.is_some_and(|word| word >> (place % WORD) & 1 == 1)
            }
        }
    }

    /// Leaves out what is not in the other as well.
    pub(super) fn keep(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (_, PlaceSetRepr::All) => {}
            (PlaceSetRepr::All, PlaceSetRepr::Bits(_)) => *self = other.clone(),
            (PlaceSetRepr::Bits(bits), PlaceSetRepr::Bits(other)) => {
                for (word, kept) in bits.iter_mut().zip(other) {
                    *word &= kept;
                }
            }
        }
    }

    /// Leaves out what is no member; all of it where there are none.
    pub(super) fn keep_members(&mut self, members: Option<&Members>) {
        let words = self.bits_mut().len();
        let mut kept = Self::none(words * WORD);
        kept.add(members);
        self.keep(&kept);
    }

    /// Puts members in.
    pub(super) fn add(&mut self, members: Option<&Members>) {
        match members {
            None => {}
            Some(Members::One(place)) => self.insert(*place as usize),
            Some(Members::Listed(places)) => {
                places.iter().for_each(|place| self.insert(*place as usize));
            }
            Some(Members::Bits(bits)) => {
                for (word, added) in self.bits_mut().iter_mut().zip(bits) {
                    *word |= added;
                }
            }
        }
    }

    /// Its words; none where it is all that there is, to which nothing can be added.
    fn bits_mut(&mut self) -> &mut [u64] {
        match &mut self.0 {
            PlaceSetRepr::All => &mut [],
            PlaceSetRepr::Bits(bits) => bits,
        }
    }
}

impl Members {
    /// Of `places` out of so many, each once.
    pub(super) fn new(places: &[u32], count: usize) -> Self {
        let words = count.div_ceil(WORD);
        if let [place] = places {
            return Self::One(*place);
        }
        if size_of_val(places) <= words * size_of::<u64>() {
            return Self::Listed(places.into());
        }
        let mut all = PlaceSet::none(count);
        places.iter().for_each(|place| all.insert(*place as usize));
        Self::Bits((&*all.bits_mut()).into())
    }
}
