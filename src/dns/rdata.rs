//! Writes one record of an answer in wire form.
//!
//! Floor 1. Names are compressed against the question only, or not at all. `builder` decides where a record goes.

use super::Name;

/// Where the question's name stands in a message: right behind the header.
const QUESTION_AT: u16 = 12;
/// A pointer to it, in octets (RFC 1035 §4.1.4).
const POINTER_OCTETS: usize = 2;

/// Writes the data of one record.
#[derive(Debug)]
pub struct Rdata<'builder> {
    pub(super) octets: &'builder mut Vec<u8>,
    pub(super) question: &'builder Name,
    /// The octets that pointers saved so far.
    pub(super) saved: usize,
}

impl<'builder> Rdata<'builder> {
    /// Writes data that stands in no message: names are written in full.
    pub fn alone(octets: &'builder mut Vec<u8>) -> Self {
        Self {
            octets,
            question: &Name::ROOT,
            saved: 0,
        }
    }

    /// Appends octets as they are.
    pub fn octets(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// Appends a number of 16 bits.
    pub fn u16(&mut self, number: u16) {
        self.octets(&number.to_be_bytes());
    }

    /// Appends a number of 32 bits.
    pub fn u32(&mut self, number: u32) {
        self.octets(&number.to_be_bytes());
    }

    /// Appends a character string, cut after 255 octets (RFC 1035 §3.3).
    pub fn text(&mut self, text: &[u8]) {
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        self.octets.push(length);
        self.octets(&text[..usize::from(length)]);
    }

    /// Appends a name, its end replaced by a pointer to where the question ends alike (RFC 1035 §4.1.4).
    pub fn name(&mut self, name: &Name) {
        let (asked, labels) = (self.question.as_wire(), name.labels());
        let mut rest = name.as_wire();
        for label in labels.iter() {
            let from = asked.len().checked_sub(rest.len());
            if let Some(from) = from
                && asked[from..].eq_ignore_ascii_case(rest)
                && is_label_start(asked, from)
            {
                return self.pointer(from);
            }
            let (head, tail) = rest.split_at(label.len() + 1);
            self.octets(head);
            rest = tail;
        }
        self.octets.push(0);
    }

    /// Appends a pointer to where the question's name goes on at octet `from`.
    pub(super) fn pointer(&mut self, from: usize) {
        // A name has at most 255 octets.
        let place = u16::try_from(from).unwrap_or(0);
        self.u16(0xc000 | (QUESTION_AT + place));
        let meant = self.question.as_wire().len() - from;
        self.saved += meant.saturating_sub(POINTER_OCTETS);
    }

    /// Appends a name in full: the target of an SRV record (RFC 2782).
    pub fn plain_name(&mut self, name: &Name) {
        self.octets(name.as_wire());
    }
}

fn is_label_start(name: &[u8], place: usize) -> bool {
    let mut at = 0;
    while at < place {
        at += 1 + usize::from(name[at]);
    }
    at == place
}
