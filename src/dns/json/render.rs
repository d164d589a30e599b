//! Renders an answer in wire form as JSON: Google's fields in Google's order, data as `dig` prints it.

use serde::Serialize;

use super::super::text::{extended_error_purpose, present_rdata};
use super::super::wire::{Flag, Message, MessageError, Question, ReadExtendedError, Record};
use super::super::{RecordType, Section};
use super::SubnetParameter;

/// Renders an answer; `client_subnet` is what the client said of itself, told back with scope 0.
///
/// # Errors
/// Octets that are no message.
pub fn render(
    message: &[u8],
    client_subnet: Option<&SubnetParameter>,
) -> Result<String, MessageError> {
    let message = Message::read(message)?;
    let document = GoogleDocument::new(&message, client_subnet);
    // Nothing in it can fail: its keys are strings, its numbers are finite.
    Ok(serde_json::to_string(&document).unwrap_or_default())
}

/// The document, in the order of its fields.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GoogleDocument<'message> {
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
    question: Vec<GoogleQuestion>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answer: Vec<GoogleRecord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authority: Vec<GoogleRecord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    additional: Vec<GoogleRecord>,
    #[serde(rename = "edns_client_subnet", skip_serializing_if = "Option::is_none")]
    client_subnet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(rename = "extended_dns_errors", skip_serializing_if = "Vec::is_empty")]
    extended_errors: Vec<ExtendedErrorForm<'message>>,
}

#[derive(Serialize)]
struct GoogleQuestion {
    name: String,
    r#type: u16,
}

#[derive(Serialize)]
struct GoogleRecord {
    name: String,
    r#type: u16,
    #[serde(rename = "TTL")]
    ttl: u32,
    data: String,
}

#[derive(Serialize)]
struct ExtendedErrorForm<'message> {
    info_code: u16,
    extra_text: std::borrow::Cow<'message, str>,
}

impl<'message> GoogleDocument<'message> {
    fn new(message: &Message<'message>, client_subnet: Option<&SubnetParameter>) -> Self {
        let header = message.header();
        let records = |section| {
            message
                .records(section)
                // The OPT is of the transport, not of the answer.
                .filter(|record| record.record_type != RecordType::OPT)
                .map(|record| GoogleRecord::new(record, message.octets()))
                .collect()
        };
        let errors = || {
            message
                .opt()
                .into_iter()
                .flat_map(|opt| opt.extended_errors())
        };
        Self {
            status: message.rcode().0,
            truncated: header.has(Flag::Truncated),
            recursion_desired: header.has(Flag::RecursionDesired),
            recursion_available: header.has(Flag::RecursionAvailable),
            authentic_data: header.has(Flag::AuthenticData),
            checking_disabled: header.has(Flag::CheckingDisabled),
            question: message.questions().map(GoogleQuestion::from).collect(),
            answer: records(Section::Answer),
            authority: records(Section::Authority),
            additional: records(Section::Additional),
            client_subnet: client_subnet.map(SubnetParameter::to_string),
            comment: errors()
                .map(|error| comment(&error))
                .reduce(|all, next| all + "; " + &next),
            extended_errors: errors()
                .map(|error| ExtendedErrorForm {
                    info_code: error.code,
                    extra_text: error.text,
                })
                .collect(),
        }
    }
}

impl From<Question> for GoogleQuestion {
    fn from(question: Question) -> Self {
        Self {
            name: question.name.to_text(),
            r#type: question.record_type.0,
        }
    }
}

impl GoogleRecord {
    fn new(record: Record, message: &[u8]) -> Self {
        Self {
            name: record.owner.to_text(),
            r#type: record.record_type.0,
            ttl: record.ttl,
            data: present_rdata(message, record.rdata, record.record_type, record.class),
        }
    }
}

/// Says an extended error for people.
fn comment(error: &ReadExtendedError<'_>) -> String {
    let purpose = extended_error_purpose(error.code).unwrap_or("Unassigned");
    let gap = if error.text.is_empty() { "" } else { ": " };
    format!("EDE({}): {purpose}{gap}{}", error.code, error.text)
}
