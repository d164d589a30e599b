//! A query as an object of JSON in one line; `docs/query-log.md` lists its members, which keep their names and meaning.
//!
//! Floor 2.

use std::net::IpAddr;

use serde::Serialize;
use time::OffsetDateTime;

use super::record::DecodedEntry;

/// The members, in their order.
#[derive(Serialize)]
struct JsonMembers<'record> {
    time: String,
    client: Option<IpAddr>,
    port: u16,
    transport: &'static str,
    id: u16,
    opcode: String,
    name: Option<String>,
    #[serde(rename = "type")]
    record_type: Option<String>,
    class: Option<String>,
    query_octets: usize,
    payload_octets: Option<u16>,
    dnssec_ok: bool,
    rcode: Option<String>,
    flags: Vec<&'static str>,
    answers: Option<u16>,
    extended_errors: &'record [u16],
    response_octets: usize,
    duration_seconds: f64,
}

/// Appends the line of a query.
pub(super) fn append(record: &DecodedEntry, out: &mut Vec<u8>) {
    let response = record.response.as_ref();
    let members = JsonMembers {
        time: timestamp(record.time),
        client: record.client,
        port: record.port,
        transport: record.transport.as_str(),
        id: record.id,
        opcode: record.opcode.to_string(),
        name: record
            .question
            .map(|(name, ..)| name.to_string().to_ascii_lowercase()),
        record_type: record
            .question
            .map(|(_, record_type, _)| record_type.to_string()),
        class: record.question.map(|(.., class)| class.to_string()),
        query_octets: record.query_octets,
        payload_octets: record.payload_octets,
        dnssec_ok: record.dnssec_ok,
        rcode: response.map(|it| it.rcode.to_string()),
        flags: response.map(|it| it.flags()).unwrap_or_default(),
        answers: response.map(|it| it.answers()),
        extended_errors: response.map_or(&[], |it| &it.extended_errors),
        response_octets: response.map_or(0, |it| it.octets),
        duration_seconds: record.duration.as_secs_f64(),
    };
    // Texts, numbers and lists: there is nothing that JSON has no form for, and a vector takes everything.
    let _ = serde_json::to_writer(&mut *out, &members);
    out.push(b'\n');
}

/// RFC 3339 in UTC, with microseconds.
fn timestamp(time: OffsetDateTime) -> String {
    let (date, hour, minute, second, micros) = (
        time.date(),
        time.hour(),
        time.minute(),
        time.second(),
        time.microsecond(),
    );
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}
