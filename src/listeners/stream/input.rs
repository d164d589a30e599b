//! Messages from a stream: each follows its length (RFC 1035 §4.2.2, RFC 7766 §8).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Instant;

use crate::dns::wire::{HEADER_OCTETS, QUERY_OCTETS};

/// The length before a message, in octets.
pub(super) const LENGTH_OCTETS: usize = 2;
/// What is read at a time, in octets: some forty usual queries, and the longest one in any case.
const BUFFER_OCTETS: usize = 8 * 1024;

const _: () = assert!(LENGTH_OCTETS + QUERY_OCTETS <= BUFFER_OCTETS);

/// The octets that came and are not answered yet.
#[derive(Debug)]
pub(super) struct Input {
    octets: Box<[u8]>,
    start: usize,
    end: usize,
    /// When the first octet came of the message that is not here whole.
    started: Option<Instant>,
}

/// What the octets that came begin with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'input> {
    /// A whole message.
    Message(&'input [u8]),
    /// Less than that.
    Incomplete,
    /// A length that no query has.
    Malformed,
}

impl Input {
    pub(super) fn new() -> Self {
        Self {
            octets: vec![0; BUFFER_OCTETS].into(),
            start: 0,
            end: 0,
            started: None,
        }
    }

    /// Takes the next message.
    pub(super) fn next(&mut self) -> Next<'_> {
        let Some((length, rest)) =
            self.octets[self.start..self.end].split_first_chunk::<LENGTH_OCTETS>()
        else {
            return Next::Incomplete;
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if !(HEADER_OCTETS..=QUERY_OCTETS).contains(&length) {
            return Next::Malformed;
        }
        let Some(message) = rest.get(..length) else {
            return Next::Incomplete;
        };
        self.start += LENGTH_OCTETS + length;
        self.started = None;
        Next::Message(message)
    }

    /// Reads what is there; `Ok(0)` is the end of the stream.
    ///
    /// To be called only when `next` has no message left: there is room then.
    pub(super) fn poll_read(
        &mut self,
        mut stream: Pin<&mut impl AsyncRead>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.octets.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let mut buffer = ReadBuf::new(&mut self.octets[self.end..]);
        ready!(stream.as_mut().poll_read(context, &mut buffer))?;
        let count = buffer.filled().len();
        self.end += count;
        Poll::Ready(Ok(count))
    }

    /// When the message began that is not here whole; none when there is none.
    ///
    /// A message begins when it is first seen here, so one that had to wait its turn is not late.
    pub(super) fn incomplete_since(&mut self) -> Option<Instant> {
        if self.start == self.end {
            return None;
        }
        Some(*self.started.get_or_insert_with(Instant::now))
    }

    /// Forgets the octets that came.
    pub(super) fn clear(&mut self) {
        (self.start, self.end, self.started) = (0, 0, None);
    }
}
