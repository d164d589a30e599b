//! An answer on its way out of an exchange: one that has to be waited for, who reads it, and what it is to HTTP.
//!
//! Floor 4, a part of `exchange`.

use std::convert::Infallible;
use std::sync::Arc;

use super::amplification;
use super::core_dns::Counting;
use super::recorder::PendingRecord;
use super::server::Server;
use crate::dns::{Answer, ExtendedError, Query, wire};

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

/// A query whose answer has to be waited for.
#[derive(Debug)]
pub struct PendingAnswer<F> {
    pub(super) server: Arc<Server>,
    pub(super) query: Query,
    pub(super) future: F,
    pub(super) turn: u32,
    pub(super) reader: AnswerReader,
    /// The octets of the query.
    pub(super) asked: usize,
    pub(super) counting: Counting,
    /// What the query log is to have of it, if there is one.
    pub(super) to_record: Option<Box<PendingRecord>>,
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
    pub async fn finish(self, out: &mut Vec<u8>) -> Cacheability {
        let Ok(answer) = self.future.await;
        let start = out.len();
        let (reader, query) = (self.reader, &self.query);
        let octets = (self.turn, self.asked, self.counting);
        reader.encode(&self.server, &answer, query, octets, out);
        if let (Some(log), Some(pending)) = (&self.server.query_log, &self.to_record) {
            pending.record(log, &out[start..]);
        }
        Cacheability::of(&answer)
    }
}

impl AnswerReader {
    pub(super) fn encode(
        self,
        server: &Server,
        answer: &Answer,
        query: &Query,
        (turn, asked, counting): (u32, usize, Counting),
        out: &mut Vec<u8>,
    ) {
        let additions = server.additions(query);
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
}
