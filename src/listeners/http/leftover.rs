//! What of a request's body nobody has read when its response is there.
//!
//! Over HTTP/2 it is read then, within bounds: a stream that is reset instead, as hyper does, is an error
//! to some clients (curl 7.88), which then show none of the response.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::sync::oneshot::{Receiver, Sender, channel};

/// How much of it is read, in octets: more than a client may send before it is told to go on.
const READ_OCTETS: usize = 128 * 1024;

/// A body that comes back when it is dropped before its end.
struct Lent {
    body: Option<Incoming>,
    back: Option<Sender<Incoming>>,
}

/// Where it comes back.
pub(super) struct Leftover {
    back: Receiver<Incoming>,
    body: Option<Incoming>,
}

/// Lends a body to whoever handles the request.
pub(super) fn lend(body: Incoming) -> (Body, Leftover) {
    let (back, leftover) = channel();
    let lent = Lent {
        body: Some(body),
        back: Some(back),
    };
    let leftover = Leftover {
        back: leftover,
        body: None,
    };
    (Body::new(lent), leftover)
}

impl Leftover {
    /// Whether nothing is left, once the request is gone.
    pub(super) fn is_nothing(&mut self) -> bool {
        self.body = self.back.try_recv().ok();
        self.body.is_none()
    }

    /// Reads what came back, and forgets it.
    pub(super) async fn read(mut self) {
        let Some(mut body) = self.body.or_else(|| self.back.try_recv().ok()) else {
            return;
        };
        let mut length = 0;
        while length < READ_OCTETS
            && let Some(Ok(frame)) = body.frame().await
        {
            length += frame.data_ref().map_or(0, Bytes::len);
        }
    }
}

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map(Incoming::size_hint)
            .unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let unread = self.body.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Some(back)) = (unread, self.back.take()) {
            // Nobody waits for it when the connection is over.
            let _ = back.send(body);
        }
    }
}
