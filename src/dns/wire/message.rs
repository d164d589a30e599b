//! A reader of whole messages, for code that inspects answers: the JSON form, `lookup`, tests.
//!
//! It validates the message once, then returns record by record without allocating. No input makes it panic. It does
//! not interpret the data of records; `text` does.

use std::ops::Range;

use super::super::{Class, Name, Opcode, Rcode, RecordType, Section};
use super::HEADER_OCTETS;
use super::compression::{CompressedNameError, read_name};
use super::opt::Opt;

/// A message that can be read to its end.
#[derive(Clone, Debug)]
pub struct Message<'octets> {
    octets: &'octets [u8],
    header: Header,
    /// Where the questions and the three sections begin.
    starts: [usize; 4],
    opt: Option<Opt<'octets>>,
}

/// The first twelve octets of a message (RFC 1035 §4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The id that a query and its answer share.
    pub id: u16,
    bits: u16,
    counts: [u16; 4],
}

/// A bit of the header (RFC 1035 §4.1.1, RFC 4035 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// QR: it is an answer.
    Response = 0x8000,
    /// AA: the server is an authority for the name.
    Authoritative = 0x0400,
    /// TC: more was to be said.
    Truncated = 0x0200,
    /// RD: recursion is wanted.
    RecursionDesired = 0x0100,
    /// RA: recursion is to be had.
    RecursionAvailable = 0x0080,
    /// AD: the data was validated.
    AuthenticData = 0x0020,
    /// CD: no validation is wanted.
    CheckingDisabled = 0x0010,
}

/// What is asked (RFC 1035 §4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name asked for, in the letter case of the message.
    pub name: Name,
    /// The type asked for.
    pub record_type: RecordType,
    /// The class asked for.
    pub class: Class,
}

/// One record (RFC 1035 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name it belongs to.
    pub owner: Name,
    /// Its type.
    pub record_type: RecordType,
    /// Its class; of an OPT the payload in octets.
    pub class: Class,
    /// How long it may be kept, in seconds; of an OPT other things.
    pub ttl: u32,
    /// Where in the message its data is; names in it may point to other places.
    pub rdata: Range<usize>,
}

/// Why octets are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Fewer octets than the header or its counts promise.
    #[error("the message ends before what its header counts")]
    Truncated,
    /// A name that cannot be read.
    #[error(transparent)]
    Name(#[from] CompressedNameError),
    /// An OPT whose options do not fill its data (RFC 6891 §6.1.2).
    #[error("the options of the OPT record are cut short")]
    BrokenOpt,
}

impl<'octets> Message<'octets> {
    /// Reads a message; octets behind it are left alone.
    ///
    /// # Errors
    /// What is cut short or has names that are none.
    pub fn read(octets: &'octets [u8]) -> Result<Self, MessageError> {
        let header = Header::read(octets)?;
        let mut message = Self {
            octets,
            header,
            starts: [HEADER_OCTETS; 4],
            opt: None,
        };
        let mut at = HEADER_OCTETS;
        for _ in 0..header.counts[0] {
            at = read_question(octets, at)?.1;
        }
        for section in [Section::Answer, Section::Authority, Section::Additional] {
            message.starts[place(section)] = at;
            for _ in 0..header.counts[place(section)] {
                let record = read_record(octets, at)?;
                at = record.rdata.end;
                if record.record_type == RecordType::OPT && section == Section::Additional {
                    let opt = Opt::read(record.class, record.ttl, &octets[record.rdata])
                        .ok_or(MessageError::BrokenOpt)?;
                    message.opt.get_or_insert(opt);
                }
            }
        }
        Ok(message)
    }

    /// The octets that it was read from.
    pub fn octets(&self) -> &'octets [u8] {
        self.octets
    }

    /// The header.
    pub fn header(&self) -> Header {
        self.header
    }

    /// All twelve bits of the code of the response (RFC 6891 §6.1.3).
    pub fn rcode(&self) -> Rcode {
        let high = self.opt.as_ref().map_or(0, |opt| opt.extended_rcode);
        Rcode(u16::from(high) << 4 | self.header.bits & 0xf)
    }

    /// The first OPT, when there is one.
    pub fn opt(&self) -> Option<&Opt<'octets>> {
        self.opt.as_ref()
    }

    /// What is asked; almost always one question.
    pub fn questions(&self) -> impl Iterator<Item = Question> + use<'octets> {
        let (octets, mut at) = (self.octets, self.starts[0]);
        (0..self.header.counts[0]).map_while(move |_| {
            let (question, end) = read_question(octets, at).ok()?;
            at = end;
            Some(question)
        })
    }

    /// The records of a section in their order, the OPT among them.
    pub fn records(&self, section: Section) -> impl Iterator<Item = Record> + use<'octets> {
        let (octets, mut at) = (self.octets, self.starts[place(section)]);
        (0..self.header.counts[place(section)]).map_while(move |_| {
            let record = read_record(octets, at).ok()?;
            at = record.rdata.end;
            Some(record)
        })
    }
}

