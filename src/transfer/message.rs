//! Writes the messages of a transfer (RFC 5936 §2.2): as many records in each as it takes.
//!
//! Floor 3. Names are compressed against the zone's apex, against what many names are below, and against the last owner,
//! which pointers can reach in a message of 16 KiB.

use crate::answers::ZoneRecord;
use crate::dns::wire::{HEADER_OCTETS, MESSAGE_OCTETS as MOST_OCTETS};
use crate::dns::{Name, Query};

/// The octets of a message, which pointers reach all of; one record may take more.
const MESSAGE_OCTETS: usize = 16 * 1024;
/// The names that others were found to be below lately.
const PARENTS: usize = 8;
const CLASS_IN: u16 = 1;

/// A message that is filled with records.
#[derive(Debug)]
pub(super) struct MessageWriter {
    octets: Vec<u8>,
    id: [u8; 2],
    flags: [u8; 2],
    answers: u16,
    /// What the message must leave room for.
    reserved: usize,
    /// The OPT that is owed, in the first message.
    opt: Vec<u8>,
    /// All names end with it; 0 where it is not written yet.
    apex: Name,
    apex_at: u16,
    parents: Vec<(Name, u16)>,
    next_parent: usize,
    /// The labels of the last owner, what they are below, and where it stands.
    last: (Vec<u8>, Name, u16),
    /// The last label before a parent, and where that stands.
    middle: (Vec<u8>, u16),
}

/// Whether a record is in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Push {
    Done,
    /// There is no room: it belongs into the next message.
    Full,
}

impl MessageWriter {
    /// Begins the first message of the answer to a query, which has its question and that OPT; `reserved` octets are left for
    /// what is added to each.
    pub(super) fn new(query: &Query, opt: Vec<u8>, reserved: usize) -> Self {
        let mut writer = Self {
            octets: Vec::with_capacity(MESSAGE_OCTETS),
            id: query.id.to_be_bytes(),
            flags: flags(query),
            answers: 0,
            reserved: reserved + opt.len(),
            opt,
            apex: query.name,
            apex_at: 0,
            parents: Vec::with_capacity(PARENTS),
            next_parent: 0,
            last: (Vec::new(), Name::ROOT, 0),
            middle: (Vec::new(), 0),
        };
        writer.begin(1);
        writer.write_name(&[], &query.name);
        for number in [query.record_type.0, query.class.0] {
            writer.octets.extend_from_slice(&number.to_be_bytes());
        }
        writer
    }

    /// Adds a record, if there is room.
    pub(super) fn push(&mut self, record: &ZoneRecord<'_>) -> Push {
        let start = self.octets.len();
        let is_first = self.answers == 0;
        let most = match is_first {
            // It fits nowhere else.
            true => MOST_OCTETS,
            false => MESSAGE_OCTETS,
        } - self.reserved;
        // The owner takes no more than its name.
        let owner: usize = record.labels.iter().map(|label| 1 + label.len()).sum();
        let octets = owner + record.parent.as_wire().len() + 10 + record.data.len();
        if start + octets > most || self.answers == u16::MAX {
            return Push::Full;
        }
        self.write_name(record.labels, record.parent);
        let length = u16::try_from(record.data.len()).unwrap_or(0);
        let mut fixed = [0; 10];
        fixed[..2].copy_from_slice(&record.record_type.0.to_be_bytes());
        fixed[2..4].copy_from_slice(&CLASS_IN.to_be_bytes());
        fixed[4..8].copy_from_slice(&record.ttl.to_be_bytes());
        fixed[8..].copy_from_slice(&length.to_be_bytes());
        self.octets.extend_from_slice(&fixed);
        self.octets.extend_from_slice(record.data);
        self.answers += 1;
        Push::Done
    }

