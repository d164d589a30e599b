//! An answer on its way out of an exchange: one that has to be waited for, who reads it, and what it is to HTTP.
//!
//! Floor 4, a part of `exchange`.

use std::convert::Infallible;
use std::sync::Arc;

use super::amplification;
use super::core_dns::Counting;
use super::recorder::PendingRecord;
use super::server::Server;
use crate::dns::tsig::Transaction;
use crate::dns::wire::AnsweredZone;
use crate::dns::wire::{self, Rejection};
use crate::dns::{Answer, ExtendedError, Query};
use crate::transfer::Transfer;
use crate::unix_time::now_seconds;

/// Who reads the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerReader {
    /// The client: they have what a message can hold.
    Client,
    /// The gateway, which gives the answers another form: they have all records.
    Gateway,
}

/// What an answer is to HTTP, beside its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cacheability {
    /// A cache may keep it for so many seconds.
    Fresh(u32),
    /// No cache may keep it.
    NoStore,
    /// There was no room to ask for it: load was shed.
    Shed,
}

/// What came of a message.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lives on the stack, and waiting is rare"
)]
pub enum Exchanged<F> {
    /// The answer was appended to the buffer.
    Answered(Cacheability),
    /// There is nothing to say to it.
    Rejected(Rejection),
    /// The answer has to be waited for.
    Waiting(PendingAnswer<F>),
    /// The answer is the messages of a transfer; over a stream only.
    Transfer(Box<Transfer>),
}

/// A query whose answer has to be waited for.
#[derive(Debug)]
pub struct PendingAnswer<F> {
    pub(super) server: Arc<Server>,
    pub(super) query: Query,
    pub(super) future: F,
    pub(super) turn: u32,
    /// The zone whose version the client is told.
    pub(super) zone: Option<AnsweredZone>,
    pub(super) reader: AnswerReader,
    /// The octets of the query.
    pub(super) asked: usize,
    pub(super) counting: Counting,
    /// What the query log is to have of it, if there is one.
    pub(super) to_record: Option<Box<PendingRecord>>,
    /// What signs it, if the query is signed.
    pub(super) transaction: Option<Box<Transaction>>,
}

impl<F> PendingAnswer<F>
where
    F: Future<Output = Result<Answer, Infallible>> + Unpin,
{
    /// The query.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Waits for the answer and appends it to `out`; tells what it is to HTTP, as `Exchanged` does.
    pub async fn finish(mut self, out: &mut Vec<u8>) -> Cacheability {
        let Ok(answer) = self.future.await;
        let start = out.len();
        let (reader, query) = (self.reader, &self.query);
        let way = (self.turn, self.zone, self.asked, self.counting);
        reader.encode(&self.server, &answer, query, way, out);
        let mut cacheability = Cacheability::of(&answer);
        if let Some(transaction) = &mut self.transaction {
            reader.sign(transaction, out, start);
            cacheability = cacheability.signed();
        }
        if let (Some(log), Some(pending)) = (&self.server.query_log, &self.to_record) {
            pending.record(log, &out[start..]);
        }
        cacheability
    }
}

impl<F> Exchanged<F> {
    /// Signs the answer, which was appended to `out` from octet `begin` on, or has it signed once it is made.
    pub(super) fn signed(
        self,
        mut transaction: Transaction,
        reader: AnswerReader,
        out: &mut Vec<u8>,
        begin: usize,
    ) -> Self {
        match self {
            Self::Answered(cacheability) => {
                reader.sign(&mut transaction, out, begin);
                Self::Answered(cacheability.signed())
            }
            Self::Waiting(waiting) => Self::Waiting(PendingAnswer {
                transaction: Some(Box::new(transaction)),
                ..waiting
            }),
            Self::Transfer(transfer) => {
                let signed = transfer.signed(transaction, now_seconds);
                Self::Transfer(Box::new(signed))
            }
            Self::Rejected(_) => self,
        }
    }
}

impl AnswerReader {
    /// Signs the answer that begins at octet `begin` of `out`, if there is one. What gets another form has no signature.
    fn sign(self, transaction: &mut Transaction, out: &mut Vec<u8>, begin: usize) {
        if self == Self::Client && out.len() > begin {
            transaction.sign_from(out, begin, now_seconds());
        }
    }

    pub(super) fn encode(
        self,
        server: &Server,
        answer: &Answer,
        query: &Query,
        (turn, zone, asked, counting): (u32, Option<AnsweredZone>, usize, Counting),
        out: &mut Vec<u8>,
    ) {
        let mut additions = server.additions(query);
        additions.zone = zone;
        match self {
            Self::Client => {
                let start = out.len();
                wire::encode(answer, query, server.bounds, &additions, turn, out);
                amplification::bound(server, query, Some(answer), asked, start, out);
                let octets = Some((asked, out.len() - start));
                counting.end(server, query, answer.rcode(), octets);
            }
            Self::Gateway => {
                wire::encode_whole(answer, query, &additions, turn, out);
                counting.end(server, query, answer.rcode(), None);
            }
        }
    }
}

impl Cacheability {
    pub(super) fn of(answer: &Answer) -> Self {
        if answer.extended_error() == Some(ExtendedError::OVERLOADED) {
            return Self::Shed;
        }
        answer
            .freshness_seconds()
            .map_or(Self::NoStore, Self::Fresh)
    }

    /// What it is with a signature, which is for one client and one time.
    pub(super) fn signed(self) -> Self {
        match self {
            Self::Fresh(_) | Self::NoStore => Self::NoStore,
            Self::Shed => Self::Shed,
        }
    }
}
