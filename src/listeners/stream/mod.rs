//! DNS over a stream (RFC 7766), for TCP and TLS alike.
//!
//! Answers that are ready are written in order and together; those that have to wait are written when they are ready,
//! out of order. Reading stops if too many queries wait or the client does not receive its answers.

mod deadline;
mod end;
mod input;
mod leaving;
mod output;
mod progress;

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

pub use self::end::ConnectionEnd;
use self::input::{Input, Next};
use self::output::{BatchSize, Output};
use self::progress::Progress;
use super::connections::{ConnectionHandle, WriteBudgetExceeded};
use super::exchange::{Exchange, Exchanged};
use super::limits::ConnectionLimits;
use crate::layers::Stack;
use crate::transfer::{BrokenTransfer, TransferMessages};

/// Serves one connection until it ends; closing it is the caller's.
pub async fn serve<Stream, S>(
    stream: &mut Stream,
    exchange: Exchange<S>,
    client: Option<IpAddr>,
    limits: &ConnectionLimits,
    connection_handle: &ConnectionHandle,
    shutdown: CancellationToken,
) -> ConnectionEnd
where
    Stream: AsyncRead + AsyncWrite + Unpin,
    S: Stack,
{
    let mut conversation = Conversation::new(stream, exchange, client, limits, connection_handle);
    let left = tokio::select! {
        biased;
        end = poll_fn(|context| conversation.poll(context)) => Some(end),
        () = shutdown.cancelled() => None,
        () = sleep(limits.connection_age) => None,
    };
    match left {
        Some(end) => end,
        None => conversation.leave().await,
    }
}

/// One connection: what came, what waits for its answer, what is to be written.
struct Conversation<'limits, 'stream, Stream, S> {
    stream: &'stream mut Stream,
    exchange: Exchange<S>,
    client: Option<IpAddr>,
    limits: &'limits ConnectionLimits,
    connection_handle: &'limits ConnectionHandle,
    input: Input,
    waiting: FuturesUnordered<BoxFuture<'static, Vec<u8>>>,
    /// The transfer whose messages are written now; nothing else is read meanwhile.
    transfer: Option<TransferMessages>,
    output: Output,
    /// What was answered since others had their turn.
    turn: BatchSize,
    phase: ReadPhase,
    /// Whether any query came.
    is_asked: bool,
    /// When a query or an answer last went through.
    active: Instant,
    timer: Pin<Box<Sleep>>,
}

/// Whether messages are still read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadPhase {
    Reading,
    /// What came is answered, then the connection ends this way.
    Finishing(ConnectionEnd),
}

