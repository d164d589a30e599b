//! Keeps open pages up to date: server-sent events with the live status, until the gateway ends.
//!
//! Floor 4. All streams are given the same text, so one more costs little; their number is limited.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::super::{Admin, Page, Problem};

/// How many pages are kept up to date at once.
pub(in super::super) const EVENT_STREAMS: usize = 32;
/// When a browser comes back after a stream has ended, in milliseconds.
const RETRY_MILLISECONDS: u32 = 3000;

/// What one stream needs.
struct PageStream {
    live: watch::Receiver<Arc<str>>,
    ending: tokio_util::sync::CancellationToken,
    is_new: bool,
    _permit: OwnedSemaphorePermit,
}

pub(in super::super) async fn events(State(admin): State<Admin>) -> Response {
    let Ok(permit) = Arc::clone(&admin.event_streams).try_acquire_owned() else {
        return Problem::too_many_streams().into_response();
    };
    let stream = PageStream {
        live: admin.page.live(),
        ending: admin.ending.clone(),
        is_new: true,
        _permit: permit,
    };
    let body = Body::from_stream(stream::unfold(stream, PageStream::next));
    Page(StatusCode::OK, "text/event-stream", body).into_response()
}

impl PageStream {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let mut text = String::new();
        if self.is_new {
            text = format!("retry: {RETRY_MILLISECONDS}\n");
        } else {
            let ending = self.ending.clone();
            tokio::select! {
                () = ending.cancelled() => return None,
                changed = self.live.changed() => changed.ok()?,
            }
        }
        if self.ending.is_cancelled() {
            return None;
        }
        self.is_new = false;
        // JSON has no line breaks of its own.
        text += &format!(
            "event: live\ndata: {}\n\n",
            &**self.live.borrow_and_update()
        );
        Some((Ok(Bytes::from(text)), self))
    }
}
