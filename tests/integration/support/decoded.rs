//! An answer in a form that is the same for every transport: messages decoded by hickory, JSON by serde.
//!
//! Names and data are written by RFC 1035 §5.1 here once more, so that the gateway's own text is not its
//! own witness.

use std::fmt::Write;

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::rdata::svcb::SvcParamValue;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use serde_json::Value;

/// A decoded answer. Records are sorted, since their order is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DecodedAnswer {
    pub(crate) rcode: u16,
    pub(crate) answer: Vec<Line>,
    pub(crate) authority: Vec<Line>,
    pub(crate) additional: Vec<Line>,
    /// The codes of RFC 8914.
    pub(crate) extended_errors: Vec<u16>,
}

const SOA: u16 = 6;
/// The place of the serial in the data of a SOA.
const SERIAL: usize = 2;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    /// In small letters.
    pub(crate) owner: String,
    pub(crate) record_type: u16,
    pub(crate) ttl: u32,
    pub(crate) data: String,
}

impl DecodedAnswer {
    pub(crate) fn of_message(message: &Message) -> Self {
        Self {
            rcode: message.metadata.response_code.into(),
            answer: lines(&message.answers),
            authority: lines(&message.authorities),
            additional: lines(&message.additionals),
            extended_errors: extended_error(message).into_iter().collect(),
        }
    }

    pub(crate) fn of_json(document: &Value) -> Self {
        let section = |key: &str| {
            let records = document[key].as_array().into_iter().flatten();
            sorted(records.map(line_of_json).collect())
        };
        let errors = document["extended_dns_errors"].as_array();
        let codes = errors.into_iter().flatten().map(|error| {
            let code = error["info_code"].as_u64().unwrap();
            u16::try_from(code).unwrap()
        });
        Self {
            rcode: u16::try_from(document["Status"].as_u64().unwrap()).unwrap(),
            answer: section("Answer"),
            authority: section("Authority"),
            additional: section("Additional"),
            extended_errors: codes.collect(),
        }
    }

    /// The data of the answer's records, sorted.
    pub(crate) fn data(&self) -> Vec<&str> {
        self.answer.iter().map(|line| line.data.as_str()).collect()
    }
}

/// Writes a name with what would not read back escaped.
pub(crate) fn name_text<'label>(labels: impl IntoIterator<Item = &'label [u8]>) -> String {
    let mut text = String::new();
    for label in labels {
        for &octet in label {
            match octet {
                b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                    text.extend(['\\', char::from(octet)]);
                }
                b'!'..=b'~' => text.push(char::from(octet)),
                _ => write!(text, "\\{octet:03}").unwrap(),
            }
        }
        text.push('.');
    }
    if text.is_empty() {
        ".".to_owned()
    } else {
        text
    }
}

/// Writes a name of hickory's.
pub(crate) fn text_of(name: &Name) -> String {
    name_text(name.iter())
}

fn lines(records: &[Record]) -> Vec<Line> {
    let records = records
        .iter()
        .filter(|record| record.record_type() != RecordType::OPT);
    let line = |record: &Record| Line {
        owner: text_of(&record.name).to_ascii_lowercase(),
        record_type: record.record_type().into(),
        ttl: record.ttl,
        data: data_text(&record.data),
    };
    sorted(records.map(line).collect())
}

fn line_of_json(record: &Value) -> Line {
    let number = |key: &str| record[key].as_u64().unwrap();
    Line {
        owner: record["name"].as_str().unwrap().to_ascii_lowercase(),
        record_type: u16::try_from(number("type")).unwrap(),
        ttl: u32::try_from(number("TTL")).unwrap(),
        data: record["data"].as_str().unwrap().to_owned(),
    }
}

fn sorted(mut lines: Vec<Line>) -> Vec<Line> {
    // A serial may rise between two questions, when the health of another service becomes known.
    for line in lines.iter_mut().filter(|line| line.record_type == SOA) {
        let mut fields: Vec<&str> = line.data.split(' ').collect();
        fields[SERIAL] = "SERIAL";
        line.data = fields.join(" ");
    }
    lines.sort();
    lines
}

fn data_text(data: &RData) -> String {
    match data {
        RData::A(address) => address.to_string(),
        RData::AAAA(address) => address.to_string(),
        RData::CNAME(name) => text_of(name),
        RData::NS(name) => text_of(name),
        RData::PTR(name) => text_of(name),
        RData::SRV(srv) => {
            let target = text_of(&srv.target);
            format!("{} {} {} {target}", srv.priority, srv.weight, srv.port)
        }
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            text_of(&soa.mname),
            text_of(&soa.rname),
            soa.serial,
            soa.refresh,
            soa.retry,
            soa.expire,
            soa.minimum
        ),
        RData::HTTPS(https) => {
            let hints = https.svc_params.iter().map(|(_, value)| match value {
                SvcParamValue::Ipv4Hint(hint) => format!(" ipv4hint={}", hint.0[0].0),
                other => panic!("no answer has {other:?}"),
            });
            let target = text_of(&https.target_name);
            let hints: String = hints.collect();
            format!("{} {target}{hints}", https.svc_priority)
        }
        RData::TXT(txt) => quoted(txt.txt_data.iter().map(AsRef::as_ref)),
        RData::HINFO(info) => quoted([info.cpu.as_ref(), info.os.as_ref()]),
        other => panic!("no answer has {other:?}"),
    }
}

/// Writes character strings, each in quotes.
fn quoted<'text>(texts: impl IntoIterator<Item = &'text [u8]>) -> String {
    let one = |octets: &[u8]| {
        let mut text = String::from('"');
        for &octet in octets {
            match octet {
                b'"' | b'\\' => text.extend(['\\', char::from(octet)]),
                b' '..=b'~' => text.push(char::from(octet)),
                _ => write!(text, "\\{octet:03}").unwrap(),
            }
        }
        text + "\""
    };
    texts.into_iter().map(one).collect::<Vec<_>>().join(" ")
}

fn extended_error(message: &Message) -> Option<u16> {
    match message.edns.as_ref()?.option(EdnsCode::Unknown(15))? {
        EdnsOption::Unknown(15, data) => Some(u16::from_be_bytes([data[0], data[1]])),
        other => panic!("no extended error: {other:?}"),
    }
}
