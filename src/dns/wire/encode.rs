//! Puts an answer on the wire for one client: its id, its letter case, its size, its OPT.
//!
//! Appends to a buffer of the listener's and allocates nothing where that has room.

use super::super::edns::{PLAIN_UDP_OCTETS, UDP_PAYLOAD_OCTETS};
use super::super::{Answer, Class, Edns, Query, QueryFlags, Rcode, RecordType, Transport};
use super::decode::Bare;
use super::options::{Additions, AnswerOptions};
use super::{HEADER_OCTETS, MESSAGE_OCTETS};

const RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
const TRUNCATED: u16 = 0x0200;
const RECURSION_DESIRED: u16 = 0x0100;
const CHECKING_DISABLED: u16 = 0x0010;

/// An OPT without options, in octets.
const OPT_OCTETS: usize = 11;

/// Appends the message that answers `query`; `turn` turns the records of the answer round.
///
/// Over UDP what does not fit is truncated by whole sections and the OPT stays (RFC 6891 §7); on the
/// other transports what does not fit into a message is left out, other records each turn.
pub fn encode(
    answer: &Answer,
    query: &Query,
    additions: &Additions<'_>,
    turn: u32,
    out: &mut Vec<u8>,
) {
    let most = match query.transport {
        Transport::Udp => largest_udp_octets(query),
        _ => MESSAGE_OCTETS,
    };
    encode_within(most, answer, query, additions, turn, out);
}

/// Appends the message with all records of the answer, however long: for readers in this process.
pub fn encode_whole(answer: &Answer, query: &Query, out: &mut Vec<u8>) {
    encode_within(usize::MAX, answer, query, &Additions::default(), 0, out);
}

fn encode_within(
    most: usize,
    answer: &Answer,
    query: &Query,
    additions: &Additions<'_>,
    turn: u32,
    out: &mut Vec<u8>,
) {
    let parts = answer.parts();
    let options = AnswerOptions::new(query, answer.extended_error_at(additions.age), additions);
    let opt_octets = if query.edns.is_some() {
        OPT_OCTETS + options.octets_after(0)
    } else {
        0
    };
    let question_octets = query.name.as_wire().len() + 4;
    let room = most.saturating_sub(HEADER_OCTETS + question_octets + opt_octets);
    let cut = Cut::choose(answer, room, query.transport);

    let mut bits = RESPONSE | reflected(query.flags) | parts.rcode.0 & 0xf;
    // RFC 1034 §3.7.1: nobody is the authority for all classes.
    if parts.authoritative && query.class != Class::ANY {
        bits |= AUTHORITATIVE;
    }
    let all = u16::try_from(parts.answer_starts.len()).unwrap_or(u16::MAX);
    let (chain, first) = (chain_end(answer), first_record(answer, turn));
    let (mut counts, begin) = ([1, all, parts.authority_count, 0], out.len());
    counts[3] = parts.additional_count + u16::from(query.edns.is_some());
    put_header(out, query.id, bits, counts);
    put_question(query, out);

    match cut {
        Cut::Nothing | Cut::Additional => {
            out.extend_from_slice(&parts.records[..chain]);
            out.extend_from_slice(&parts.records[first..parts.answer_end]);
            out.extend_from_slice(&parts.records[chain..first]);
            let end = match cut {
                Cut::Additional => parts.authority_end,
                _ => parts.records.len(),
            };
            out.extend_from_slice(&parts.records[parts.answer_end..end]);
        }
        Cut::Some => counts[1] = put_some(answer, turn, room, out),
        Cut::All => {
            counts[1] = 0;
            out[begin + 2] |= TRUNCATED.to_be_bytes()[0];
        }
    }
    if cut != Cut::Nothing {
        counts[3] -= parts.additional_count;
        counts[2] = if cut == Cut::Additional { counts[2] } else { 0 };
        for (place, count) in counts.into_iter().enumerate() {
            let at = begin + 4 + 2 * place;
            out[at..at + 2].copy_from_slice(&count.to_be_bytes());
        }
    }
    put_opt(answer.rcode(), query.edns, &options, begin, out);
}

/// Appends an answer without records that has the client come again by TCP.
pub fn encode_truncated(query: &Query, additions: &Additions<'_>, out: &mut Vec<u8>) {
    let begin = out.len();
    let bits = RESPONSE | TRUNCATED | reflected(query.flags);
    let counts = [1, 0, 0, u16::from(query.edns.is_some())];
    put_header(out, query.id, bits, counts);
    put_question(query, out);
    let options = AnswerOptions::new(query, None, additions);
    put_opt(Rcode::NOERROR, query.edns, &options, begin, out);
}

