//! A response in the same form for every transport.

use std::collections::BTreeSet;

use super::error::LookupError;
use crate::dns::text::present_rdata;
use crate::dns::wire::{Flag, Message};
use crate::dns::{Class, Opcode, Query, Rcode, RecordType, Section};

/// The sections of records, in the order of a message.
pub(super) const SECTIONS: [Section; 3] =
    [Section::Answer, Section::Authority, Section::Additional];

/// An answer as it is printed and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupReply {
    /// The id of the message; 0 in JSON.
    pub id: u16,
    /// The opcode of the message.
    pub opcode: Opcode,
    /// All twelve bits of the code.
    pub rcode: Rcode,
    /// The bits of the header that are set.
    pub flags: Vec<Flag>,
    /// The questions: name, class and type.
    pub questions: Vec<(String, Class, RecordType)>,
    /// The records of the three sections, the OPT left out.
    pub sections: [Vec<RecordLine>; 3],
    /// What the OPT says, as lines.
    pub opt: Option<String>,
    /// The extended errors: code and text.
    pub extended_errors: Vec<(u16, String)>,
    /// The length of what came, in octets.
    pub octets: usize,
}

/// One record as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordLine {
    /// The name it belongs to.
    pub owner: String,
    /// How long it may be kept, in seconds.
    pub ttl: u32,
    /// Its class.
    pub class: Class,
    /// Its type.
    pub record_type: RecordType,
    /// Its data.
    pub data: String,
}

/// What two answers have to share to say the same: the code, and the records but for TTL and order.
///
/// Without the additional section, which a server may leave out for want of room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ComparedReply {
    pub(super) rcode: Rcode,
    pub(super) answer: BTreeSet<String>,
    pub(super) authority: BTreeSet<String>,
}

impl LookupReply {
    /// Reads the message that answers `query`.
    ///
    /// # Errors
    /// What is no message, or answers another question.
    pub(super) fn from_message(octets: &[u8], query: &Query) -> Result<Self, LookupError> {
        let message = Message::read(octets)?;
        let header = message.header();
        // A server that could not read the question gives none back.
        let is_ours = message.questions().all(|question| {
            question.name == query.name && question.record_type == query.record_type
        });
        if header.id != query.id || !header.has(Flag::Response) || !is_ours {
            return Err(LookupError::OtherQuestion);
        }
        Ok(Self {
            id: header.id,
            opcode: header.opcode(),
            rcode: message.rcode(),
            flags: Flag::ALL
                .into_iter()
                .filter(|flag| header.has(*flag))
                .collect(),
            questions: message
                .questions()
                .map(|question| {
                    (
                        question.name.to_string(),
                        question.class,
                        question.record_type,
                    )
                })
                .collect(),
            sections: SECTIONS.map(|section| lines(&message, section)),
            opt: message.opt().map(|opt| {
                let dnssec_ok = if opt.dnssec_ok() { " do" } else { "" };
                let (version, payload) = (opt.version, opt.payload_octets);
                format!("EDNS: version: {version}, flags:{dnssec_ok}; udp: {payload}")
            }),
            extended_errors: message
                .opt()
                .into_iter()
                .flat_map(|opt| opt.extended_errors())
                .map(|error| (error.code, error.text.escape_debug().to_string()))
                .collect(),
            octets: octets.len(),
        })
    }

    /// Whether it is cut short.
    pub fn is_truncated(&self) -> bool {
        self.flags.contains(&Flag::Truncated)
    }

    /// The parts that are compared with those of other replies.
    pub(super) fn compared(&self) -> ComparedReply {
        let [answer, authority, _] = &self.sections;
        let set = |lines: &[RecordLine]| lines.iter().map(RecordLine::without_ttl).collect();
        ComparedReply {
            rcode: self.rcode,
            answer: set(answer),
            authority: set(authority),
        }
    }
}

impl RecordLine {
    /// The record without its TTL; letter case of the owner does not count (RFC 4343).
    fn without_ttl(&self) -> String {
        let owner = self.owner.to_ascii_lowercase();
        format!("{owner} {} {} {}", self.class, self.record_type, self.data)
    }
}

fn lines(message: &Message<'_>, section: Section) -> Vec<RecordLine> {
    message
        .records(section)
        .filter(|record| record.record_type != RecordType::OPT)
        .map(|record| RecordLine {
            owner: record.owner.to_string(),
            ttl: record.ttl,
            class: record.class,
            record_type: record.record_type,
            data: present_rdata(
                message.octets(),
                record.rdata,
                record.record_type,
                record.class,
            ),
        })
        .collect()
}
