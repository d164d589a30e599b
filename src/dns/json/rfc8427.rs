//! Renders an answer in wire form as the JSON of RFC 8427, with the members that `kdig +json` prints.
//!
//! It leaves out the time and length, which describe the transfer and not the message.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::super::text::{expand_rdata, present_rdata};
use super::super::wire::{Flag, Message, MessageError, Question, Record};
use super::super::{Class, RecordType, Section};

/// Renders a message by RFC 8427.
///
/// # Errors
/// Octets that are no message.
pub fn render(message: &[u8]) -> Result<String, MessageError> {
    let document = Rfc8427Document::new(&Message::read(message)?);
    // Nothing in it can fail: its keys are strings, its numbers are finite.
    Ok(serde_json::to_string(&document).unwrap_or_default())
}

/// RFC 8427 §2.1; bits are numbers, as in its examples.
#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Rfc8427Document {
    id: u16,
    qr: u8,
    #[serde(rename = "Opcode")]
    opcode: u8,
    aa: u8,
    tc: u8,
    rd: u8,
    ra: u8,
    ad: u8,
    cd: u8,
    /// The four bits of the header; the others stand in the TTL of the OPT.
    rcode: u16,
    qdcount: u16,
    ancount: u16,
    nscount: u16,
    arcount: u16,
    #[serde(flatten)]
    question: Option<Rfc8427Question>,
    #[serde(rename = "answerRRs", skip_serializing_if = "Vec::is_empty")]
    answer: Vec<Rfc8427Record>,
    #[serde(rename = "authorityRRs", skip_serializing_if = "Vec::is_empty")]
    authority: Vec<Rfc8427Record>,
    #[serde(rename = "additionalRRs", skip_serializing_if = "Vec::is_empty")]
    additional: Vec<Rfc8427Record>,
}

/// The first question.
#[derive(Serialize)]
struct Rfc8427Question {
    #[serde(rename = "QNAME")]
    name: String,
    #[serde(rename = "QTYPE")]
    record_type: u16,
    #[serde(rename = "QTYPEname")]
    type_name: String,
    #[serde(rename = "QCLASS")]
    class: u16,
    #[serde(rename = "QCLASSname")]
    class_name: String,
}

/// RFC 8427 §2.2, with the data as text (§2.3) and as octets.
struct Rfc8427Record {
    owner: String,
    record_type: RecordType,
    class: Class,
    ttl: u32,
    /// None for a type that has no form of its own.
    text: Option<String>,
    /// With its names written out, so that it can be read without the message.
    octets: Vec<u8>,
}

impl Rfc8427Document {
    fn new(message: &Message<'_>) -> Self {
        let header = message.header();
        let bit = |flag| u8::from(header.has(flag));
        let records = |section| {
            let records = message.records(section);
            records
                .map(|record| Rfc8427Record::new(record, message.octets()))
                .collect()
        };
        Self {
            id: header.id,
            qr: bit(Flag::Response),
            opcode: header.opcode().0,
            aa: bit(Flag::Authoritative),
            tc: bit(Flag::Truncated),
            rd: bit(Flag::RecursionDesired),
            ra: bit(Flag::RecursionAvailable),
            ad: bit(Flag::AuthenticData),
            cd: bit(Flag::CheckingDisabled),
            rcode: message.rcode().0 & 0xf,
            qdcount: header.question_count(),
            ancount: header.record_count(Section::Answer),
            nscount: header.record_count(Section::Authority),
            arcount: header.record_count(Section::Additional),
            question: message.questions().next().map(Rfc8427Question::from),
            answer: records(Section::Answer),
            authority: records(Section::Authority),
            additional: records(Section::Additional),
        }
    }
}

impl From<Question> for Rfc8427Question {
    fn from(question: Question) -> Self {
        Self {
            name: question.name.to_text(),
            record_type: question.record_type.0,
            type_name: question.record_type.to_string(),
            class: question.class.0,
            class_name: question.class.to_string(),
        }
    }
}

impl Rfc8427Record {
    fn new(record: Record, message: &[u8]) -> Self {
        let Record {
            owner,
            record_type,
            class,
            ttl,
            rdata,
        } = record;
        let has_text = record_type != RecordType::OPT && record_type.mnemonic().is_some();
        Self {
            owner: owner.to_text(),
            record_type,
            class,
            ttl,
            octets: expand_rdata(message, rdata.clone(), record_type, class),
            text: has_text.then(|| present_rdata(message, rdata, record_type, class)),
        }
    }
}

impl Serialize for Rfc8427Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let type_name = self.record_type.to_string();
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("NAME", &self.owner)?;
        members.serialize_entry("TYPE", &self.record_type.0)?;
        members.serialize_entry("TYPEname", &type_name)?;
        members.serialize_entry("CLASS", &self.class.0)?;
        // The class of an OPT is a size.
        if self.record_type != RecordType::OPT {
            members.serialize_entry("CLASSname", &self.class.to_string())?;
        }
        members.serialize_entry("TTL", &self.ttl)?;
        if let Some(text) = &self.text {
            members.serialize_entry(&format!("rdata{type_name}"), text)?;
        }
        members.serialize_entry("RDLENGTH", &self.octets.len())?;
        if !self.octets.is_empty() {
            members.serialize_entry("RDATAHEX", &capitals(&self.octets))?;
        }
        members.end()
    }
}

fn capitals(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}