/// Appends a message without a question, for what could not be decoded; with an OPT where one was found.
pub fn encode_bare(bare: &Bare, out: &mut Vec<u8>) {
    let begin = out.len();
    let opcode = u16::from(bare.opcode.0 & 0xf) << 11;
    let bits = RESPONSE | opcode | reflected(bare.flags) | bare.rcode.0 & 0xf;
    let counts = [0, 0, 0, u16::from(bare.edns.is_some())];
    put_header(out, bare.id, bits, counts);
    put_opt(bare.rcode, bare.edns, &AnswerOptions::none(), begin, out);
}

/// Appends the answer to a message that had an OPT and no question (RFC 7873 §5.4).
pub fn encode_without_question(query: &Query, additions: &Additions<'_>, out: &mut Vec<u8>) {
    let begin = out.len();
    put_header(
        out,
        query.id,
        RESPONSE | reflected(query.flags),
        [0, 0, 0, 1],
    );
    let options = AnswerOptions::new(query, None, additions);
    put_opt(Rcode::NOERROR, query.edns, &options, begin, out);
}

/// The most octets that may go to this client over UDP (RFC 6891 §6.2.5).
pub fn largest_udp_octets(query: &Query) -> usize {
    let client = query
        .edns
        .map_or(PLAIN_UDP_OCTETS, |edns| edns.payload_octets);
    usize::from(client.clamp(PLAIN_UDP_OCTETS, UDP_PAYLOAD_OCTETS))
}

/// What has to be left out of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Nothing,
    /// The additional section: nobody loses what he asked for (RFC 2181 §9).
    Additional,
    /// Records of the answer, on a transport that has no other to turn to.
    Some,
    /// All records: the client is to come again by TCP.
    All,
}

impl Cut {
    fn choose(answer: &Answer, room: usize, transport: Transport) -> Self {
        let parts = answer.parts();
        if parts.records.len() <= room {
            Self::Nothing
        } else if parts.authority_end <= room {
            Self::Additional
        } else if transport == Transport::Udp {
            Self::All
        } else {
            Self::Some
        }
    }
}

/// Where in the records those end that come first at each turn: a chain of CNAMEs.
fn chain_end(answer: &Answer) -> usize {
    let parts = answer.parts();
    match parts.answer_starts.get(parts.chain) {
        Some(start) => *start as usize,
        None => parts.answer_end,
    }
}

/// Where in the records those begin at this turn that come after the chain.
fn first_record(answer: &Answer, turn: u32) -> usize {
    let parts = answer.parts();
    let starts = parts.answer_starts.get(parts.chain..).unwrap_or_default();
    if !parts.rotates || starts.len() < 2 {
        return chain_end(answer);
    }
    let place = u64::from(turn) % starts.len() as u64;
    usize::try_from(place).map_or(0, |place| starts[place] as usize)
}

/// Appends as many records as there is room for, beginning with this turn's; tells how many.
fn put_some(answer: &Answer, turn: u32, room: usize, out: &mut Vec<u8>) -> u16 {
    let parts = answer.parts();
    let starts = &parts.answer_starts;
    let first = first_record(answer, turn) as u32;
    let place = starts.partition_point(|start| *start < first);
    let (chain, all) = (parts.chain, starts.len());
    let (mut left, mut count) = (room, 0_u16);
    for at in (0..chain).chain(place..all).chain(chain..place) {
        let end = starts
            .get(at + 1)
            .map_or(parts.answer_end, |end| *end as usize);
        let record = &parts.records[starts[at] as usize..end];
        match left.checked_sub(record.len()) {
            Some(rest) if count < u16::MAX => left = rest,
            _ => break,
        }
        out.extend_from_slice(record);
        count += 1;
    }
    count
}

fn put_header(out: &mut Vec<u8>, id: u16, bits: u16, counts: [u16; 4]) {
    for word in [id, bits].into_iter().chain(counts) {
        out.extend_from_slice(&word.to_be_bytes());
    }
}

fn put_question(query: &Query, out: &mut Vec<u8>) {
    out.extend_from_slice(query.name.as_wire());
    out.extend_from_slice(&query.record_type.0.to_be_bytes());
    out.extend_from_slice(&query.class.0.to_be_bytes());
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
