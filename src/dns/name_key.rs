//! Names without letter case: in lower case, and as a hash that clients cannot predict.
//!
//! Floor 1, used by every cache hit, so it allocates nothing. Tables compare the names themselves afterwards.

use super::Name;

/// How many octets are hashed at once.
const WORD_OCTETS: usize = 8;

/// What the hash of a name depends on beside the name.
#[derive(Clone, Copy, Debug)]
pub struct NameKey {
    seed: u64,
    /// Secret as well: with a known one, names that differ in few bits could be found that often meet.
    factor: u64,
}

impl Name {
    /// The same name in small letters: of names that are equal, the octets then are.
    pub fn to_lower_case(&self) -> Self {
        let mut folded = *self;
        folded.octets.make_ascii_lowercase();
        folded
    }

    /// The same name, its letters capital where `bits` has a one, so that who has not seen it cannot repeat it (0x20).
    pub fn with_capitals(&self, bits: [u8; 32]) -> Self {
        let mut name = *self;
        for (place, octet) in name.octets.iter_mut().enumerate() {
            // The octets of lengths are below those of letters.
            if bits[place / 8] >> (place % 8) & 1 == 1 {
                octet.make_ascii_uppercase();
            } else {
                octet.make_ascii_lowercase();
            }
        }
        name
    }

    /// A number that is equal for names that are equal; who does not know the key cannot make others alike.
    ///
    /// Only letters are folded, so no name that differs in another octet meets it more often than by chance.
    pub fn keyed_hash(&self, key: NameKey) -> u64 {
        let mut hash = key.seed ^ u64::from(self.length);
        let mut take = |word: [u8; WORD_OCTETS]| {
            let word = fold(u64::from_le_bytes(word));
            let mixed = u128::from(hash ^ word) * u128::from(key.factor);
            #[expect(clippy::cast_possible_truncation, reason = "the halves are wanted")]
            let (low, high) = (mixed as u64, (mixed >> 64) as u64);
            hash = low ^ high ^ hash.rotate_left(23);
        };
        // Behind the name there are only zeros, so whole words are read.
        let (words, rest) = self.octets.as_chunks::<WORD_OCTETS>();
        let count = usize::from(self.length).div_ceil(WORD_OCTETS);
        words.iter().take(count).for_each(|word| take(*word));
        if count > words.len() {
            let mut last = [0; WORD_OCTETS];
            last[..rest.len()].copy_from_slice(rest);
            take(last);
        }
        hash
    }
}

/// Makes the capital letters of ASCII among eight octets small, all at once and nothing else.
const fn fold(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOP_BITS: u64 = 0x80 * EACH;
    let low = word & !TOP_BITS;
    // Bit 7 of an octet is then set from `A` on, and from behind `Z` on.
    let from_a = low + (0x80 - b'A' as u64) * EACH;
    let behind_z = low + (0x80 - b'Z' as u64 - 1) * EACH;
    let is_capital = from_a & !behind_z & !word & TOP_BITS;
    word | is_capital >> 2
}

impl NameKey {
    /// Makes one that nobody knows.
    pub fn random() -> Self {
        Self {
            seed: rand::random(),
            factor: rand::random::<u64>() | 1,
        }
    }

    /// The key for names together with a number, such as a type.
    #[must_use]
    pub fn with(self, number: u16) -> Self {
        let seed = self.seed ^ u64::from(number) << 32;
        Self { seed, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_folded_as_its_octets_are() {
        for octet in u8::MIN..=u8::MAX {
            for place in 0..WORD_OCTETS {
                let mut octets = [b'Q', b'@', b'[', 0xff, 0, b'z', 0xc1, b'0'];
                octets[place] = octet;
                let folded = fold(u64::from_le_bytes(octets)).to_le_bytes();
                assert_eq!(folded, octets.map(|it| it.to_ascii_lowercase()));
            }
        }
    }

    #[test]
    fn only_letters_are_folded_so_no_other_octets_meet_in_a_hash() {
        let key = NameKey::random();
        for octet in u8::MIN..=u8::MAX {
            let [one, other] = [octet, octet ^ 0x20].map(|octet| {
                let labels = [&[octet, b'1'][..], b"default", b"nomad"];
                Name::from_labels(labels).unwrap()
            });
            let is_letter = octet.is_ascii_alphabetic();
            let is_same = one.keyed_hash(key) == other.keyed_hash(key);
            assert_eq!(is_same, is_letter, "{octet:#x}");
        }
        let name = Name::from_labels([&b"redis"[..], b"default", b"nomad"]).unwrap();
        assert_ne!(name.keyed_hash(key), name.keyed_hash(key.with(1)));
        assert_ne!(name.keyed_hash(key), name.keyed_hash(NameKey::random()));
    }
}
