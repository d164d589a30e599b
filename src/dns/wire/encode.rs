//! Encodes an answer for one client: its id, its letter case, its size, its OPT.
//!
//! Appends to the listener's buffer and allocates nothing if that has room.

use super::super::edns::{PLAIN_UDP_OCTETS, UDP_PAYLOAD_OCTETS};
use super::super::{
    Answer, Class, Edns, Query, QueryFlags, Rcode, RecordType, Recursion, Transport,
};
use super::decode::Bare;
use super::options::{Additions, AnswerOptions, Authority};
use super::part::{MessageRoom, put_records};
use super::{HEADER_OCTETS, MESSAGE_OCTETS};

const RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
const TRUNCATED: u16 = 0x0200;
const RECURSION_DESIRED: u16 = 0x0100;
const RECURSION_AVAILABLE: u16 = 0x0080;
const AUTHENTIC_DATA: u16 = 0x0020;
const CHECKING_DISABLED: u16 = 0x0010;

/// An OPT without options, in octets.
const OPT_OCTETS: usize = 11;
/// The type and the class behind a question's name, in octets.
const QUESTION_TAIL_OCTETS: usize = 4;

/// What an answer may have at most, as the operator has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Octets over UDP, where the client takes as many.
    pub udp_octets: u16,
    /// Records of one set, others each time; all of them when none.
    pub set_records: Option<u16>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            udp_octets: UDP_PAYLOAD_OCTETS,
            set_records: None,
        }
    }
}

/// Appends the message that answers `query`; `turn` turns the records of the answer round.
///
/// It has the records that there is room for, and TC when those are not all that was to be said (RFC 2181 §9); the
/// OPT stays (RFC 6891 §7). A set that is bounded is as if it had no more records: TC would bring no client further.
pub fn encode(
    answer: &Answer,
    query: &Query,
    bounds: Bounds,
    additions: &Additions<'_>,
    turn: u32,
    out: &mut Vec<u8>,
) {
    let octets = match query.transport {
        Transport::Udp => largest_udp_octets(query, bounds.udp_octets),
        _ => MESSAGE_OCTETS,
    };
    let room = MessageRoom {
        octets,
        plain_octets: MESSAGE_OCTETS,
        set_records: bounds.set_records.map_or(usize::MAX, usize::from),
    };
    encode_within(room, answer, query, additions, turn, out);
}

/// Appends the message with all records of the answer, however long: for readers in this process.
pub fn encode_whole(
    answer: &Answer,
    query: &Query,
    additions: &Additions<'_>,
    turn: u32,
    out: &mut Vec<u8>,
) {
    let room = MessageRoom {
        octets: usize::MAX,
        plain_octets: usize::MAX,
        set_records: usize::MAX,
    };
    encode_within(room, answer, query, additions, turn, out);
}

/// The room is that of the whole message.
fn encode_within(
    mut room: MessageRoom,
    answer: &Answer,
    query: &Query,
    additions: &Additions<'_>,
    turn: u32,
    out: &mut Vec<u8>,
) {
    let begin = out.len();
    let mut others = HEADER_OCTETS + query.name.as_wire().len() + QUESTION_TAIL_OCTETS;
    if query.edns.is_some() {
        others += OPT_OCTETS;
    }
    others += query.signature.signed_octets();
    let error = answer.extended_error_at(additions.age);
    let left = room.octets.saturating_sub(others);
    let mut options = AnswerOptions::none();
    // RFC 1034 §3.7.1: nobody is the authority for all classes.
    let authority = match answer.parts().authoritative && query.class != Class::ANY {
        true => Authority::Ours,
        false => Authority::None,
    };
    options.put_owed(query, (authority, error), additions, left);
    others += options.most_octets();
    room.octets = room.octets.saturating_sub(others);
    room.plain_octets = room.plain_octets.saturating_sub(others);

    out.extend_from_slice(&[0; HEADER_OCTETS]);
    put_question(query, out);
    let put = put_records(answer, turn, room, out);
    let parts = answer.parts();
    let mut bits = response(additions.recursion) | reflected(query.flags) | parts.rcode.0 & 0xf;
    // RFC 6840 §5.8: only who would make something of it is told.
    if parts.authentic && (query.flags.authentic_data || query.edns.is_some_and(|it| it.dnssec_ok))
    {
        bits |= AUTHENTIC_DATA;
    }
    if authority == Authority::Ours {
        bits |= AUTHORITATIVE;
    }
    if put.truncated {
        bits |= TRUNCATED;
    }
    if put.truncated && query.signature.key().is_some() {
        // RFC 8945 §5.3: then only the question and what signs it.
        out.truncate(begin);
        return encode_truncated(query, additions, out);
    }
    let [answers, authority, additional] = put.counts;
    let additional = additional + u16::from(query.edns.is_some());
    let header = header(query.id, bits, [1, answers, authority, additional]);
    out[begin..begin + HEADER_OCTETS].copy_from_slice(&header);
    put_opt(answer.rcode(), query.edns, &options, begin, out);
}

