//! One message in, one message out, the same for every transport: decode, stack, encode.
//!
//! An answer that is ready is written where the message arrived. One that has to wait is returned as a future, and
//! the listener awaits it where that delays nothing else. It knows no sockets.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::amplification;
use super::core_dns::Counting;
use super::judging::{answer_without_question, judge, refuse};
use super::live_server::LiveServer;
use super::server::Server;
use crate::dns::wire::{self, Rejection};
use crate::dns::{Answer, AnswerBuilder, Class, ExtendedError, Query, Rcode, Transport};
use crate::layers::Stack;
use crate::layers::metrics::ShardNumber;

/// Takes messages through the stack; a listener has one for each worker or connection.
#[derive(Clone, Debug)]
pub struct Exchange<S> {
    stack: S,
    transport: Transport,
    server: LiveServer,
    turns: RotationSource,
    reader: AnswerReader,
    shard: ShardNumber,
}

/// Who reads the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerReader {
    /// The client: they have what a message can hold.
    Client,
    /// The gateway, which gives the answers another form: they have all records.
    Gateway,
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
    server: Arc<Server>,
    query: Query,
    future: F,
    turn: u32,
    reader: AnswerReader,
    /// The octets of the query.
    asked: usize,
    counting: Counting,
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
            server,
            turns: RotationSource(rand::random::<u32>() | 1),
            reader: AnswerReader::Client,
        }
    }

    /// Has its messages made for somebody else than the client.
    #[must_use]
    pub fn read_by(self, reader: AnswerReader) -> Self {
        Self { reader, ..self }
    }

    /// Takes one message from `client` and appends the answer to `out`, if it is ready.
    pub fn begin(
        &mut self,
        message: &[u8],
        client: Option<IpAddr>,
        out: &mut Vec<u8>,
    ) -> Exchanged<S::Future> {
        self.server.refresh();
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
        let server = &self.server;
        if let Err(refusal) = judge(server, query) {
            refuse(server, query, refusal, out);
            counting.end_written(server, query, asked, &out[start..]);
            return Exchanged::Answered(Cacheability::NoStore);
        }
        self.begin_asked(query, (asked, counting), out)
    }

    /// Asks itself `Server::own_query`, by the way of a client's, and tells whether there is an answer or one to come.
    pub fn answers_itself(&mut self) -> bool {
        self.server.refresh();
        let (server, mut out) = (self.server.kept(), Vec::new());
        let Ok(query) = wire::decode(&server.own_query, self.transport, None) else {
            return false;
        };
        match self.begin_query(&query, &mut out) {
            Exchanged::Answered(_) => !out.is_empty(),
            Exchanged::Waiting(_) => true,
            Exchanged::Rejected(_) => false,
        }
    }

    /// Takes a query whose client may ask, as `begin` does a message.
    pub fn begin_query(&mut self, query: &Query, out: &mut Vec<u8>) -> Exchanged<S::Future> {
        self.server.refresh();
        self.begin_asked(query, (0, Counting::begin(&self.server, self.shard)), out)
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
        let (turn, reader) = (self.turns.next(), self.reader);
        let mut encode = |answer: &Answer, query: &Query| {
            reader.encode(server, answer, query, (turn, asked, counting), out);
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
                    reader,
                    asked,
                    counting,
                })
            }
        }
    }
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
        let (reader, query) = (self.reader, &self.query);
        let octets = (self.turn, self.asked, self.counting);
        reader.encode(&self.server, &answer, query, octets, out);
        Cacheability::of(&answer)
    }
}

impl AnswerReader {
    fn encode(
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
    fn of(answer: &Answer) -> Self {
        if answer.extended_error() == Some(ExtendedError::OVERLOADED) {
            return Self::Shed;
        }
        answer
            .freshness_seconds()
            .map_or(Self::NoStore, Self::Fresh)
    }
}

/// The answer of `refusal`, counted: the stack, which counts all others, does not see it.
fn refused(server: &Server, query: &Query) -> Option<Answer> {
    let answer = refusal(query)?;
    let counters = &server.counters;
    counters.count_refused(query.transport, answer.rcode());
    Some(answer)
}

/// The answer to what is decoded well and yet no query for the stack.
fn refusal(query: &Query) -> Option<Answer> {
    // RFC 6891 §6.1.3: a version that is not spoken here.
    if query.edns.is_some_and(|edns| edns.version != 0) {
        return Some(AnswerBuilder::error(Rcode::BADVERS, None));
    }
    // All that there is of class ANY is of class IN.
    let is_known = matches!(query.class, Class::IN | Class::ANY);
    (!is_known).then(|| AnswerBuilder::error(Rcode::REFUSED, None))
}

/// Numbers that look random enough to share the load among records (xorshift).
#[derive(Clone, Debug)]
struct RotationSource(u32);

impl RotationSource {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}
