//! What a client showed of an answer, in one form for all of them.

use hickory_proto::op::Message;
use hickory_proto::rr::{RData, Record};
use serde_json::Value;

/// Types by their numbers, as JSON has them.
const TYPES: [(u64, &str); 5] = [(1, "A"), (6, "SOA"), (16, "TXT"), (28, "AAAA"), (33, "SRV")];

/// The code, and the records of ANSWER and AUTHORITY, in no order.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub status: String,
    pub records: Vec<String>,
}

impl Seen {
    fn new(status: &str, mut records: Vec<String>) -> Self {
        // A serial may rise between two clients, when the health of another service becomes known.
        for record in &mut records {
            let mut fields: Vec<&str> = record.split(' ').collect();
            let soa = fields.iter().position(|field| *field == "SOA");
            if let Some(serial) = soa.and_then(|at| fields.get_mut(at + 3)) {
                *serial = "SERIAL";
                *record = fields.join(" ");
            }
        }
        records.sort();
        Self {
            status: status.into(),
            records,
        }
    }

    /// From the output of dig, kdig or lookup.
    pub fn in_text(text: &str) -> Self {
        let (_, header) = text.split_once("HEADER<<-").unwrap_or(("", text));
        let (_, after) = header
            .split_once("status: ")
            .unwrap_or_else(|| panic!("no status:\n{text}"));
        let status: String = after
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let body = text.split(";; ADDITIONAL").next().unwrap();
        Self::new(&status, records_in(body))
    }

    /// The same without TTLs, as a table has it.
    pub fn without_ttl(&self) -> Self {
        let shorter = self.records.iter().map(|record| {
            let (name, rest) = record.split_once(' ').unwrap();
            format!("{name} {}", rest.split_once(' ').unwrap().1)
        });
        Self::new(&self.status, shorter.collect())
    }

    /// From the table of `lookup --transport all`, which must say that all agree. It has no TTLs.
    pub fn in_table(text: &str) -> Self {
        assert!(text.contains("all 6 transports agree"), "{text}");
        let row = text.lines().find(|line| line.starts_with("udp ")).unwrap();
        let status = row
            .split_whitespace()
            .skip_while(|word| *word != "ms")
            .nth(1)
            .unwrap();
        Self::new(status, records_in(text))
    }

    /// From `/resolve`.
    pub fn in_json(text: &str) -> Self {
        let document: Value = serde_json::from_str(text).unwrap();
        let status = match document["Status"].as_u64().unwrap() {
            0 => "NOERROR",
            3 => "NXDOMAIN",
            other => panic!("status {other}"),
        };
        let sections = ["Answer", "Authority"].map(|section| document[section].as_array());
        let records = sections.into_iter().flatten().flatten().map(|record| {
            let number = record["type"].as_u64().unwrap();
            let (_, kind) = TYPES.iter().find(|(known, _)| *known == number).unwrap();
            let (name, data) = (
                record["name"].as_str().unwrap(),
                record["data"].as_str().unwrap(),
            );
            format!("{name} {} IN {kind} {data}", record["TTL"])
        });
        Self::new(status, records.collect())
    }

    /// From a message, read by hickory-proto.
    pub fn in_message(octets: &[u8]) -> Self {
        let message = Message::from_vec(octets).unwrap();
        let status = match u16::from(message.metadata.response_code) {
            0 => "NOERROR",
            3 => "NXDOMAIN",
            other => panic!("code {other}"),
        };
        let records = message.answers.iter().chain(&message.authorities);
        Self::new(status, records.map(shown).collect())
    }
}

/// Lines of the form `NAME [TTL] IN TYPE DATA`, gaps as one space.
fn records_in(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with(';'));
    let lines = lines.map(|line| line.trim_end_matches("  ; authority"));
    let is_record = |words: &Vec<&str>| words.len() > 3 && words[1..3].contains(&"IN");
    let words = lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(is_record);
    words.map(|words| words.join(" ")).collect()
}

fn shown(record: &Record) -> String {
    let data = match &record.data {
        RData::A(address) => format!("A {}", address.0),
        RData::AAAA(address) => format!("AAAA {}", address.0),
        RData::SRV(srv) => {
            format!(
                "SRV {} {} {} {}",
                srv.priority, srv.weight, srv.port, srv.target
            )
        }
        RData::SOA(soa) => format!(
            "SOA {} {} {} {} {} {} {}",
            soa.mname, soa.rname, soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum
        ),
        RData::TXT(txt) => {
            let text = |octets: &[u8]| format!("\"{}\"", String::from_utf8_lossy(octets));
            let texts: Vec<String> = txt.txt_data.iter().map(|octets| text(octets)).collect();
            format!("TXT {}", texts.join(" "))
        }
        other => panic!("{other:?}"),
    };
    format!("{} {} IN {data}", record.name, record.ttl)
}
