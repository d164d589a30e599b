//! The body of a response while it is sent: in parts, each counted as not received until hyper has written it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::{Buf, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::super::connections::{WriteBudget, WriteBudgetExceeded, WriteCharge};
use super::activity::LiveResponse;

/// What hyper is given at a time, in octets: over HTTP/1.1 it copies that, over HTTP/2 it is one frame.
const PART_OCTETS: usize = 16 * 1024;
/// What a response takes beside its body, in octets.
const HEAD_OCTETS: usize = 512;

/// A body that is counted.
pub(super) struct CountedBody {
    body: Body,
    /// What came of the body and is not given to hyper.
    octets: Bytes,
    charge: Option<WriteCharge>,
    live: Option<LiveStream>,
}

/// What a body without an end has: each part is counted when it is there, and its connection is not idle meanwhile.
struct LiveStream {
    account: Arc<WriteBudget>,
    _response: LiveResponse,
}

/// A part of a body, counted until it is dropped.
#[derive(Debug)]
pub(super) struct CountedData {
    octets: Bytes,
    _charge: Option<WriteCharge>,
}

impl CountedBody {
    /// Counts a response.
    ///
    /// # Errors
    /// There is no room for it.
    pub(super) fn counted(
        response: Response,
        account: &Arc<WriteBudget>,
    ) -> Result<Response<Self>, WriteBudgetExceeded> {
        let length = response.body().size_hint().lower();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let charge = account.charge(length.saturating_add(HEAD_OCTETS))?;
        Ok(response.map(|body| Self::new(body, Some(charge))))
    }

    /// Counts the parts of a response whose length is not known, such as a stream of events.
    pub(super) fn live(
        response: Response,
        account: &Arc<WriteBudget>,
        live: LiveResponse,
    ) -> Response<Self> {
        let live = LiveStream {
            account: Arc::clone(account),
            _response: live,
        };
        response.map(|body| Self {
            live: Some(live),
            ..Self::new(body, None)
        })
    }

    /// Takes a response that is not counted.
    pub(super) fn uncounted(response: Response) -> Response<Self> {
        response.map(|body| Self::new(body, None))
    }

    fn new(body: Body, charge: Option<WriteCharge>) -> Self {
        Self {
            body,
            octets: Bytes::new(),
            charge,
            live: None,
        }
    }

    /// Counts the next part of so many octets.
    fn charge_part(&mut self, length: usize) -> Result<Option<WriteCharge>, WriteBudgetExceeded> {
        if let Some(live) = &self.live {
            return live.account.charge(length).map(Some);
        }
        Ok(if self.is_end_stream() {
            self.charge.take()
        } else {
            self.charge.as_mut().map(|charge| charge.part(length))
        })
    }
}

impl HttpBody for CountedBody {
    type Data = CountedData;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<CountedData>, axum::Error>>> {
        while self.octets.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(octets) => self.octets = octets,
                    Err(frame) => {
                        return Poll::Ready(
                            frame.into_trailers().ok().map(|it| Ok(Frame::trailers(it))),
                        );
                    }
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let length = self.octets.len().min(PART_OCTETS);
        let octets = self.octets.split_to(length);
        let Ok(charge) = self.charge_part(length) else {
            // Its client takes too little: it ends, and the client may begin anew.
            return Poll::Ready(None);
        };
        let part = CountedData {
            octets,
            _charge: charge,
        };
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.octets.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, more) = (self.body.size_hint(), self.octets.len() as u64);
        if more > 0 {
            let upper = hint.upper().map(|upper| upper + more);
            hint.set_lower(hint.lower() + more);
            if let Some(upper) = upper {
                hint.set_upper(upper);
            }
        }
        hint
    }
}

impl Buf for CountedData {
    fn remaining(&self) -> usize {
        self.octets.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.octets.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.octets.advance(count);
    }
}
