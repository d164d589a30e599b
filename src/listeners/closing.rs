//! Closes a connection: for a while, reads and drops what the client still sends.
//!
//! A socket that is closed with unread octets is reset, and a reset can lose the last answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::timeout;

use super::limits::ConnectionLimits;

/// How much is read at a time, in octets.
const BUFFER_OCTETS: usize = 1024;
/// How much is dropped at most, in octets; who sends more has no interest in the last answer.
const DROPPED_OCTETS: usize = 256 * 1024;

/// What a client still sends, until it is dropped.
#[derive(Debug, Default)]
pub(super) struct LingeringClose {
    dropped: usize,
}

impl LingeringClose {
    /// Reads and drops; ready when the client has ended its side, or has sent too much.
    pub(super) fn poll_drop(
        &mut self,
        mut stream: Pin<&mut impl AsyncRead>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        while self.dropped < DROPPED_OCTETS {
            let mut octets = [0; BUFFER_OCTETS];
            let mut buffer = ReadBuf::new(&mut octets);
            match stream.as_mut().poll_read(context, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.dropped += buffer.filled().len();
                }
                Poll::Ready(_) => break,
            }
        }
        Poll::Ready(())
    }
}

/// Ends what is written, and then drops what still comes, not for long.
pub(super) async fn close<Stream>(stream: &mut Stream, limits: &ConnectionLimits)
where
    Stream: AsyncRead + AsyncWrite + Unpin,
{
    // RFC 8446 §6.1: over TLS the client cannot tell the end from a cut without it.
    let ended: io::Result<io::Result<()>> = timeout(limits.write_stall, stream.shutdown())
        .await
        .map_err(Into::into);
    if let Ok(Ok(())) = ended {
        let mut lingering = LingeringClose::default();
        let dropped =
            std::future::poll_fn(|context| lingering.poll_drop(Pin::new(&mut *stream), context));
        let _ = timeout(limits.linger, dropped).await;
    }
}
