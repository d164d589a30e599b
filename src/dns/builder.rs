//! Builds an answer record by record, straight into its wire form.
//!
//! Names are compressed against the question only: what an answer points to is then there in every copy
//! of it, however many records the copy has and in whatever order.

use super::answer::{ExtendedError, Parts};
use super::{Answer, Class, Name, Rcode, RecordType};

/// The most octets that the records of an answer may take; what comes after is left out.
///
/// A message holds 65,535 octets, and those that cannot hold all records hold others each time.
const MOST_RECORD_OCTETS: usize = 1 << 20;

/// Where the question's name stands in a message: right behind the header.
const QUESTION_AT: u16 = 12;

/// Builds one answer; sections are filled in their order.
#[derive(Debug)]
pub struct AnswerBuilder {
    question: Name,
    parts: Parts,
    octets: Vec<u8>,
    starts: Vec<u32>,
    answer_type: Option<RecordType>,
}

/// The section that a record goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What was asked for.
    Answer,
    /// The authority for a denial.
    Authority,
    /// The addresses of names in the answer.
    Additional,
}

/// The name that a record belongs to.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'name> {
    /// The name asked for.
    Question,
    /// Another name.
    Name(&'name Name),
}

/// Writes the data of one record.
#[derive(Debug)]
pub struct Rdata<'builder> {
    octets: &'builder mut Vec<u8>,
    question: &'builder Name,
}

impl AnswerBuilder {
    /// Starts an authoritative answer without records to a question for `name`.
    pub fn new(name: &Name) -> Self {
        let parts = Parts {
            rcode: Rcode::NOERROR,
            authoritative: true,
            records: Box::default(),
            answer_starts: Box::default(),
            answer_end: 0,
            authority_end: 0,
            authority_count: 0,
            additional_count: 0,
            chain: 0,
            rotates: true,
            freshness_seconds: None,
            extended_error: None,
        };
        Self {
            question: *name,
            parts,
            octets: Vec::new(),
            starts: Vec::new(),
            answer_type: None,
        }
    }

    /// Makes an answer without records that is nobody's authority: an error's.
    pub fn error(rcode: Rcode, extended_error: Option<ExtendedError>) -> Answer {
        let mut builder = Self::new(&Name::ROOT);
        builder.parts.rcode = rcode;
        builder.parts.authoritative = false;
        builder.parts.extended_error = extended_error;
        Answer::new(builder.parts)
    }

    /// Sets the code of the response.
    pub fn set_rcode(&mut self, rcode: Rcode) {
        self.parts.rcode = rcode;
    }

    /// Sets what is told beside the code of the response.
    pub fn set_extended_error(&mut self, extended_error: ExtendedError) {
        self.parts.extended_error = Some(extended_error);
    }

    /// Appends a record of class IN whose data `write` writes.
    ///
    /// A record that is too large, or one too many, is left out.
    pub fn push(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        record_type: RecordType,
        ttl: u32,
        write: impl FnOnce(&mut Rdata<'_>),
    ) {
        let start = self.octets.len();
        let mut rdata = Rdata {
            octets: &mut self.octets,
            question: &self.question,
        };
        match owner {
            Owner::Question => rdata.u16(0xc000 | QUESTION_AT),
            Owner::Name(name) => rdata.name(name),
        }
        rdata.u16(record_type.0);
        rdata.u16(Class::IN.0);
        rdata.octets(&ttl.to_be_bytes());
        let length_at = rdata.octets.len();
        rdata.u16(0);
        write(&mut rdata);
        let length = u16::try_from(self.octets.len() - length_at - 2);
        match (length, u32::try_from(start)) {
            (Ok(length), Ok(start)) if self.octets.len() <= MOST_RECORD_OCTETS => {
                self.octets[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
                self.account(section, record_type, ttl, start);
            }
            _ => self.octets.truncate(start),
        }
    }

    /// How many records the answer section has.
    pub fn answer_count(&self) -> usize {
        self.starts.len()
    }

    /// Makes the answer.
    pub fn finish(self) -> Answer {
        let mut parts = self.parts;
        parts.records = self.octets.into();
        parts.answer_starts = self.starts.into();
        Answer::new(parts)
    }

    fn account(&mut self, section: Section, record_type: RecordType, ttl: u32, start: u32) {
        let parts = &mut self.parts;
        let end = self.octets.len();
        match section {
            Section::Answer => {
                self.starts.push(start);
                (parts.answer_end, parts.authority_end) = (end, end);
                if record_type == RecordType::CNAME {
                    // A chain has an order; what it ends with is a set without.
                    parts.chain += 1;
                } else {
                    let kept = *self.answer_type.get_or_insert(record_type);
                    parts.rotates &= kept == record_type;
                }
            }
            Section::Authority => {
                parts.authority_end = end;
                parts.authority_count += 1;
            }
            Section::Additional => {
                parts.additional_count = parts.additional_count.saturating_add(1)
            }
        }
        // RFC 8484 §5.1: the least TTL of the answer section, and what a denial's SOA allows.
        let counts = match section {
            Section::Answer => true,
            Section::Authority => record_type == RecordType::SOA,
            Section::Additional => false,
        };
        if counts {
            let least = parts.freshness_seconds.map_or(ttl, |least| least.min(ttl));
            parts.freshness_seconds = Some(least);
        }
    }
}

impl Rdata<'_> {
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
                && let Ok(from) = u16::try_from(from)
            {
                return self.u16(0xc000 | (QUESTION_AT + from));
            }
            let (head, tail) = rest.split_at(label.len() + 1);
            self.octets(head);
            rest = tail;
        }
        self.octets.push(0);
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
