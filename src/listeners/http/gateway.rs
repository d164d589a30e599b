//! What the handlers have: the way to an answer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use http::StatusCode;

use super::super::exchange::{Exchange, Exchanged, Standing};
use super::super::server::Server;
use super::client::Client;
use super::problem::Problem;
use crate::dns::wire::Rejection;
use crate::dns::{Query, Transport};
use crate::layers::Stack;

/// The room that a response is given at first, in octets; most answers fit.
const USUAL_OCTETS: usize = 512;

/// The stack behind HTTP, and the time that a body may take.
#[derive(Debug)]
pub(super) struct Gateway<S> {
    pub(super) stack: S,
    pub(super) server: Arc<Server>,
    pub(super) body_deadline: BodyDeadline,
}

/// How long the body of a request may take to arrive.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyDeadline(pub(super) Duration);

/// A message that answers, in wire form.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) message: Vec<u8>,
    /// None when no cache may keep it.
    pub(super) freshness_seconds: Option<u32>,
}

impl<S: Stack> Gateway<S> {
    /// Answers a message.
    ///
    /// # Errors
    /// 400 for what is too short for a message, or a response; 503 when there is no room for it.
    pub(super) async fn answer_message(
        &self,
        message: &[u8],
        Client(client): Client,
    ) -> Result<Answered, Problem> {
        let mut out = Vec::with_capacity(USUAL_OCTETS);
        let mut exchange = self.exchange(Transport::Https);
        let standing = match exchange.begin(message, client, &mut out) {
            Exchanged::Answered(standing) => standing,
            Exchanged::Waiting(waiting) => waiting.finish(&mut out).await,
            Exchanged::Rejected(rejection) => return Err(rejection.into()),
        };
        Answered::new(out, standing)
    }

    /// Answers a query that came in no message.
    ///
    /// # Errors
    /// 503 when there is no room for it.
    pub(super) async fn answer_query(&self, query: Query) -> Result<Answered, Problem> {
        let mut out = Vec::with_capacity(USUAL_OCTETS);
        let mut exchange = self.exchange(Transport::Json);
        let standing = exchange.ask(query, &mut out).await;
        Answered::new(out, standing)
    }

    /// One exchange for each request: a copy of another would begin with the same record.
    fn exchange(&self, transport: Transport) -> Exchange<S> {
        Exchange::new(self.stack.clone(), transport, Arc::clone(&self.server))
    }
}

impl Answered {
    fn new(message: Vec<u8>, standing: Standing) -> Result<Self, Problem> {
        let freshness_seconds = match standing {
            Standing::Fresh(seconds) => Some(seconds),
            Standing::Fleeting => None,
            Standing::Shed => return Err(Problem::overloaded()),
        };
        Ok(Self {
            message,
            freshness_seconds,
        })
    }
}

impl<S> FromRef<Arc<Gateway<S>>> for BodyDeadline {
    fn from_ref(gateway: &Arc<Gateway<S>>) -> Self {
        gateway.body_deadline
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, rejection.to_string())
    }
}