    /// Hands the message out and begins the next, which has no question.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let mut message = std::mem::replace(&mut self.octets, Vec::with_capacity(MESSAGE_OCTETS));
        message[6..8].copy_from_slice(&self.answers.to_be_bytes());
        if !self.opt.is_empty() {
            message.append(&mut self.opt);
            message[11] = 1;
        }
        self.begin(0);
        message
    }

    fn begin(&mut self, questions: u16) {
        self.octets.clear();
        self.octets.extend_from_slice(&self.id);
        self.octets.extend_from_slice(&self.flags);
        self.octets.extend_from_slice(&questions.to_be_bytes());
        self.octets.resize(HEADER_OCTETS, 0);
        self.answers = 0;
        self.apex_at = 0;
        self.parents.clear();
        self.next_parent = 0;
        self.last = (Vec::new(), Name::ROOT, 0);
        self.middle = (Vec::new(), 0);
    }

    fn write_name(&mut self, labels: &[&[u8]], parent: &Name) {
        let is_below = self.last.1.as_wire() == parent.as_wire();
        if is_below && self.last.2 > 0 && is_same(&self.last.0, labels) {
            return self.pointer(self.last.2);
        }
        if !is_below {
            self.middle.0.clear();
        }
        let at = self.place();
        match labels.split_last() {
            Some((last, [])) => {
                self.write_labels(&[last]);
                self.write_parent(parent);
                self.middle = (last.to_vec(), at);
            }
            Some((last, first)) => {
                self.write_labels(first);
                if self.middle.1 > 0 && self.middle.0 == *last {
                    self.pointer(self.middle.1);
                } else {
                    let middle = self.place();
                    self.write_labels(&[last]);
                    self.write_parent(parent);
                    self.middle.0.clear();
                    self.middle.0.extend_from_slice(last);
                    self.middle.1 = middle;
                }
            }
            None => self.write_parent(parent),
        }
        let (kept, below, place) = &mut self.last;
        kept.clear();
        for label in labels {
            kept.push(u8::try_from(label.len()).unwrap_or(0));
            kept.extend_from_slice(label);
        }
        *below = *parent;
        *place = at;
    }

    fn write_labels(&mut self, labels: &[&[u8]]) {
        for label in labels {
            self.octets.push(u8::try_from(label.len()).unwrap_or(0));
            self.octets.extend_from_slice(label);
        }
    }

    /// Writes a name that others are below, its end as a pointer where it is known.
    fn write_parent(&mut self, parent: &Name) {
        let at = self.place();
        let mut rest = parent.as_wire();
        while rest.len() > 1 {
            if let Some(place) = self.find(rest) {
                self.pointer(place);
                break;
            }
            if rest == self.apex.as_wire() {
                self.apex_at = self.place();
            }
            let (label, behind) = rest.split_at(1 + usize::from(rest[0]));
            self.octets.extend_from_slice(label);
            rest = behind;
        }
        if rest.len() == 1 {
            self.octets.push(0);
        }
        if rest.len() == parent.as_wire().len() || at == 0 {
            return;
        }
        match self.parents.get_mut(self.next_parent) {
            Some(oldest) => *oldest = (*parent, at),
            None => self.parents.push((*parent, at)),
        }
        self.next_parent = (self.next_parent + 1) % PARENTS;
    }

    /// Where a name stands that was written before.
    fn find(&self, name: &[u8]) -> Option<u16> {
        if self.apex_at > 0 && name == self.apex.as_wire() {
            return Some(self.apex_at);
        }
        let mut parents = self.parents.iter();
        let known = parents.find(|(known, _)| known.as_wire() == name);
        known.map(|(_, place)| *place)
    }

    /// Where the next octet stands; 0 where no pointer reaches it.
    fn place(&self) -> u16 {
        let place = u16::try_from(self.octets.len()).unwrap_or(0);
        if place < 0x4000 { place } else { 0 }
    }

    fn pointer(&mut self, place: u16) {
        self.octets
            .extend_from_slice(&(0xc000 | place).to_be_bytes());
    }
}

/// Whether labels in wire form are these.
fn is_same(mut wire: &[u8], labels: &[&[u8]]) -> bool {
    for label in labels {
        match wire.split_first() {
            Some((length, rest))
                if usize::from(*length) == label.len() && rest.starts_with(label) =>
            {
                wire = &rest[label.len()..];
            }
            _ => return false,
        }
    }
    wire.is_empty()
}

/// QR and AA, and RD as it was asked (RFC 5936 §2.2.1).
fn flags(query: &Query) -> [u8; 2] {
    let recursion_desired = u8::from(query.flags.recursion_desired);
    [0x84 | recursion_desired, 0]
}
