//! Makes an answer of a response that another server gave: what of it is believed, and how long it may be kept.
//!
//! Floor 1. It believes the chain of CNAMEs that begins at the question and what the last of them has, and nothing else
//! (RFC 5452 §6): of the authority section the SOA of a denial, and where DNSSEC is asked for what proves it; of the
//! additional section nothing. Data of unknown types stays as it is; names are made whole.

mod chain;
mod private;

use self::chain::{ReceivedChain, follow};
use self::private::has_private_address;
use super::wire::{Flag, Message, MessageError, RdataParts, Record};
use super::{Answer, AnswerBuilder, Class, Name, Owner, Rcode, RecordType, Section};

/// The longest that a denial is kept, in seconds (RFC 2308 §5).
const NEGATIVE_SECONDS: u32 = 3 * 3600;
/// The octets of an SOA's data behind its names, MINIMUM last.
const SOA_TAIL_OCTETS: usize = 20;

/// What another server answered.
#[derive(Clone, Debug)]
pub struct ReceivedAnswer {
    /// The answer.
    pub answer: Answer,
    /// How long it may be kept, in seconds; none when it may not.
    pub keep_seconds: Option<u32>,
    /// Whether it denies what was asked for, perhaps behind aliases (RFC 2308 §2).
    pub is_denial: bool,
    /// Whether it has an address of the network of whoever asks.
    pub has_private_address: bool,
}

/// Why there is no answer in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnusableResponse {
    /// It cannot be read.
    Malformed,
    /// Its CNAMEs lead back to themselves, or are too many.
    ChainTooLong,
    /// It names other servers to ask: who sent it does not find answers.
    Referral,
    /// Its code says that the query cannot be read, and it has no OPT: who sent it does not know EDNS (RFC 6891 §7).
    NoEdns,
    /// Its code says that there is none.
    Failure {
        /// The code.
        rcode: Rcode,
        /// The extended error that it has, by its number (RFC 8914).
        extended_error: Option<u16>,
    },
}

impl ReceivedAnswer {
    /// Reads a response to a question of class IN for `name` and `record_type`.
    ///
    /// # Errors
    /// A response that has no answer, or one that cannot be believed.
    pub fn read(
        name: &Name,
        record_type: RecordType,
        dnssec_ok: bool,
        response: &[u8],
    ) -> Result<Self, UnusableResponse> {
        let message = Message::read(response).map_err(|_| UnusableResponse::Malformed)?;
        let rcode = message.rcode();
        if !matches!(rcode, Rcode::NOERROR | Rcode::NXDOMAIN) {
            if message.opt().is_none() && matches!(rcode, Rcode::FORMERR | Rcode::NOTIMP) {
                return Err(UnusableResponse::NoEdns);
            }
            let extended = message.opt().and_then(|opt| opt.extended_errors().next());
            return Err(UnusableResponse::Failure {
                rcode,
                extended_error: extended.map(|it| it.code),
            });
        }
        let records = message.records(Section::Answer);
        let answers: Vec<Record> = records.filter(|it| it.class == Class::IN).collect();
        let chain = follow(&message, &answers, name, record_type, dnssec_ok)?;
        let mut copy = Copy {
            message: &message,
            question: name,
            builder: AnswerBuilder::received(
                name,
                rcode,
                message.header().has(Flag::AuthenticData),
            ),
            least_ttl: None,
            has_private_address: false,
        };
        for record in &chain.records {
            copy.record(Section::Answer, record)?;
        }
        let keep_seconds = match chain.has_data {
            // RFC 2181 §5.2: as long as the shortest of what it is made of.
            true => {
                if dnssec_ok {
                    copy.proofs(Denies::No)?;
                }
                copy.least_ttl
            }
            false => copy.denial(&chain, dnssec_ok)?,
        };
        Ok(Self {
            answer: copy.builder.finish(),
            keep_seconds,
            is_denial: !chain.has_data,
            has_private_address: copy.has_private_address,
        })
    }

    /// Has nothing in it live longer than so many seconds.
    #[must_use]
    pub fn capped(self, most_seconds: u32) -> Self {
        Self {
            answer: self.answer.capped(most_seconds),
            keep_seconds: self.keep_seconds.map(|it| it.min(most_seconds)),
            ..self
        }
    }
}

/// Whether a response denies what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Denies {
    Yes,
    No,
}

