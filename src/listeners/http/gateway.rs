//! The way from a request to an answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::super::exchange::{Exchange, Exchanged, Reader};
use super::super::server::Server;
use super::form::Form;
use super::negotiate::MediaType;
use super::problem::Problem;
use super::reply::reply;
use super::responding::Responding;
use crate::dns::wire::Rejection;
use crate::dns::{Query, Transport};
use crate::layers::Stack;

/// The room that a response is given at first, in octets; most answers fit.
const USUAL_OCTETS: usize = 512;

/// The stack behind HTTP, and the time that a body may take.
#[derive(Clone, Debug)]
pub(super) struct Gateway<S> {
    pub(super) stack: S,
    pub(super) server: Arc<Server>,
    pub(super) body_deadline: Duration,
}

impl<S: Stack> Gateway<S> {
    /// Answers a message; 400 for what is too short for one, or a response.
    pub(super) fn answer_message(&self, message: &[u8], client: IpAddr, form: Form) -> Responding {
        let mut out = Vec::with_capacity(USUAL_OCTETS);
        let mut exchange = self.exchange(Transport::Https, &form);
        let exchanged = exchange.begin(message, Some(client), &mut out);
        respond::<S>(exchanged, out, form)
    }

    /// Answers a query that came in no message.
    pub(super) fn answer_query(&self, query: Query, form: Form) -> Responding {
        let mut out = Vec::with_capacity(USUAL_OCTETS);
        let mut exchange = self.exchange(Transport::Json, &form);
        let exchanged = exchange.begin_query(query, &mut out);
        respond::<S>(exchanged, out, form)
    }

    /// One exchange for each request: a copy of another would begin with the same record.
    fn exchange(&self, transport: Transport, form: &Form) -> Exchange<S> {
        let exchange = Exchange::new(self.stack.clone(), transport, Arc::clone(&self.server));
        exchange.read_by(match form.media_type {
            MediaType::DnsMessage => Reader::Client,
            MediaType::DnsJson | MediaType::Json | MediaType::Rfc8427 => Reader::Gateway,
        })
    }
}

fn respond<S: Stack>(
    exchanged: Exchanged<S::Future>,
    mut message: Vec<u8>,
    form: Form,
) -> Responding {
    match exchanged {
        Exchanged::Answered(standing) => reply(message, standing, form),
        Exchanged::Rejected(rejection) => Responding::ready(Problem::from(rejection)),
        Exchanged::Waiting(waiting) => Responding::waiting_on(async move {
            let standing = waiting.finish(&mut message).await;
            reply(message, standing, form)
        }),
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, rejection.to_string())
    }
}