/// Appends an answer without records that has the client come again by TCP.
pub fn encode_truncated(query: &Query, additions: &Additions<'_>, out: &mut Vec<u8>) {
    let begin = out.len();
    let bits = response(additions.recursion) | TRUNCATED | reflected(query.flags);
    let counts = [1, 0, 0, u16::from(query.edns.is_some())];
    out.extend_from_slice(&header(query.id, bits, counts));
    put_question(query, out);
    put_opt_alone(query, additions, begin, out);
}

/// Appends a message without a question, for what could not be decoded; with an OPT where one was found.
pub fn encode_bare(bare: &Bare, recursion: Recursion, out: &mut Vec<u8>) {
    let begin = out.len();
    let opcode = u16::from(bare.opcode.0 & 0xf) << 11;
    let bits = response(recursion) | opcode | reflected(bare.flags) | bare.rcode.0 & 0xf;
    let counts = [0, 0, 0, u16::from(bare.edns.is_some())];
    out.extend_from_slice(&header(bare.id, bits, counts));
    put_opt(bare.rcode, bare.edns, &AnswerOptions::none(), begin, out);
}

/// Appends the answer to a message that had an OPT and no question (RFC 7873 §5.4).
pub fn encode_without_question(query: &Query, additions: &Additions<'_>, out: &mut Vec<u8>) {
    let begin = out.len();
    let bits = response(additions.recursion) | reflected(query.flags);
    out.extend_from_slice(&header(query.id, bits, [0, 0, 0, 1]));
    put_opt_alone(query, additions, begin, out);
}

/// The OPT of a message whose records are not written here; nothing for a client that has sent none.
///
/// It has no padding, whose length depends on what stands before it.
pub fn opt_alone(query: &Query, additions: &Additions<'_>) -> Vec<u8> {
    let additions = Additions {
        may_pad: false,
        ..*additions
    };
    let mut opt = Vec::new();
    put_opt_alone(query, &additions, 0, &mut opt);
    opt
}

/// The most octets that may go to this client over UDP (RFC 6891 §6.2.5).
fn largest_udp_octets(query: &Query, most: u16) -> usize {
    let client = query
        .edns
        .map_or(PLAIN_UDP_OCTETS, |edns| edns.payload_octets);
    usize::from(client.min(most).max(PLAIN_UDP_OCTETS))
}

fn header(id: u16, bits: u16, counts: [u16; 4]) -> [u8; HEADER_OCTETS] {
    let [questions, answers, authority, additional] = counts;
    let mut header = [0; HEADER_OCTETS];
    let words = [id, bits, questions, answers, authority, additional];
    for (place, word) in header.chunks_exact_mut(2).zip(words) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    header
}

fn put_question(query: &Query, out: &mut Vec<u8>) {
    out.extend_from_slice(query.name.as_wire());
    out.extend_from_slice(&query.record_type.0.to_be_bytes());
    out.extend_from_slice(&query.class.0.to_be_bytes());
}

/// QR, and RA where it is to be said.
const fn response(recursion: Recursion) -> u16 {
    match recursion {
        Recursion::Unavailable => RESPONSE,
        Recursion::Available => RESPONSE | RECURSION_AVAILABLE,
    }
}

fn reflected(flags: QueryFlags) -> u16 {
    let desired = if flags.recursion_desired {
        RECURSION_DESIRED
    } else {
        0
    };
    desired
        | if flags.checking_disabled {
            CHECKING_DISABLED
        } else {
            0
        }
}

/// Appends the OPT of a message without records; the message began at `begin`.
fn put_opt_alone(query: &Query, additions: &Additions<'_>, begin: usize, out: &mut Vec<u8>) {
    let mut options = AnswerOptions::none();
    options.put_owed(
        query,
        (Authority::None, None),
        additions,
        PLAIN_UDP_OCTETS.into(),
    );
    put_opt(Rcode::NOERROR, query.edns, &options, begin, out);
}

/// Appends the OPT that a client with EDNS is owed (RFC 6891 §6.1.1); the message began at `begin`.
fn put_opt(
    rcode: Rcode,
    edns: Option<Edns>,
    options: &AnswerOptions,
    begin: usize,
    out: &mut Vec<u8>,
) {
    let Some(edns) = edns else { return };
    let before = out.len() - begin + OPT_OCTETS;
    let mut opt = [0; OPT_OCTETS];
    opt[1..3].copy_from_slice(&RecordType::OPT.0.to_be_bytes());
    opt[3..5].copy_from_slice(&UDP_PAYLOAD_OCTETS.to_be_bytes());
    opt[5] = (rcode.0 >> 4).to_be_bytes()[1];
    opt[7] = if edns.dnssec_ok { 0x80 } else { 0 };
    // All options together are less than a block of padding and some hundred octets.
    let length = u16::try_from(options.octets_after(before)).unwrap_or(0);
    opt[9..11].copy_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&opt);
    options.append(before, out);
}
