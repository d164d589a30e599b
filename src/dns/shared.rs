//! One set of records for many questions: what a question's length changes in them.
//!
//! Floor 1. All pointers point into the question. Those of the records that belong to it point to its beginning,
//! wherever it ends; those of the additional section to where it ends as their names do.

use super::answer::{Parts, Saved};

/// The octets of a record behind its owner and before its data: type, class, TTL, length.
const FIXED_OCTETS: usize = 10;
/// The bits of a pointer's first octet (RFC 1035 §4.1.4).
const POINTER: u8 = 0xc0;

impl Parts {
    /// The same for a question whose name has so many octets; without a chain and an authority section.
    pub(super) fn to_question(&self, question_octets: usize) -> Self {
        let mut parts = self.clone();
        if question_octets == self.question_octets {
            return parts;
        }
        let (from, to) = (self.question_octets, question_octets);
        // What a pointer to the beginning saves grows with the question; what one to its end saves does not.
        let moved = |saved: usize, count: usize| (saved + count * to).saturating_sub(count * from);
        let answers = self.answer_starts.len();
        parts.saved = Saved {
            all: moved(self.saved.all, answers),
            in_set_record: moved(self.saved.in_set_record, answers.min(1)),
            ..self.saved
        };
        if self.additional_count > 0 {
            let mut records = self.records.to_vec();
            move_pointers(&mut records[self.authority_end..], from, to);
            parts.records = records.into();
        }
        parts.question_octets = question_octets;
        parts
    }
}

/// Moves the pointers that end the owners of whole records.
fn move_pointers(records: &mut [u8], from: usize, to: usize) {
    let mut at = 0;
    while let Some(&length) = records.get(at) {
        match length {
            0 => at += 1,
            _ if length & POINTER == POINTER => {
                if let Some(pointer) = records.get_mut(at..at + 2) {
                    let place = u16::from_be_bytes([pointer[0], pointer[1]]);
                    // Both are lengths of names, at most 255.
                    let (from, to) = (u16::try_from(from), u16::try_from(to));
                    let place = place + to.unwrap_or(0) - from.unwrap_or(0);
                    pointer.copy_from_slice(&place.to_be_bytes());
                }
                at += 2;
            }
            _ => {
                at += 1 + usize::from(length);
                continue;
            }
        }
        let data = records.get(at + FIXED_OCTETS - 2..at + FIXED_OCTETS);
        let data = data.map_or(0, |octets| u16::from_be_bytes([octets[0], octets[1]]));
        at += FIXED_OCTETS + usize::from(data);
    }
}
