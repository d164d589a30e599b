//! A connection that counts what is sent and can spoil a status line: Nomad 1.11.2 begins its event streams with
//! `HTTP/0.0`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::demo::seen::SeenRequests;

const RIGHT: &[u8] = b"HTTP/1.1 ";
const SPOILED: &[u8] = b"HTTP/0.0 ";

/// A TCP stream whose next status line is spoiled when the flag is set.
#[derive(Debug)]
pub(super) struct SpoiledStream {
    stream: TcpStream,
    spoil: Arc<AtomicBool>,
    seen: SeenRequests,
}

impl SpoiledStream {
    pub(super) fn new(stream: TcpStream, spoil: Arc<AtomicBool>, seen: SeenRequests) -> Self {
        Self {
            stream,
            spoil,
            seen,
        }
    }
}

impl AsyncRead for SpoiledStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

// Not vectored: the head of an answer then always starts a write.
impl AsyncWrite for SpoiledStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let stream = Pin::new(&mut this.stream);
        let written = if buf.starts_with(RIGHT) && this.spoil.load(Ordering::Relaxed) {
            let spoiled = [SPOILED, &buf[RIGHT.len()..]].concat();
            let written = stream.poll_write(cx, &spoiled);
            if written.is_ready() {
                this.spoil.store(false, Ordering::Relaxed);
            }
            written
        } else {
            stream.poll_write(cx, buf)
        };
        if let Poll::Ready(Ok(octets)) = written {
            this.seen.sent(octets);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
