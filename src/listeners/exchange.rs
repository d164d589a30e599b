//! One message in, one message out, the same for every transport: decode, stack, encode.
//!
//! An answer that is ready is written where the message arrived. One that has to wait is returned as a future, and
//! the listener awaits it where that delays nothing else. It knows no sockets.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::amplification;
use super::core_dns::Counting;
use super::judging::{answer_without_question, judge, refusal, refuse, refused};
use super::live_server::LiveServer;
pub use super::pending::{AnswerReader, Cacheability, Exchanged, PendingAnswer};
use super::recorder::Recorder;
use super::rotation::RotationSource;
use super::server::Server;
use super::signing::SignedQuery;
use super::transfers::Offer;
use crate::dns::wire::{self, Rejection};
use crate::dns::{Answer, Query, Rcode, Signature, Transport};
use crate::layers::Stack;
use crate::layers::metrics::ShardNumber;
use crate::query_log::ObservedQuery;

/// Takes messages through the stack; a listener has one for each worker or connection.
#[derive(Clone, Debug)]
pub struct Exchange<S> {
    stack: S,
    transport: Transport,
    server: LiveServer,
    turns: RotationSource,
    reader: AnswerReader,
    recorder: Recorder,
    shard: ShardNumber,
}

impl<S: Stack> Exchange<S> {
    /// Makes one for a transport, whose server stays the same.
    pub fn new(stack: S, transport: Transport, server: Arc<Server>) -> Self {
        Self::live(stack, transport, server.into())
    }

    /// Makes one for a transport, whose server may be replaced.
    pub fn live(stack: S, transport: Transport, server: LiveServer) -> Self {
        let shard = Counting::shard(&server);
        Self {
            shard,
            stack,
            transport,
            recorder: Recorder::new(transport, &server),
            server,
            turns: RotationSource::random(),
            reader: AnswerReader::Client,
        }
    }

    /// Has its messages made for somebody else than the client.
    #[must_use]
    pub fn read_by(self, reader: AnswerReader) -> Self {
        Self { reader, ..self }
    }

    /// Says from which port the next messages come, for the query log.
    pub fn asked_from(&mut self, port: u16) {
        self.recorder.port = port;
    }

    /// Takes one message from `client` and appends the answer to `out`, if it is ready.
    pub fn begin(
        &mut self,
        message: &[u8],
        client: Option<IpAddr>,
        out: &mut Vec<u8>,
    ) -> Exchanged<S::Future> {
        self.server.refresh();
        match self.server.query_log.is_some() {
            true => self.begin_recorded(message, client, out),
            false => self.begin_message(message, client, out),
        }
    }

    /// The same, into the query log. Apart from the usual way: what is changed once it is made would have to be moved.
    #[inline(never)]
    fn begin_recorded(
        &mut self,
        message: &[u8],
        client: Option<IpAddr>,
        out: &mut Vec<u8>,
    ) -> Exchanged<S::Future> {
        let (begun, start) = (Instant::now(), out.len());
        let mut exchanged = self.begin_message(message, client, out);
        self.record(message, client, begun, &out[start..], &mut exchanged);
        exchanged
    }

    #[inline(always)]
    fn begin_message(
        &mut self,
        message: &[u8],
        client: Option<IpAddr>,
        out: &mut Vec<u8>,
    ) -> Exchanged<S::Future> {
        let counting = Counting::begin(&self.server, self.shard);
        let (start, asked) = (out.len(), message.len());
        let decoded = wire::decode(message, self.transport, client);
        let query = match decoded {
            // Borrowed: each move would copy some hundred octets.
            Ok(ref query) => query,
            Err(Rejection::Bare(mut bare)) => {
                if !self.server.clients.allows(client) {
                    bare.rcode = Rcode::REFUSED;
                }
                let counters = &self.server.counters;
                counters.count_refused(self.transport, bare.rcode);
                wire::encode_bare(&bare, self.server.recursion, out);
                let from = (self.transport, client);
                counting.end_without_question(&self.server, from, asked, &out[start..]);
                return Exchanged::Answered(Cacheability::NoStore);
            }
            Err(Rejection::NoQuestion(query)) => {
                answer_without_question(&self.server, &query, out);
                amplification::bound(&self.server, &query, None, asked, start, out);
                let from = (self.transport, client);
                counting.end_without_question(&self.server, from, asked, &out[start..]);
                return Exchanged::Answered(Cacheability::NoStore);
            }
            Err(rejection) => return Exchanged::Rejected(rejection),
        };
        if query.signature != Signature::Absent {
            return self.begin_signed(message, query, counting, out);
        }
        let server = &self.server;
        if let Err(refusal) = judge(server, query) {
            refuse(server, query, refusal, out);
            counting.end_written(server, query, asked, &out[start..]);
            return Exchanged::Answered(Cacheability::NoStore);
        }
        if self.server.may_transfer(query) {
            return self.begin_transfer(message, query, (asked, counting), out);
        }
        self.begin_asked(query, (asked, counting), out)
    }

