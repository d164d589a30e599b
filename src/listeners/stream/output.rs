//! Writes answers to a stream: all that are ready, in one write.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio::time::Instant;

use super::input::LENGTH_OCTETS;

/// The capacity that a buffer keeps between answers, in octets; a large answer's is given back.
const KEPT_OCTETS: usize = 16 * 1024;

/// The answers that are not written yet.
#[derive(Debug)]
pub(super) struct Output {
    octets: Vec<u8>,
    written: usize,
    most_unwritten_octets: usize,
    unflushed: Flush,
    /// When the client last took something, or had taken everything.
    progress: Instant,
}

/// Whether the stream may hold back what was written (TLS does).
#[derive(Debug, PartialEq, Eq)]
enum Flush {
    Done,
    Needed,
}

impl Output {
    pub(super) fn new(most_unwritten_octets: usize) -> Self {
        Self {
            octets: Vec::new(),
            written: 0,
            most_unwritten_octets,
            unflushed: Flush::Done,
            progress: Instant::now(),
        }
    }

    /// Whether another answer may be added; the last one may be of any size.
    pub(super) fn has_room(&self) -> bool {
        self.unwritten() < self.most_unwritten_octets
    }

    /// What is not written yet, in octets.
    pub(super) fn unwritten(&self) -> usize {
        self.octets.len() - self.written
    }

    /// Adds the message that `fill` appends, if it appends one.
    pub(super) fn add<T>(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        if self.is_empty() {
            self.progress = Instant::now();
        }
        let at = self.octets.len();
        self.octets.extend_from_slice(&[0; LENGTH_OCTETS]);
        let filled = fill(&mut self.octets);
        match u16::try_from(self.octets.len() - at - LENGTH_OCTETS) {
            Ok(length @ 1..) => {
                self.octets[at..at + LENGTH_OCTETS].copy_from_slice(&length.to_be_bytes());
            }
            // Nothing, or what is no message of DNS: the encoder keeps to its limit.
            _ => self.octets.truncate(at),
        }
        filled
    }

    /// Writes; ready when all is written and on its way.
    pub(super) fn poll_write(
        &mut self,
        mut stream: Pin<&mut impl AsyncWrite>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.written < self.octets.len() {
            let unwritten = &self.octets[self.written..];
            let Poll::Ready(count) = stream.as_mut().poll_write(context, unwritten) else {
                self.make_small();
                return Poll::Pending;
            };
            let count = count?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
            self.unflushed = Flush::Needed;
            self.progress = Instant::now();
            self.forget_written();
        }
        if self.unflushed == Flush::Needed {
            ready!(stream.as_mut().poll_flush(context))?;
            self.unflushed = Flush::Done;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether everything is written and on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.octets.is_empty() && self.unflushed == Flush::Done
    }

    /// When the client last took something, or had taken everything before.
    pub(super) fn progressed(&self) -> Instant {
        self.progress
    }

    /// Keeps no more than what has to wait for the client.
    fn make_small(&mut self) {
        if self.octets.capacity() - self.unwritten() >= KEPT_OCTETS {
            self.octets.drain(..self.written);
            self.octets.shrink_to_fit();
            self.written = 0;
        }
    }

    fn forget_written(&mut self) {
        if self.written == self.octets.len() {
            self.octets.clear();
            self.octets.shrink_to(KEPT_OCTETS);
            self.written = 0;
        } else if self.written >= self.most_unwritten_octets {
            self.octets.drain(..self.written);
            self.written = 0;
        }
    }
}

/// The answers after which others have theirs.
const ANSWERS: usize = 128;
/// The same by what they take, in octets: the largest answer over TCP, or a few hundred usual ones.
const OCTETS: usize = 64 * 1024;

/// What was answered in one turn.
#[derive(Debug, Default)]
pub(super) struct BatchSize {
    answers: usize,
    octets: usize,
}

impl BatchSize {
    /// Adds an answer.
    pub(super) fn add(&mut self, octets: usize) {
        self.answers += 1;
        self.octets += octets;
    }

    /// Whether it is enough.
    pub(super) fn is_over(&self) -> bool {
        self.answers >= ANSWERS || self.octets >= OCTETS
    }
}