/// Copies records into an answer.
struct Copy<'message> {
    message: &'message Message<'message>,
    question: &'message Name,
    builder: AnswerBuilder,
    least_ttl: Option<u32>,
    has_private_address: bool,
}

impl Copy<'_> {
    fn record(&mut self, section: Section, record: &Record) -> Result<(), UnusableResponse> {
        let ttl = usable_ttl(record.ttl);
        self.record_with(section, record, ttl)
    }

    fn record_with(
        &mut self,
        section: Section,
        record: &Record,
        ttl: u32,
    ) -> Result<(), UnusableResponse> {
        let record = Record {
            ttl,
            ..record.clone()
        };
        let rdata = self.message.octets().get(record.rdata.clone());
        self.has_private_address |= section == Section::Answer
            && rdata.is_some_and(|it| has_private_address(record.record_type, it));
        copy_record(
            &mut self.builder,
            self.question,
            self.message,
            section,
            &record,
        )
        .map_err(|_| UnusableResponse::Malformed)?;
        self.least_ttl = Some(self.least_ttl.map_or(ttl, |least| least.min(ttl)));
        Ok(())
    }

    /// Copies the SOA by which something is denied; tells how long the denial may be kept (RFC 2308 §5).
    fn denial(
        &mut self,
        chain: &ReceivedChain<'_>,
        dnssec_ok: bool,
    ) -> Result<Option<u32>, UnusableResponse> {
        let is_its =
            |it: &Record| it.record_type == RecordType::SOA && chain.last.is_within(&it.owner);
        let soa = self.authority().find(is_its);
        let Some(soa) = soa else {
            let mut authority = self.authority();
            let refers = authority.any(|it| it.record_type == RecordType::NS);
            let recurses = self.message.header().has(Flag::RecursionAvailable);
            if refers && !recurses && chain.records.is_empty() {
                return Err(UnusableResponse::Referral);
            }
            return Ok(None);
        };
        let minimum = self.message.octets().get(..soa.rdata.end);
        let minimum = minimum.filter(|_| soa.rdata.len() > SOA_TAIL_OCTETS);
        let minimum = minimum.and_then(|it| it.last_chunk::<4>());
        let minimum = minimum.ok_or(UnusableResponse::Malformed)?;
        let ttl = usable_ttl(soa.ttl).min(usable_ttl(u32::from_be_bytes(*minimum)));
        self.record_with(Section::Authority, &soa, ttl.min(NEGATIVE_SECONDS))?;
        let keep_seconds = self.least_ttl;
        if dnssec_ok {
            self.proofs(Denies::Yes)?;
        }
        Ok(keep_seconds)
    }

    /// Copies what a validator needs beside the answer (RFC 4035 §3.1.3): it is checked there, and believed by nobody here.
    fn proofs(&mut self, denies: Denies) -> Result<(), UnusableResponse> {
        let proofs: Vec<Record> = self
            .authority()
            .filter(|it| chain::is_proof(self.message, it, denies == Denies::Yes))
            .collect();
        for proof in &proofs {
            self.record(Section::Authority, proof)?;
        }
        Ok(())
    }

    fn authority(&self) -> impl Iterator<Item = Record> + use<'_> {
        let records = self.message.records(Section::Authority);
        records.filter(|it| it.class == Class::IN)
    }
}

/// Appends a record of a message to the answer to `question`; names in its data are made whole, or point into the
/// question where they may.
///
/// # Errors
/// Data that ends before its names do, or names that are none.
pub(super) fn copy_record(
    builder: &mut AnswerBuilder,
    question: &Name,
    message: &Message<'_>,
    section: Section,
    record: &Record,
) -> Result<(), MessageError> {
    let parts = RdataParts::read(message.octets(), record)?;
    let owner = match record.owner == *question {
        true => Owner::Question,
        false => Owner::Name(&record.owner),
    };
    let may_compress = matches!(
        record.record_type,
        RecordType::NS | RecordType::CNAME | RecordType::PTR | RecordType::MX | RecordType::SOA
    );
    builder.push(section, owner, record.record_type, record.ttl, |data| {
        data.octets(parts.head);
        for name in &parts.names {
            match may_compress {
                true => data.name(name),
                false => data.plain_name(name),
            }
        }
        data.octets(parts.tail);
    });
    Ok(())
}

/// RFC 2181 §8: a TTL with the highest bit set is 0.
fn usable_ttl(ttl: u32) -> u32 {
    if ttl > i32::MAX as u32 { 0 } else { ttl }
}

#[cfg(test)]
mod proofs;
