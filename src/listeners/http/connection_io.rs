//! The stream of a connection as hyper sees it: one buffer for each write, so that output is joined first; writes
//! with a deadline that yield to others; and an end that drops further input.
//!
//! If a stream takes several buffers, h2 passes every body of 256 octets or more separately, and each becomes a write
//! and a TLS record. For this one it copies them together and writes once: 0.67 of the CPU for a JSON query, 0.98 for
//! a GET (`benches/peers.sh`, loads `json` and `doh-get`; docs/benchmarks.md).

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep};

use super::super::closing::LingeringClose;
use super::super::limits::ConnectionLimits;
use super::activity::Activity;

/// What is written before others have their turn, in octets.
const TURN_OCTETS: usize = 128 * 1024;

/// The stream of a connection without its vectored writes, which the defaults of [`AsyncWrite`] leave out.
#[derive(Debug)]
pub(super) struct ConnectionIo<Stream> {
    stream: Stream,
    activity: Arc<Activity>,
    write_stall: Duration,
    linger: Duration,
    /// Runs while a write waits; kept, since another one will.
    deadline: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
    /// What was written since others had their turn.
    written: usize,
    /// What comes after the end.
    lingering: Option<LingeringClose>,
    /// An octet that came during a response without an end, and that hyper has not read.
    early: Option<u8>,
}

impl<Stream> ConnectionIo<Stream> {
    pub(super) fn new(stream: Stream, activity: Arc<Activity>, limits: &ConnectionLimits) -> Self {
        Self {
            stream,
            activity,
            write_stall: limits.write_stall,
            linger: limits.linger,
            deadline: None,
            is_waiting: false,
            written: 0,
            lingering: None,
            early: None,
        }
    }

    /// Lets a write wait, not for ever.
    fn in_time<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.is_waiting = false;
            return written;
        }
        if !self.is_waiting {
            self.is_waiting = true;
            self.begin(self.write_stall);
        }
        if self.is_over(context) {
            self.activity.stall();
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }

    fn begin(&mut self, time: Duration) {
        match &mut self.deadline {
            Some(deadline) => deadline.as_mut().reset(Instant::now() + time),
            None => self.deadline = Some(Box::pin(sleep(time))),
        }
    }

    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let deadline = self.deadline.as_mut();
        deadline.is_some_and(|deadline| deadline.as_mut().poll(context).is_ready())
    }
}

impl<Stream: AsyncRead + Unpin> ConnectionIo<Stream> {
    /// Fails when the client has left: hyper reads nothing during a response, and one without an end would go on until a
    /// write fails. Whoever watches such a stream keeps its side open, so the end of its octets is that of the client.
    fn poll_leaving(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.activity.is_live() || self.early.is_some() {
            return Ok(());
        }
        let mut octet = [0];
        let mut buffer = ReadBuf::new(&mut octet);
        match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) => match buffer.filled() {
                [] => Err(io::ErrorKind::UnexpectedEof.into()),
                [octet, ..] => {
                    self.early = Some(*octet);
                    Ok(())
                }
            },
        }
    }
}

impl<Stream: AsyncRead + Unpin> AsyncRead for ConnectionIo<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(early) = self.early.take_if(|_| buffer.remaining() > 0) {
            buffer.put_slice(&[early]);
            self.activity.receive();
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.receive();
        }
        read
    }
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ConnectionIo<Stream> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.written >= TURN_OCTETS {
            self.written = 0;
            let _ = pin!(yield_now()).poll(context);
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.stream).poll_write(context, octets);
        let written = self.in_time(written, context);
        if let Poll::Ready(Ok(count)) = written {
            self.written += count;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_leaving(context)?;
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.in_time(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingering.is_none() {
            let ended = Pin::new(&mut this.stream).poll_shutdown(context);
            ready!(this.in_time(ended, context))?;
            this.begin(this.linger);
        }
        let lingering = this.lingering.get_or_insert_default();
        let dropped = lingering.poll_drop(Pin::new(&mut this.stream), context);
        if dropped.is_ready() || this.is_over(context) {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }
}
