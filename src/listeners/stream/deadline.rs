//! When a connection ends because nothing happens on it.
//!
//! Floor 4, a part of `stream`.

use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::{ConnectionEnd, Conversation, ReadPhase};
use crate::layers::Stack;
use crate::transfer::TransferMessages;

impl<Stream, S> Conversation<'_, '_, Stream, S>
where
    Stream: AsyncRead + AsyncWrite + Unpin,
    S: Stack,
{
    pub(super) fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<ConnectionEnd> {
        let Some(deadline) = self.deadline() else {
            return Poll::Pending;
        };
        // Later deadlines wait until the timer fires, so that it is not moved for every message.
        if deadline < self.timer.deadline() || self.timer.is_elapsed() {
            self.timer.as_mut().reset(deadline);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(ConnectionEnd::TimedOut);
            }
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// When the connection ends if nothing happens; none while it is ours to act.
    fn deadline(&mut self) -> Option<Instant> {
        let transferred = self.transfer.as_ref().map(TransferMessages::deadline);
        if !self.output.is_empty() {
            let taken = self.output.progressed() + self.limits.write_stall;
            return Some(transferred.map_or(taken, |it| it.min(taken)));
        }
        if transferred.is_some() {
            return transferred;
        }
        if self.phase != ReadPhase::Reading || !self.may_begin() {
            return None;
        }
        let active = self.active.max(self.output.progressed());
        match self.input.incomplete_since() {
            Some(since) => Some(since + self.limits.message),
            None => self.waiting.is_empty().then(|| active + self.limits.idle),
        }
    }
}
