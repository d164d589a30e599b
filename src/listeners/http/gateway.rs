//! From a request to a response: calls the stack behind the routes, and makes the response of its answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::StatusCode;

use super::super::accept::ListenerContext;
use super::super::exchange::{AnswerReader, Exchange, Exchanged};
use super::super::live_server::LiveServer;
use super::activity::Queued;
use super::client::ClientInfo;
use super::negotiate::{MediaType, ResponseFormat};
use super::problem::Problem;
use super::reply::{LengthyWork, ResponseWork, reply};
use crate::blocking::BlockingPermits;
use crate::dns::wire::Rejection;
use crate::dns::{Query, Transport};
use crate::layers::Stack;

/// The room that a response is given at first, in octets; most answers fit.
const USUAL_OCTETS: usize = 512;

/// The stack behind the routes of a listener.
#[derive(Debug)]
pub(super) struct Gateway<S> {
    stack: S,
    server: LiveServer,
    blocking: BlockingPermits,
    /// The time that the body of a request may take.
    pub(super) body_deadline: Duration,
}

/// The future of a route: the response that is there, as that of a hit, or the wait for it.
pub(super) enum Responding {
    /// It is there; none once it was taken.
    Ready(Option<Response>),
    /// It has to be waited for.
    Waiting(BoxFuture<'static, Response>),
}

impl<S> Gateway<S> {
    pub(super) fn new(stack: S, shared: &ListenerContext) -> Self {
        Self {
            stack,
            server: shared.server.clone(),
            blocking: shared.blocking.clone(),
            body_deadline: shared.limits.http_body,
        }
    }
}

impl<S: Stack> Gateway<S> {
    /// Answers a message; 400 for what is too short for one, or a response.
    pub(super) fn answer_message(
        &self,
        message: &[u8],
        client: &ClientInfo,
        form: ResponseFormat,
    ) -> Responding {
        let mut out = Vec::with_capacity(USUAL_OCTETS);
        let mut exchange = self.exchange(Transport::Doh, client, &form);
        let exchanged = exchange.begin(message, Some(client.address()), &mut out);
        self.respond(exchanged, out, client, form)
    }

    /// Answers a query that came in no message.
    pub(super) fn answer_query(
        &self,
        query: &Query,
        client: &ClientInfo,
        form: ResponseFormat,
    ) -> Responding {
        let mut out = Vec::with_capacity(USUAL_OCTETS);
        let mut exchange = self.exchange(Transport::Json, client, &form);
        let exchanged = exchange.begin_query(query, &mut out);
        self.respond(exchanged, out, client, form)
    }

    /// One exchange for each request: a copy of another would begin with the same record.
    fn exchange(
        &self,
        transport: Transport,
        client: &ClientInfo,
        form: &ResponseFormat,
    ) -> Exchange<S> {
        let mut exchange = Exchange::live(self.stack.clone(), transport, self.server.clone());
        exchange.asked_from(client.port());
        exchange.read_by(match form.media_type {
            MediaType::DnsMessage => AnswerReader::Client,
            MediaType::DnsJson | MediaType::Json | MediaType::Rfc8427 => AnswerReader::Gateway,
        })
    }

    fn respond(
        &self,
        exchanged: Exchanged<S::Future>,
        mut message: Vec<u8>,
        client: &ClientInfo,
        form: ResponseFormat,
    ) -> Responding {
        match exchanged {
            Exchanged::Answered(cacheability) => match reply(message, cacheability, form) {
                ResponseWork::Made(response) => Responding::Ready(Some(response)),
                ResponseWork::Lengthy(work) => {
                    let (blocking, queued) = (self.blocking.clone(), client.queue());
                    Responding::waiting(in_turn(blocking, work, queued))
                }
            },
            Exchanged::Rejected(rejection) => Responding::ready(Problem::from(rejection)),
            // There are none over HTTP; it would be said that the message is none.
            Exchanged::Transfer(_) => Responding::ready(Problem::from(Rejection::TooShort)),
            Exchanged::Waiting(waiting) => {
                let (blocking, client) = (self.blocking.clone(), client.clone());
                Responding::waiting(async move {
                    let cacheability = waiting.finish(&mut message).await;
                    match reply(message, cacheability, form) {
                        ResponseWork::Made(response) => response,
                        ResponseWork::Lengthy(work) => {
                            in_turn(blocking, work, client.queue()).await
                        }
                    }
                })
            }
        }
    }
}

/// Does long work when it is the turn of its request on its connection.
async fn in_turn(blocking: BlockingPermits, work: LengthyWork, queued: Option<Queued>) -> Response {
    let _turn = match &queued {
        Some(queued) => Some(queued.turn().await),
        None => None,
    };
    blocking.run(work).await
}

impl Responding {
    pub(super) fn ready(response: impl IntoResponse) -> Self {
        Self::Ready(Some(response.into_response()))
    }

    pub(super) fn waiting(response: impl Future<Output = Response> + Send + 'static) -> Self {
        Self::Waiting(response.boxed())
    }
}

impl Future for Responding {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Ready(response) => response.take().map_or(Poll::Pending, Poll::Ready),
            Self::Waiting(response) => response.poll_unpin(context),
        }
        .map(Ok)
    }
}

impl From<Result<Self, Problem>> for Responding {
    fn from(result: Result<Self, Problem>) -> Self {
        result.unwrap_or_else(Self::ready)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, rejection.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pieces of long work can be done at once, where each next one is of the other gateway.
    fn at_once(one: &Gateway<()>, other: &Gateway<()>) -> usize {
        let work = one.blocking.run(|| 1 + at_once(other, one));
        work.now_or_never().unwrap_or_default()
    }

    #[tokio::test]
    async fn all_listeners_together_leave_half_of_the_cores_to_others() {
        let shared = ListenerContext::default();
        let [one, other] = [(); 2].map(|()| Gateway::new((), &shared.clone()));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        assert_eq!(at_once(&one, &other), (cores / 2).max(1));
    }
}
