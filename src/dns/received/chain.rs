//! The chain of CNAMEs from the question to what it ends at; records that are not on it are not looked at again.

use super::UnusableResponse;
use crate::dns::wire::{Message, RdataParts, Record};
use crate::dns::{Name, RecordType};

/// The most CNAMEs that one answer may go through; more are somebody's mistake or malice.
const MOST_LINKS: usize = 11;

const DNAME: RecordType = RecordType(39);
const RRSIG: RecordType = RecordType(46);
const NSEC: RecordType = RecordType(47);
const NSEC3: RecordType = RecordType(50);

/// What of an answer section belongs to the question.
#[derive(Debug)]
pub(super) struct ReceivedChain<'message> {
    /// The records, the CNAMEs first, in their order.
    pub(super) records: Vec<&'message Record>,
    /// The names that they go through.
    names: Vec<Name>,
    /// The name that the chain ends at.
    pub(super) last: Name,
    /// Whether there is what was asked for at its end.
    pub(super) has_data: bool,
}

/// Follows the CNAMEs in `answers` from `name` to records of `record_type`.
///
/// # Errors
/// CNAMEs that lead back to themselves, are too many, or cannot be read.
pub(super) fn follow<'message>(
    message: &Message<'_>,
    answers: &'message [Record],
    name: &Name,
    record_type: RecordType,
    dnssec_ok: bool,
) -> Result<ReceivedChain<'message>, UnusableResponse> {
    let mut chain = ReceivedChain {
        records: Vec::with_capacity(answers.len()),
        names: vec![*name],
        last: *name,
        has_data: false,
    };
    let follows = !matches!(record_type, RecordType::CNAME | RecordType::ANY);
    while let Some(link) = answers
        .iter()
        .find(|it| follows && it.record_type == RecordType::CNAME && it.owner == chain.last)
    {
        if dnssec_ok {
            chain.add_synthesis(message, answers);
        }
        chain.records.push(link);
        chain.add_signatures(message, answers, RecordType::CNAME, dnssec_ok);
        let parts = RdataParts::read(message.octets(), link);
        let target = parts.ok().and_then(|it| it.names.first().copied());
        let target = target.ok_or(UnusableResponse::Malformed)?;
        if chain.names.contains(&target) || chain.names.len() > MOST_LINKS {
            return Err(UnusableResponse::ChainTooLong);
        }
        chain.names.push(target);
        chain.last = target;
    }
    // RFC 6672 §5.3.1: the CNAME that is asked for may be made from a DNAME too.
    if dnssec_ok && record_type == RecordType::CNAME {
        chain.add_synthesis(message, answers);
    }
    let is_asked_for = |it: &&Record| {
        it.owner == chain.last && (it.record_type == record_type || record_type == RecordType::ANY)
    };
    let links = chain.records.len();
    chain.records.extend(answers.iter().filter(is_asked_for));
    chain.has_data = chain.records.len() > links;
    if chain.has_data && !matches!(record_type, RecordType::ANY | RRSIG) {
        chain.add_signatures(message, answers, record_type, dnssec_ok);
    }
    Ok(chain)
}

impl<'message> ReceivedChain<'message> {
    /// Adds the signatures of one set at the last name.
    fn add_signatures(
        &mut self,
        message: &Message<'_>,
        answers: &'message [Record],
        covered: RecordType,
        dnssec_ok: bool,
    ) {
        if dnssec_ok {
            let last = self.last;
            let signatures = answers.iter().filter(|it| it.owner == last);
            let signatures = signatures.filter(|it| covers(message, it) == Some(covered));
            self.records.extend(signatures);
        }
    }

    /// Adds the DNAME that the CNAME at the last name was made from, by which alone its signature is known (RFC 6672 §5.3).
    fn add_synthesis(&mut self, message: &Message<'_>, answers: &'message [Record]) {
        let last = self.last;
        let is_above = |it: &&Record| last != it.owner && last.is_within(&it.owner);
        let of_dname = |it: &&Record| it.record_type == DNAME || covers(message, it) == Some(DNAME);
        let records = answers.iter().filter(is_above).filter(of_dname);
        self.records.extend(records);
    }
}

/// Whether a record of the authority section proves a denial, or that a wildcard was right.
pub(super) fn is_proof(message: &Message<'_>, record: &Record, denies: bool) -> bool {
    let is_proof = |it| matches!(it, NSEC | NSEC3) || denies && it == RecordType::SOA;
    match covers(message, record) {
        Some(covered) => is_proof(covered),
        // The SOA itself is there already.
        None => matches!(record.record_type, NSEC | NSEC3),
    }
}

/// The type that a signature is of; none where a record is none.
fn covers(message: &Message<'_>, record: &Record) -> Option<RecordType> {
    if record.record_type != RRSIG {
        return None;
    }
    let rdata = message.octets().get(record.rdata.clone())?;
    let covered = rdata.first_chunk::<2>()?;
    Some(RecordType(u16::from_be_bytes(*covered)))
}
