//! The messages between a primary and its secondaries: NOTIFY (RFC 1996), and the question for the serial with its answer.
//!
//! Floor 1. `transfer` sends them, and says when.

use super::super::{Class, Name, Opcode, Query, RecordType, Section, Transport};
use super::ask::encode_query;
use super::compression::read_name;
use super::message::Message;

const AUTHORITATIVE: u16 = 0x0400;

/// The SOA of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soa {
    /// The apex of the zone.
    pub apex: Name,
    /// The name of the primary.
    pub name_server: Name,
    /// The mailbox of who is responsible.
    pub mailbox: Name,
    /// The serial.
    pub serial: u32,
    /// REFRESH, RETRY, EXPIRE and MINIMUM, in seconds.
    pub timers: [u32; 4],
}

impl Soa {
    /// The data of the record, with names in full (RFC 1035 §3.3.13).
    pub fn data(&self) -> Vec<u8> {
        let mut data = [self.name_server.as_wire(), self.mailbox.as_wire()].concat();
        data.extend_from_slice(&self.serial.to_be_bytes());
        for number in self.timers {
            data.extend_from_slice(&number.to_be_bytes());
        }
        data
    }
}

/// Appends the message that tells a secondary of a zone's new SOA, which stands in ANSWER (RFC 1996 §3.7).
pub fn encode_notify(id: u16, soa: &Soa, out: &mut Vec<u8>) {
    let bits = u16::from(Opcode::NOTIFY.0) << 11 | AUTHORITATIVE;
    for word in [id, bits, 1, 1, 0, 0] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    out.extend_from_slice(soa.apex.as_wire());
    for word in [RecordType::SOA.0, Class::IN.0] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    // A pointer to the question's name; a TTL of zero, since nobody keeps it.
    out.extend_from_slice(&[0xc0, 12]);
    for word in [RecordType::SOA.0, Class::IN.0, 0, 0] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    let data = soa.data();
    // Two names have 510 octets at most.
    out.extend_from_slice(&u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(&data);
}

/// Appends the message that asks a server for the SOA of a zone that it has itself.
pub fn encode_soa_query(id: u16, apex: &Name, out: &mut Vec<u8>) {
    let query = Query {
        id,
        transport: Transport::Udp,
        ..Query::own(*apex, RecordType::SOA)
    };
    encode_query(&query, out);
}

/// Reads the serial of a zone in a server's response to that; none where it has none.
pub fn soa_serial(response: &[u8], apex: &Name) -> Option<u32> {
    let message = Message::read(response).ok()?;
    let mut records = message.records(Section::Answer);
    let soa = records.find(|it| it.record_type == RecordType::SOA && it.owner == *apex)?;
    let (_, at) = read_name(response, soa.rdata.start).ok()?;
    let (_, at) = read_name(response, at).ok()?;
    let octets = response.get(at..soa.rdata.end)?;
    octets.first_chunk().copied().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::super::Flag;
    use super::*;

    fn soa() -> Soa {
        let name = |text: &str| text.parse().unwrap();
        Soa {
            apex: name("nomad"),
            name_server: name("ns.nomad"),
            mailbox: name("hostmaster.nomad"),
            serial: 0xfedc_ba98,
            timers: [14_400, 3600, 604_800, 5],
        }
    }

    #[test]
    fn a_notify_has_the_opcode_the_question_and_the_new_soa() {
        let mut octets = Vec::new();
        encode_notify(0x1234, &soa(), &mut octets);
        let message = Message::read(&octets).unwrap();
        let header = message.header();
        assert_eq!((header.id, header.opcode()), (0x1234, Opcode::NOTIFY));
        assert!(header.has(Flag::Authoritative) && !header.has(Flag::Response));
        let question = message.questions().next().unwrap();
        assert_eq!(
            (question.name, question.record_type),
            (soa().apex, RecordType::SOA)
        );
        let record = message.records(Section::Answer).next().unwrap();
        assert_eq!((record.owner, record.rdata.end), (soa().apex, octets.len()));
        assert_eq!(soa_serial(&octets, &soa().apex), Some(0xfedc_ba98));
    }

    #[test]
    fn only_the_soa_of_the_zone_has_its_serial() {
        let mut octets = Vec::new();
        encode_notify(1, &soa(), &mut octets);
        assert_eq!(soa_serial(&octets, &"other".parse().unwrap()), None);
        for length in 0..octets.len() {
            assert_eq!(soa_serial(&octets[..length], &soa().apex), None);
        }
        let mut query = Vec::new();
        encode_soa_query(1, &soa().apex, &mut query);
        assert_eq!(soa_serial(&query, &soa().apex), None);
    }
}
