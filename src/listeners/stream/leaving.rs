//! How a conversation ends in order: when the gateway ends, or the connection is old.

use std::future::poll_fn;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::super::limits::FIRST_QUERY_WITHIN;
use super::{ConnectionEnd, Conversation};
use crate::layers::Stack;

impl<Stream, S> Conversation<'_, '_, Stream, S>
where
    Stream: AsyncRead + AsyncWrite + Unpin,
    S: Stack,
{
    /// Answers what came, and no more. A client that has only just connected is about to ask: closed now, it would get no
    /// answer.
    pub(super) async fn leave(&mut self) -> ConnectionEnd {
        if !self.is_asked {
            let first = poll_fn(|context| match self.poll(context) {
                Poll::Ready(end) => Poll::Ready(Some(end)),
                Poll::Pending if self.is_asked => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            if let Ok(Some(end)) = timeout(FIRST_QUERY_WITHIN, first).await {
                return end;
            }
        }
        self.finish(ConnectionEnd::Closed);
        poll_fn(|context| self.poll(context)).await
    }
}