impl<'limits, 'stream, Stream, S> Conversation<'limits, 'stream, Stream, S>
where
    Stream: AsyncRead + AsyncWrite + Unpin,
    S: Stack,
{
    fn new(
        stream: &'stream mut Stream,
        exchange: Exchange<S>,
        client: Option<IpAddr>,
        limits: &'limits ConnectionLimits,
        connection_handle: &'limits ConnectionHandle,
    ) -> Self {
        let active = Instant::now();
        Self {
            stream,
            exchange,
            client,
            limits,
            connection_handle,
            input: Input::new(),
            waiting: FuturesUnordered::new(),
            transfer: None,
            output: Output::new(limits.unwritten_octets),
            turn: BatchSize::default(),
            phase: ReadPhase::Reading,
            is_asked: false,
            active,
            timer: Box::pin(sleep_until(active + limits.idle)),
        }
    }

    /// Reads no more and ends as soon as nothing is owed.
    fn finish(&mut self, end: ConnectionEnd) {
        if self.phase == ReadPhase::Reading {
            self.phase = ReadPhase::Finishing(end);
        }
    }

    /// Goes on for as long as anything can be done without waiting.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ConnectionEnd> {
        loop {
            let finished = self
                .take_finished(context)
                .or(self.take_transferred(context));
            let answered = self.answer_input();
            let (stream, had_room) = (Pin::new(&mut *self.stream), self.output.has_room());
            let written = self.output.poll_write(stream, context);
            if let Poll::Ready(Err(_)) = written {
                return Poll::Ready(ConnectionEnd::Failed);
            }
            // Without room there can be messages that nobody has looked at, and nothing else would wake this.
            let is_freed = !had_room && self.output.has_room();
            let progressed = is_freed || finished.or(answered) == Progress::Some;
            if let ReadPhase::Finishing(end) = self.phase
                && !progressed
                && self.waiting.is_empty()
                && self.transfer.is_none()
                && self.output.is_empty()
            {
                return Poll::Ready(end);
            }
            match self.poll_read(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(end)) => return Poll::Ready(end),
                Poll::Pending if progressed => {}
                Poll::Pending => break,
            }
            if self.turn.is_over() {
                return self.yield_turn(context);
            }
        }
        self.turn = BatchSize::default();
        if self.settle().is_err() {
            return Poll::Ready(ConnectionEnd::Untaken);
        }
        self.poll_deadline(context)
    }

    /// Lets others have their turn before it goes on.
    fn yield_turn(&mut self, context: &mut Context<'_>) -> Poll<ConnectionEnd> {
        self.turn = BatchSize::default();
        if self.settle().is_err() {
            return Poll::Ready(ConnectionEnd::Untaken);
        }
        let _ = pin!(yield_now()).poll(context);
        Poll::Pending
    }

    /// Tells the others what is under way here.
    fn settle(&self) -> Result<(), WriteBudgetExceeded> {
        let ConnectionHandle {
            activity,
            write_budget,
        } = self.connection_handle;
        activity.waits_for(self.waiting.len() + usize::from(self.transfer.is_some()));
        let untaken = self.output.unwritten();
        if untaken == write_budget.held() {
            return Ok(());
        }
        write_budget.hold(untaken)
    }

    /// Adds the answers that were waited for.
    fn take_finished(&mut self, context: &mut Context<'_>) -> Progress {
        let mut progress = Progress::None;
        while self.output.has_room()
            && let Poll::Ready(Some(message)) = self.waiting.poll_next_unpin(context)
        {
            self.output.add(|out| out.extend_from_slice(&message));
            progress = Progress::Some;
        }
        self.note(progress)
    }

    /// Adds the messages of the transfer that are ready.
    fn take_transferred(&mut self, context: &mut Context<'_>) -> Progress {
        let mut progress = Progress::None;
        while self.output.has_room()
            && !self.turn.is_over()
            && let Some(transfer) = &mut self.transfer
            && let Poll::Ready(message) = transfer.poll_next(context)
        {
            progress = Progress::Some;
            match message {
                Ok(Some(message)) => {
                    self.turn.add(message.len());
                    self.output.add(|out| out.extend_from_slice(&message));
                }
                Ok(None) => self.transfer = None,
                // The client must not wait for what does not come.
                Err(BrokenTransfer) => {
                    self.transfer = None;
                    self.finish(ConnectionEnd::Failed);
                }
            }
        }
        self.note(progress)
    }

    /// Answers what came, as far as there is room for answers.
    fn answer_input(&mut self) -> Progress {
        let mut progress = Progress::None;
        while self.may_begin() {
            let message = match self.input.next() {
                Next::Message(message) => message,
                Next::Incomplete => break,
                Next::Malformed => {
                    self.refuse();
                    break;
                }
            };
            (progress, self.is_asked) = (Progress::Some, true);
            let before = self.output.unwritten();
            let (exchange, client) = (&mut self.exchange, self.client);
            match self.output.add(|out| exchange.begin(message, client, out)) {
                Exchanged::Answered(_) => {}
                Exchanged::Waiting(waiting) => self.waiting.push(Box::pin(async move {
                    let mut message = Vec::new();
                    waiting.finish(&mut message).await;
                    message
                })),
                Exchanged::Transfer(transfer) => self.transfer = Some(transfer.start(client)),
                Exchanged::Rejected(_) => self.refuse(),
            }
            self.turn.add(self.output.unwritten() - before);
        }
        self.note(progress)
    }

    fn may_begin(&self) -> bool {
        self.output.has_room()
            && self.transfer.is_none()
            && self.waiting.len() < self.limits.in_flight_per_connection
    }

    /// Ends the connection for what came on it; what was asked before is still answered.
    fn refuse(&mut self) {
        self.input.clear();
        self.phase = ReadPhase::Finishing(ConnectionEnd::Malformed);
    }

    fn note(&mut self, progress: Progress) -> Progress {
        if progress == Progress::Some {
            self.active = Instant::now();
            self.connection_handle.activity.is_active_at(self.active);
        }
        progress
    }

    /// Reads, if more can be answered; pending also when it must not.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectionEnd>> {
        if self.phase != ReadPhase::Reading || !self.may_begin() {
            return Poll::Pending;
        }
        match self.input.poll_read(Pin::new(&mut *self.stream), context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(_)) => Poll::Ready(Err(ConnectionEnd::Failed)),
            Poll::Ready(Ok(0)) => {
                // Its own side only: RFC 7766 §6.2.4 has the answers still wanted.
                self.finish(ConnectionEnd::Closed);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Ok(_)) => Poll::Ready(Ok(())),
        }
    }
}
