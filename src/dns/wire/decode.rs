//! The gate, and the decoding of a query after it.
//!
//! The gate checks the header before any decoder runs, so that no count in it can cause work. The usual query (one
//! question, at most an OPT) is decoded here; queries with other records go through hickory's decoder, which knows
//! all record types.

use std::net::IpAddr;

use super::super::edns::{Edns, EdnsOptions, PLAIN_UDP_OCTETS};
use super::super::signature::Signature;
use super::super::{Class, Name, Opcode, Query, QueryFlags, Rcode, RecordType, Transport};
use super::HEADER_OCTETS;
use super::find::{OptPlace, find_opt};
use super::find_tsig::{TsigPlace, find_tsig};
use super::message::Message;
use super::opt::Opt;

/// The longest query that is read, in octets; no real one comes near.
pub const QUERY_OCTETS: usize = 4096;

/// The most records that a query may carry beside its question.
const QUERY_RECORDS: u16 = 16;

/// Why a message is no query that can be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Shorter than a header: whose answer it would be cannot be said.
    #[error("the message is shorter than a header")]
    TooShort,
    /// A response: answering it could go round for ever.
    #[error("the message is a response, not a query")]
    Response,
    /// A message that asks for a cookie and nothing else (RFC 7873 §5.4): a query without a question.
    #[error("the message asks for a cookie and nothing else")]
    NoQuestion(Box<Query>),
    /// A query that gets a bare code.
    #[error("the message gets the bare code {}", .0.rcode.0)]
    Bare(Bare),
}

/// What is said to a query that gets a bare code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bare {
    /// The id to give back.
    pub id: u16,
    /// The opcode to give back.
    pub opcode: Opcode,
    /// The bits to give back.
    pub flags: QueryFlags,
    /// The code.
    pub rcode: Rcode,
    /// What its OPT says, where one was found: then the answer has one too (RFC 6891 §6.1.1).
    pub edns: Option<Edns>,
}

impl Bare {
    /// A bare code for a query that was decoded.
    pub fn of_query(query: &Query, rcode: Rcode) -> Self {
        Self {
            id: query.id,
            opcode: Opcode::QUERY,
            flags: query.flags,
            rcode,
            edns: query.edns,
        }
    }
}

/// Decodes a query that came over `transport` from `client`.
///
/// # Errors
/// What is no query, or a malformed one; each says what is to be done about it.
pub fn decode(
    message: &[u8],
    transport: Transport,
    client: Option<IpAddr>,
) -> Result<Query, Rejection> {
    let Some((header, body)) = message.split_first_chunk::<HEADER_OCTETS>() else {
        return Err(Rejection::TooShort);
    };
    let header = RawHeader::read(header);
    header.gate(message)?;
    let malformed = || header.bare(Rcode::FORMERR, message);
    if let [0, 0, 0, 1] = header.counts {
        let opt = is_opt(body).then(|| read_opt(body)).flatten();
        let edns = opt.filter(asks_for_a_cookie).ok_or_else(malformed)?;
        return Err(Rejection::NoQuestion(Box::new(Query {
            id: header.id,
            flags: header.flags(),
            name: Name::ROOT,
            record_type: RecordType(0),
            class: Class::IN,
            edns: Some(edns),
            transport,
            client,
            signature: Signature::Absent,
        })));
    }
    let name = Name::from_wire(body).map_err(|_| malformed())?;
    let (record_type, class, rest) =
        read_question_tail(body, name.as_wire().len()).ok_or_else(malformed)?;
    let (edns, signature) = match header.counts {
        [_, 0, 0, 0] => (None, Signature::Absent),
        [_, 0, 0, 1] if is_opt(rest) => {
            let edns = read_opt(rest).ok_or_else(malformed)?;
            (Some(edns), Signature::Absent)
        }
        counts => read_others(message, counts, rest)
            .or_else(|| Some((of_another_version(counts, body)?, Signature::Absent)))
            .ok_or_else(malformed)?,
    };
    // Made once and in place: a name is 256 octets.
    Ok(Query {
        id: header.id,
        flags: header.flags(),
        name,
        record_type,
        class,
        edns,
        transport,
        client,
        signature,
    })
}

#[derive(Clone, Copy)]
struct RawHeader {
    id: u16,
    bits: u16,
    counts: [u16; 4],
}

impl RawHeader {
    fn read(octets: &[u8; HEADER_OCTETS]) -> Self {
        let word = |at: usize| u16::from_be_bytes([octets[at], octets[at + 1]]);
        Self {
            id: word(0),
            bits: word(2),
            counts: [word(4), word(6), word(8), word(10)],
        }
    }

    /// Judges the header alone.
    fn gate(self, message: &[u8]) -> Result<(), Rejection> {
        if self.bits & 0x8000 != 0 {
            return Err(Rejection::Response);
        }
        if self.opcode() != Opcode::QUERY {
            return Err(self.bare(Rcode::NOTIMP, message));
        }
        let [questions, others @ ..] = self.counts;
        let records = others
            .iter()
            .fold(0_u16, |sum, count| sum.saturating_add(*count));
        // None at all are let through for what may stand alone: an OPT.
        let alone = questions == 0 && others == [0, 0, 1];
        let is_long = message.len() > QUERY_OCTETS;
        if (questions != 1 && !alone) || records > QUERY_RECORDS || is_long {
            return Err(self.bare(Rcode::FORMERR, message));
        }
        Ok(())
    }

