//! Tells two lists of records apart without keeping them: by a hash of each record.
//!
//! Floor 3. A service of thousands of instances has megabytes of records, and most changes touch few of them.

use std::hash::{Hash, Hasher as _};

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::answers::{ListFlow, ZoneRecord};

/// Something that lists records.
pub(super) type RecordList<'a> =
    dyn Fn(&mut dyn FnMut(ZoneRecord<'_>) -> ListFlow) -> ListFlow + 'a;

/// Hashes records, by a key that nobody knows: those of two records are the same only if the records are.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordHasher(SipHasher13);

impl RecordHasher {
    pub(super) fn random() -> Self {
        Self(SipHasher13::new_with_keys(rand::random(), rand::random()))
    }

    /// The hash of a record.
    pub(super) fn hash(&self, record: &ZoneRecord<'_>) -> u128 {
        let mut hasher = self.0;
        for label in record.labels {
            hasher.write_u8(u8::try_from(label.len()).unwrap_or(u8::MAX));
            hasher.write(label);
        }
        hasher.write(record.parent.as_wire());
        hasher.write_u16(record.record_type.0);
        hasher.write_u32(record.ttl);
        hasher.write(record.data);
        hasher.finish128().as_u128()
    }

    /// The hashes of all records of a list, in their order, each once.
    pub(super) fn hashes(&self, list: &RecordList<'_>) -> Vec<u128> {
        let mut hashes = Vec::new();
        // It does not break.
        let _ = list(&mut |record| {
            hashes.push(self.hash(&record));
            ListFlow::Continue(())
        });
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// The sum of the hashes of a list, which is the same if the records are, and takes no memory.
    pub(super) fn sum(&self, list: &RecordList<'_>) -> u128 {
        let mut sum = 0_u128;
        // It does not break.
        let _ = list(&mut |record| {
            sum = sum.wrapping_add(self.hash(&record));
            ListFlow::Continue(())
        });
        sum
    }

    /// The sum of the hashes of other things, likewise.
    pub(super) fn sum_of<T: Hash>(&self, all: impl Iterator<Item = T>) -> u128 {
        let hash = |it: T| {
            let mut hasher = self.0;
            it.hash(&mut hasher);
            hasher.finish128().as_u128()
        };
        all.map(hash).fold(0, u128::wrapping_add)
    }
}