impl Header {
    /// What kind of message it is.
    pub fn opcode(self) -> Opcode {
        Opcode((self.bits >> 11 & 0xf).to_be_bytes()[1])
    }

    /// Whether a bit is set.
    pub fn has(self, flag: Flag) -> bool {
        self.bits & flag as u16 != 0
    }

    /// How many questions the message says it has.
    pub fn question_count(self) -> u16 {
        self.counts[0]
    }

    /// How many records a section says it has, the OPT counted.
    pub fn record_count(self, section: Section) -> u16 {
        self.counts[place(section)]
    }

    /// The code of the response as far as the header has it: its lower four bits.
    pub fn rcode(self) -> Rcode {
        Rcode(self.bits & 0xf)
    }

    /// Reads the header of a message.
    ///
    /// # Errors
    /// Fewer octets than that.
    pub fn read(octets: &[u8]) -> Result<Self, MessageError> {
        let octets = octets
            .first_chunk::<HEADER_OCTETS>()
            .ok_or(MessageError::Truncated)?;
        let word = |at: usize| u16::from_be_bytes([octets[at], octets[at + 1]]);
        Ok(Self {
            id: word(0),
            bits: word(2),
            counts: [word(4), word(6), word(8), word(10)],
        })
    }
}

impl Flag {
    /// All of them, as they stand in the header.
    pub const ALL: [Self; 7] = [
        Self::Response,
        Self::Authoritative,
        Self::Truncated,
        Self::RecursionDesired,
        Self::RecursionAvailable,
        Self::AuthenticData,
        Self::CheckingDisabled,
    ];

    /// The two letters of RFC 1035 for it, as `dig` prints them.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Response => "qr",
            Self::Authoritative => "aa",
            Self::Truncated => "tc",
            Self::RecursionDesired => "rd",
            Self::RecursionAvailable => "ra",
            Self::AuthenticData => "ad",
            Self::CheckingDisabled => "cd",
        }
    }
}

/// Which of the header's counts is a section's.
fn place(section: Section) -> usize {
    match section {
        Section::Answer => 1,
        Section::Authority => 2,
        Section::Additional => 3,
    }
}

fn read_question(octets: &[u8], at: usize) -> Result<(Question, usize), MessageError> {
    let (name, at) = read_name(octets, at)?;
    let rest = octets.get(at..).unwrap_or_default();
    let &[t0, t1, c0, c1] = rest.first_chunk::<4>().ok_or(MessageError::Truncated)?;
    let question = Question {
        name,
        record_type: RecordType(u16::from_be_bytes([t0, t1])),
        class: Class(u16::from_be_bytes([c0, c1])),
    };
    Ok((question, at + 4))
}

fn read_record(octets: &[u8], at: usize) -> Result<Record, MessageError> {
    const FIXED_OCTETS: usize = 10;
    let (owner, at) = read_name(octets, at)?;
    let rest = octets.get(at..).unwrap_or_default();
    let &[t0, t1, c0, c1, ttl @ .., l0, l1] = rest
        .first_chunk::<FIXED_OCTETS>()
        .ok_or(MessageError::Truncated)?;
    let begin = at + FIXED_OCTETS;
    let end = begin + usize::from(u16::from_be_bytes([l0, l1]));
    if end > octets.len() {
        return Err(MessageError::Truncated);
    }
    Ok(Record {
        owner,
        record_type: RecordType(u16::from_be_bytes([t0, t1])),
        class: Class(u16::from_be_bytes([c0, c1])),
        ttl: u32::from_be_bytes(ttl),
        rdata: begin..end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_promise_more_than_there_is_are_refused() {
        let mut octets = [0; 12];
        octets[5] = 1;
        assert_eq!(
            Message::read(&octets).unwrap_err(),
            MessageError::Name(CompressedNameError::Truncated)
        );
        assert_eq!(
            Message::read(&octets[..11]).unwrap_err(),
            MessageError::Truncated
        );
        octets[4..].fill(0xff);
        assert!(Message::read(&octets).is_err());
    }
}