    fn opcode(self) -> Opcode {
        Opcode((self.bits >> 11 & 0xf).to_be_bytes()[1])
    }

    fn flags(self) -> QueryFlags {
        QueryFlags {
            recursion_desired: self.bits & 0x0100 != 0,
            checking_disabled: self.bits & 0x0010 != 0,
            authentic_data: self.bits & 0x0020 != 0,
        }
    }

    /// Gives a message no more than a code: `rcode`, or BADVERS when it is of another version (RFC 6891 §6.1.3).
    fn bare(self, rcode: Rcode, message: &[u8]) -> Rejection {
        // UDP brings no more of it, and all transports are to find the same.
        let body = &message[HEADER_OCTETS..message.len().min(QUERY_OCTETS)];
        let (edns, rcode) = match find_opt(self.counts, body) {
            OptPlace::None => (None, rcode),
            OptPlace::One(edns) if edns.version != 0 => (Some(edns), Rcode::BADVERS),
            OptPlace::One(edns) => (Some(edns), rcode),
            OptPlace::Several(edns) => (Some(edns), Rcode::FORMERR),
        };
        Rejection::Bare(Bare {
            id: self.id,
            opcode: self.opcode(),
            // RFC 8906 §3.1.4: what the bits mean is only said for QUERY.
            flags: match self.opcode() {
                Opcode::QUERY => self.flags(),
                _ => QueryFlags::default(),
            },
            rcode,
            edns,
        })
    }
}

/// The type and the class behind a name of so many octets, and what comes after them.
fn read_question_tail(body: &[u8], name_octets: usize) -> Option<(RecordType, Class, &[u8])> {
    let (&[t0, t1, c0, c1], rest) = body.get(name_octets..)?.split_first_chunk::<4>()?;
    let record_type = RecordType(u16::from_be_bytes([t0, t1]));
    Some((record_type, Class(u16::from_be_bytes([c0, c1])), rest))
}

fn asks_for_a_cookie(edns: &Edns) -> bool {
    edns.version == 0 && edns.options.cookie.is_some()
}

/// Whether an OPT at the root begins here.
fn is_opt(octets: &[u8]) -> bool {
    octets.starts_with(&[0, 0, RecordType::OPT.0.to_be_bytes()[1]])
}

/// Reads the OPT that begins here; none when it or its options are cut short or malformed.
fn read_opt(octets: &[u8]) -> Option<Edns> {
    let (&[_, _, _, p0, p1, t0, t1, t2, t3, l0, l1], rest) = octets.split_first_chunk::<11>()?;
    let options = rest.get(..usize::from(u16::from_be_bytes([l0, l1])))?;
    let (payload, ttl) = (u16::from_be_bytes([p0, p1]), [t0, t1, t2, t3]);
    match Opt::read(Class(payload), u32::from_be_bytes(ttl), options) {
        Some(opt) => Edns::read(&opt),
        None => Some(Edns::without_options(payload, ttl)).filter(is_of_another_version),
    }
}

/// What a message of another version is answered by, whatever else it has; none when it is of none or of this one.
fn of_another_version(counts: [u16; 4], body: &[u8]) -> Option<Option<Edns>> {
    match find_opt(counts, body) {
        OptPlace::One(edns) if is_of_another_version(&edns) => Some(Some(edns)),
        _ => None,
    }
}

fn is_of_another_version(edns: &Edns) -> bool {
    edns.version != 0
}

/// Reads a message that carries more than a question and an OPT; `rest` is what is behind the question.
#[cold]
fn read_others(message: &[u8], counts: [u16; 4], rest: &[u8]) -> Option<(Option<Edns>, Signature)> {
    let start = match find_tsig(message) {
        TsigPlace::None => return Some((read_records(message)?, Signature::Absent)),
        TsigPlace::Misplaced => return None,
        TsigPlace::Last(start) => start,
    };
    let edns = match counts {
        [_, 0, 0, 1] => None,
        [_, 0, 0, 2] if is_opt(rest) => Some(read_opt(rest)?),
        [.., additional] => {
            let mut others = message[..start].to_vec();
            others[10..HEADER_OCTETS].copy_from_slice(&(additional - 1).to_be_bytes());
            read_records(&others)?
        }
    };
    Some((edns, Signature::Unchecked))
}

/// Reads the records of a message.
///
/// hickory says whether they are what they claim to be.
fn read_records(message: &[u8]) -> Option<Option<Edns>> {
    hickory_proto::op::Message::from_vec(message).ok()?;
    match Message::read(message).ok()?.opt() {
        None => Some(None),
        Some(opt) => Edns::read(opt).map(Some),
    }
}

impl Edns {
    /// Reads an OPT; none when it has options that are malformed in the version that is spoken here.
    fn read(opt: &Opt<'_>) -> Option<Self> {
        let options = EdnsOptions::read(opt);
        let is_spoken = opt.version == 0;
        Some(Self {
            // RFC 6891 §6.2.3: values below 512 are treated as 512.
            payload_octets: opt.payload_octets.max(PLAIN_UDP_OCTETS),
            version: opt.version,
            dnssec_ok: opt.dnssec_ok(),
            // What another version means by an option is not known.
            options: if is_spoken {
                options?
            } else {
                options.unwrap_or_default()
            },
        })
    }
}
