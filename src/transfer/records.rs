//! Records in wire form, without compression: what a journal keeps.
//!
//! Floor 3.

use crate::answers::ZoneRecord;
use crate::dns::{Name, RecordType};

/// Type, class, TTL and length of the data, in octets (RFC 1035 §4.1.3).
const FIXED_OCTETS: usize = 10;
const CLASS_IN: u16 = 1;

/// Records, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    octets: Vec<u8>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredRecord<'a> {
    pub(super) owner: Name,
    pub(super) record_type: RecordType,
    pub(super) ttl: u32,
    pub(super) data: &'a [u8],
}

impl StoredRecord<'_> {
    /// The same, as it is listed.
    pub(super) fn as_zone_record(&self) -> ZoneRecord<'_> {
        ZoneRecord {
            labels: &[],
            parent: &self.owner,
            record_type: self.record_type,
            ttl: self.ttl,
            data: self.data,
        }
    }
}

impl Records {
    /// Adds a record.
    pub(super) fn push(&mut self, record: &ZoneRecord<'_>) {
        // No longer than a message can have; the listing has no longer ones.
        let Ok(length) = u16::try_from(record.data.len()) else {
            return;
        };
        let octets = &mut self.octets;
        for label in record.labels {
            octets.push(u8::try_from(label.len()).unwrap_or(0));
            octets.extend_from_slice(label);
        }
        octets.extend_from_slice(record.parent.as_wire());
        octets.extend_from_slice(&record.record_type.0.to_be_bytes());
        octets.extend_from_slice(&CLASS_IN.to_be_bytes());
        octets.extend_from_slice(&record.ttl.to_be_bytes());
        octets.extend_from_slice(&length.to_be_bytes());
        octets.extend_from_slice(record.data);
    }

    /// How many octets they take.
    pub(super) fn octets(&self) -> usize {
        self.octets.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Goes through them.
    pub(super) fn iter(&self) -> impl Iterator<Item = StoredRecord<'_>> {
        let mut rest = &*self.octets;
        std::iter::from_fn(move || {
            let (record, behind) = split(rest)?;
            rest = behind;
            Some(record)
        })
    }
}

/// The first record, and what is behind it.
fn split(octets: &[u8]) -> Option<(StoredRecord<'_>, &[u8])> {
    let owner = Name::from_wire(octets).ok()?;
    let rest = octets.get(owner.as_wire().len()..)?;
    let (&[t0, t1, _, _, ttl @ .., l0, l1], rest) = rest.split_first_chunk::<FIXED_OCTETS>()?;
    let (data, behind) = rest.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
    let record = StoredRecord {
        owner,
        record_type: RecordType(u16::from_be_bytes([t0, t1])),
        ttl: u32::from_be_bytes(ttl),
        data,
    };
    Some((record, behind))
}

/// The records that one version of a zone has and another has not.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) removed: Records,
    pub(super) added: Records,
}

impl Difference {
    /// Whether nothing differs.
    pub(super) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }
}
