//! Parses the JSON form of an answer, as a script would.

use serde::Deserialize;

use super::error::LookupError;
use super::reply::{LookupReply, RecordLine};
use crate::dns::wire::Flag;
use crate::dns::{Class, Opcode, Rcode, RecordType};

/// Reads an answer in JSON.
///
/// # Errors
/// What is not of this form.
pub(super) fn read(octets: &[u8]) -> Result<LookupReply, LookupError> {
    let document: JsonDocument = serde_json::from_slice(octets)?;
    let flags = [
        (Flag::Truncated, document.truncated),
        (Flag::RecursionDesired, document.recursion_desired),
        (Flag::RecursionAvailable, document.recursion_available),
        (Flag::AuthenticData, document.authentic_data),
        (Flag::CheckingDisabled, document.checking_disabled),
    ];
    Ok(LookupReply {
        id: 0,
        opcode: Opcode::QUERY,
        rcode: Rcode(document.status),
        flags: flags
            .into_iter()
            .filter(|(_, set)| *set)
            .map(|(flag, _)| flag)
            .collect(),
        questions: document
            .question
            .into_iter()
            .map(|question| (safe(&question.name), Class::IN, RecordType(question.r#type)))
            .collect(),
        sections: [document.answer, document.authority, document.additional]
            .map(|records| records.into_iter().map(RecordLine::from).collect()),
        opt: None,
        extended_errors: document
            .extended_errors
            .into_iter()
            .map(|error| (error.info_code, safe(&error.extra_text)))
            .collect(),
        octets: octets.len(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct JsonDocument {
    status: u16,
    #[serde(rename = "TC")]
    truncated: bool,
    #[serde(rename = "RD")]
    recursion_desired: bool,
    #[serde(rename = "RA")]
    recursion_available: bool,
    #[serde(rename = "AD")]
    authentic_data: bool,
    #[serde(rename = "CD")]
    checking_disabled: bool,
    question: Vec<JsonQuestion>,
    #[serde(default)]
    answer: Vec<JsonRecord>,
    #[serde(default)]
    authority: Vec<JsonRecord>,
    #[serde(default)]
    additional: Vec<JsonRecord>,
    #[serde(default, rename = "extended_dns_errors")]
    extended_errors: Vec<JsonExtendedError>,
}

#[derive(Deserialize)]
struct JsonQuestion {
    name: String,
    r#type: u16,
}

#[derive(Deserialize)]
struct JsonRecord {
    name: String,
    r#type: u16,
    #[serde(rename = "TTL")]
    ttl: u32,
    data: String,
}

#[derive(Deserialize)]
struct JsonExtendedError {
    info_code: u16,
    #[serde(default)]
    extra_text: String,
}

impl From<JsonRecord> for RecordLine {
    fn from(record: JsonRecord) -> Self {
        Self {
            owner: safe(&record.name),
            ttl: record.ttl,
            class: Class::IN,
            record_type: RecordType(record.r#type),
            data: safe(&record.data),
        }
    }
}

/// What a server sent, with nothing in it that a terminal would obey.
fn safe(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}