    /// Begins a transfer of a zone, or gives the SOA of the catalog zone, where it is asked for and offered; answers anything else.
    #[inline(never)]
    fn begin_transfer(
        &mut self,
        message: &[u8],
        query: &Query,
        (asked, counting): (usize, Counting),
        out: &mut Vec<u8>,
    ) -> Exchanged<S::Future> {
        let start = out.len();
        if refusal(query).is_some() {
            return self.begin_asked(query, (asked, counting), out);
        }
        match self.server.transfer(query, message, out) {
            Offer::NotHere => self.begin_asked(query, (asked, counting), out),
            Offer::Stream(transfer) => Exchanged::Transfer(transfer),
            Offer::Answered => {
                counting.end_written(&self.server, query, asked, &out[start..]);
                Exchanged::Answered(Cacheability::NoStore)
            }
        }
    }

    /// The same for a query that is signed.
    #[cold]
    #[inline(never)]
    fn begin_signed(
        &mut self,
        message: &[u8],
        query: &Query,
        counting: Counting,
        out: &mut Vec<u8>,
    ) -> Exchanged<S::Future> {
        let (start, asked) = (out.len(), message.len());
        let signed = SignedQuery::check(&self.server, message, query);
        let (server, query) = (&self.server, &signed.query);
        let judged = judge(server, query);
        let exchanged = if judged.is_ok() && signed.checked.is_ok() {
            self.begin_transfer(message, query, (asked, counting), out)
        } else {
            signed.refuse(server, judged, message, out);
            counting.end_written(server, query, asked, &out[start..]);
            Exchanged::Answered(Cacheability::NoStore)
        };
        match signed.checked {
            Ok(transaction) => exchanged.signed(transaction, self.reader, out, start),
            Err(_) => exchanged,
        }
    }

    /// Asks itself `Server::own_query`, by the way of a client's, and tells whether there is an answer or one to come.
    pub fn answers_itself(&mut self) -> bool {
        self.server.refresh();
        let (server, mut out) = (self.server.kept(), Vec::new());
        let Ok(query) = wire::decode(&server.own_query, self.transport, None) else {
            return false;
        };
        // By the stack alone: no client has asked, so it is in no query log.
        let counting = Counting::begin(&self.server, self.shard);
        match self.begin_asked(&query, (0, counting), &mut out) {
            Exchanged::Answered(_) => !out.is_empty(),
            Exchanged::Waiting(_) | Exchanged::Transfer(_) => true,
            Exchanged::Rejected(_) => false,
        }
    }

    /// Takes a query whose client may ask, as `begin` does a message.
    pub fn begin_query(&mut self, query: &Query, out: &mut Vec<u8>) -> Exchanged<S::Future> {
        self.server.refresh();
        match self.server.query_log.is_some() {
            true => self.begin_query_recorded(query, out),
            false => {
                let counting = Counting::begin(&self.server, self.shard);
                self.begin_asked(query, (0, counting), out)
            }
        }
    }

    /// The same, into the query log, as the message that it stands for.
    #[inline(never)]
    fn begin_query_recorded(&mut self, query: &Query, out: &mut Vec<u8>) -> Exchanged<S::Future> {
        let (begun, start, mut message) = (Instant::now(), out.len(), Vec::new());
        wire::encode_query(query, &mut message);
        let counting = Counting::begin(&self.server, self.shard);
        let mut exchanged = self.begin_asked(query, (0, counting), out);
        self.record(&message, query.client, begun, &out[start..], &mut exchanged);
        exchanged
    }

    /// Puts what was answered into the query log, or has that done once it is.
    #[inline(never)]
    fn record(
        &self,
        query: &[u8],
        client: Option<IpAddr>,
        begun: Instant,
        response: &[u8],
        exchanged: &mut Exchanged<S::Future>,
    ) {
        let Some(log) = &self.server.query_log else {
            return;
        };
        let asked = self.recorder.observed(query, client, begun);
        match exchanged {
            Exchanged::Answered(_) => {
                log.record(self.recorder.worker, &ObservedQuery { response, ..asked });
            }
            Exchanged::Waiting(waiting) => {
                waiting.to_record = Some(Box::new(self.recorder.keep(&asked)));
            }
            // It is no query, or its end is logged.
            Exchanged::Rejected(_) | Exchanged::Transfer(_) => {}
        }
    }

    /// The same, of a query of so many octets.
    #[inline]
    fn begin_asked(
        &mut self,
        query: &Query,
        (asked, counting): (usize, Counting),
        out: &mut Vec<u8>,
    ) -> Exchanged<S::Future> {
        let server = &self.server;
        let (turn, reader, zone) = (self.turns.next(), self.reader, server.answered_zone(query));
        let mut encode = |answer: &Answer, query: &Query| {
            reader.encode(server, answer, query, (turn, zone, asked, counting), out);
            Exchanged::Answered(Cacheability::of(answer))
        };
        if let Some(answer) = refused(server, query) {
            return encode(&answer, query);
        }
        let mut future = self.stack.call(query.clone());
        match Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(answer)) => encode(&answer, query),
            Poll::Pending => {
                let server = server.kept();
                Exchanged::Waiting(PendingAnswer {
                    server,
                    query: query.clone(),
                    future,
                    turn,
                    zone,
                    reader,
                    asked,
                    counting,
                    to_record: None,
                    transaction: None,
                })
            }
        }
    }
}
