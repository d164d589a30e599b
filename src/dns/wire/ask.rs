//! Encodes a query, for `lookup` and everything else that sends queries.

use super::super::{Query, RecordType};

const RECURSION_DESIRED: u16 = 0x0100;
const CHECKING_DISABLED: u16 = 0x0010;
const AUTHENTIC_DATA: u16 = 0x0020;

/// Appends the message that asks `query`, with an OPT when it has EDNS.
pub fn encode_query(query: &Query, out: &mut Vec<u8>) {
    let mut bits = 0;
    if query.flags.recursion_desired {
        bits |= RECURSION_DESIRED;
    }
    if query.flags.checking_disabled {
        bits |= CHECKING_DISABLED;
    }
    if query.flags.authentic_data {
        bits |= AUTHENTIC_DATA;
    }
    let additional = u16::from(query.edns.is_some());
    for word in [query.id, bits, 1, 0, 0, additional] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    out.extend_from_slice(query.name.as_wire());
    out.extend_from_slice(&query.record_type.0.to_be_bytes());
    out.extend_from_slice(&query.class.0.to_be_bytes());
    if let Some(edns) = query.edns {
        // RFC 6891 §6.1.2: the root, OPT, the payload, the version behind an octet of zero, the flags.
        let flags = if edns.dnssec_ok { 0x8000 } else { 0 };
        out.push(0);
        for word in [
            RecordType::OPT.0,
            edns.payload_octets,
            edns.version.into(),
            flags,
            0,
        ] {
            out.extend_from_slice(&u16::to_be_bytes(word));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Class, Edns, Name, QueryFlags, Signature, Transport};
    use super::*;

    #[test]
    fn what_is_asked_decodes_to_what_was_meant() {
        let query = Query {
            id: 0xbeef,
            flags: QueryFlags {
                recursion_desired: true,
                checking_disabled: true,
                authentic_data: true,
            },
            name: Name::from_labels([b"Web".as_slice(), b"nomad"]).unwrap(),
            record_type: RecordType::SRV,
            class: Class::IN,
            edns: Some(Edns {
                payload_octets: 1232,
                version: 0,
                dnssec_ok: true,
                ..Edns::default()
            }),
            transport: Transport::Tcp,
            client: None,
            signature: Signature::Absent,
        };
        for edns in [query.edns, None] {
            let query = Query {
                edns,
                ..query.clone()
            };
            let mut octets = Vec::new();
            encode_query(&query, &mut octets);
            assert_eq!(
                super::super::decode(&octets, Transport::Tcp, None),
                Ok(query)
            );
        }
    }
}
