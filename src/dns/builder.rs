//! Builds an answer record by record, directly in wire form.
//!
//! Names are compressed against the question only, so the target of a pointer is in every copy of the answer,
//! whichever records the copy has and in whatever order.

use std::sync::Arc;

use super::answer::{AnswerParts, ExtendedError, OfName, Saved};
use super::rdata::Rdata;
use super::{Answer, Class, Name, Rcode, RecordType};

/// The most octets that the records of an answer may take; of more there is a part, which says so by TC.
///
/// A message holds 65,535 octets, and those that cannot hold all records hold others each time.
const MOST_RECORD_OCTETS: usize = 1 << 20;

/// The most records of an answer: each count of the header has 16 bits, and one more is for the OPT.
const MOST_RECORDS: usize = 65_534;

/// Room for the records of most answers of others, in octets, so that it is not made piece by piece.
const RECEIVED_OCTETS: usize = 128;

/// Builds one answer; sections are filled in their order.
#[derive(Debug)]
pub struct AnswerBuilder {
    question: Name,
    parts: AnswerParts,
    octets: Vec<u8>,
    starts: Vec<u32>,
    additional: Vec<OfName>,
    /// The type of the records behind the chain.
    set_type: Option<RecordType>,
    /// The last name that the additional section speaks of.
    additional_name: Option<Name>,
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
    /// Another name, written in full: it is the same behind every question.
    Whole(&'name Name),
}

impl AnswerBuilder {
    /// Starts an authoritative answer about the cluster without records, to a question for `name`.
    pub fn new(name: &Name) -> Self {
        let parts = AnswerParts {
            rcode: Rcode::NOERROR,
            question_octets: name.as_wire().len(),
            authoritative: true,
            is_of_cluster: true,
            authentic: false,
            records: Arc::default(),
            answer_starts: Arc::default(),
            chain_count: 0,
            answer_end: 0,
            authority_end: 0,
            authority_count: 0,
            additional: Arc::default(),
            additional_count: 0,
            rotates: true,
            is_part: false,
            saved: Saved::default(),
            freshness_seconds: None,
            extended_error: None,
        };
        Self {
            question: *name,
            parts,
            octets: Vec::new(),
            starts: Vec::new(),
            additional: Vec::new(),
            set_type: None,
            additional_name: None,
        }
    }

    /// Starts an authoritative answer that does not depend on Nomad, and so is never old.
    pub fn local(name: &Name) -> Self {
        let mut builder = Self::new(name);
        builder.parts.is_of_cluster = false;
        builder
    }

    /// Makes an answer without records that is nobody's authority: an error's.
    pub fn error(rcode: Rcode, extended_error: Option<ExtendedError>) -> Answer {
        let mut builder = Self::local(&Name::ROOT);
        builder.parts.rcode = rcode;
        builder.parts.authoritative = false;
        builder.parts.extended_error = extended_error;
        Answer::new(builder.parts)
    }

    /// Starts the answer that another server gave; `authentic` says that it has validated it.
    pub(super) fn received(name: &Name, rcode: Rcode, authentic: bool) -> Self {
        let mut builder = Self::local(name);
        builder.octets.reserve(RECEIVED_OCTETS);
        builder.parts.rcode = rcode;
        builder.parts.authoritative = false;
        builder.parts.authentic = authentic;
        builder
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
    /// A record that is too large, or one too many, is left out; but for an additional one, TC says so.
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
            saved: 0,
        };
        match owner {
            Owner::Question => rdata.pointer(0),
            Owner::Name(name) => rdata.name(name),
            Owner::Whole(name) => rdata.plain_name(name),
        }
        rdata.u16(record_type.0);
        rdata.u16(Class::IN.0);
        rdata.octets(&ttl.to_be_bytes());
        let length_at = rdata.octets.len();
        rdata.u16(0);
        write(&mut rdata);
        let saved = rdata.saved;
        let length = u16::try_from(self.octets.len() - length_at - 2);
        let has_room =
            self.octets.len() <= MOST_RECORD_OCTETS && self.record_count() < MOST_RECORDS;
        match (length, u32::try_from(start)) {
            (Ok(length), Ok(start)) if has_room => {
                self.octets[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
                match section {
                    Section::Answer => self.account_answer(record_type, start, saved),
                    Section::Authority => self.account_authority(saved),
                    Section::Additional => self.account_additional(owner, start, saved),
                }
                self.parts.saved.all += saved;
                self.account_freshness(section, record_type, ttl);
            }
            _ => {
                self.octets.truncate(start);
                self.parts.is_part |= section != Section::Additional;
            }
        }
    }

    /// How many records the answer section has.
    pub fn answer_count(&self) -> usize {
        self.starts.len() + self.parts.answer_starts.len()
    }

    /// Takes the records of an answer to another question, instead of making them; nothing else is appended then.
    ///
    /// Each of its owners is that question, or a name in full.
    pub fn adopt(&mut self, answer: &Answer) {
        let parts = answer.parts().to_question(self.parts.question_octets);
        let (rcode, extended_error) = (self.parts.rcode, self.parts.extended_error);
        self.parts = AnswerParts {
            rcode,
            extended_error,
            ..parts
        };
    }

    fn record_count(&self) -> usize {
        let (parts, answers) = (&self.parts, self.starts.len());
        answers + usize::from(parts.authority_count) + usize::from(parts.additional_count)
    }

    /// Makes the answer.
    pub fn finish(self) -> Answer {
        let mut parts = self.parts;
        if parts.answer_starts.is_empty() {
            parts.records = self.octets.into();
            parts.answer_starts = self.starts.into();
            parts.additional = self.additional.into();
        }
        Answer::new(parts)
    }

    fn account_answer(&mut self, record_type: RecordType, start: u32, saved: usize) {
        let (parts, end) = (&mut self.parts, self.octets.len());
        self.starts.push(start);
        (parts.answer_end, parts.authority_end) = (end, end);
        if record_type == RecordType::CNAME && self.set_type.is_none() {
            parts.chain_count += 1;
            parts.saved.chain += saved;
            return;
        }
        // Records of one type and owner are a set without order; others are told in theirs.
        parts.rotates &= *self.set_type.get_or_insert(record_type) == record_type;
        parts.saved.in_set_record = parts.saved.in_set_record.max(saved);
    }

    fn account_authority(&mut self, saved: usize) {
        let parts = &mut self.parts;
        parts.authority_end = self.octets.len();
        parts.authority_count += 1;
        parts.saved.authority += saved;
    }

    fn account_additional(&mut self, owner: Owner<'_>, start: u32, saved: usize) {
        let parts = &mut self.parts;
        let name = match owner {
            Owner::Question => self.question,
            Owner::Name(name) | Owner::Whole(name) => *name,
        };
        if self.additional_name != Some(name) {
            let before = parts.additional_count;
            self.additional.push(OfName { start, before });
            self.additional_name = Some(name);
        }
        parts.additional_count += 1;
        parts.saved.in_additional_record = parts.saved.in_additional_record.max(saved);
    }

    /// RFC 8484 §5.1: the least TTL of the answer section, and what a denial's SOA allows.
    fn account_freshness(&mut self, section: Section, record_type: RecordType, ttl: u32) {
        let counts = match section {
            Section::Answer => true,
            Section::Authority => record_type == RecordType::SOA,
            Section::Additional => false,
        };
        if counts {
            let known = &mut self.parts.freshness_seconds;
            *known = Some(known.map_or(ttl, |least| least.min(ttl)));
        }
    }
}
