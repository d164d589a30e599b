//! `/dns-query` (RFC 8484): a message in, a message out; with `name=` what `/resolve` does.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Request;

use super::body::read_message;
use super::client::ClientInfo;
use super::gateway::{Gateway, Responding};
use super::negotiate::{FOR_MESSAGE, FOR_NAME, ResponseFormat, choose, is_dns_message};
use super::parameters::DohParameter;
use super::problem::Problem;
use super::resolve;
use crate::layers::Stack;

/// Answers the message in `dns=`, or the question in `name=`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a route gives its request away; that of a POST is needed to read its body"
)]
pub(super) fn get<S: Stack>(gateway: &Arc<Gateway<S>>, request: Request<Body>) -> Responding {
    get_either(gateway, &request).into()
}

fn get_either<S: Stack>(
    gateway: &Gateway<S>,
    request: &Request<Body>,
) -> Result<Responding, Problem> {
    match DohParameter::read(request.uri().query().unwrap_or_default())? {
        DohParameter::Message(message) => {
            let form = ResponseFormat::of(choose(request.headers(), &FOR_MESSAGE)?);
            let client = ClientInfo::find(request)?;
            Ok(gateway.answer_message(&message, client, form))
        }
        DohParameter::Name => resolve::answer(gateway, request, &FOR_NAME),
    }
}

/// Answers the message in the body.
pub(super) fn post<S: Stack>(gateway: &Arc<Gateway<S>>, request: Request<Body>) -> Responding {
    let asked = match Posted::read(&request) {
        Ok(asked) => asked,
        Err(problem) => return Responding::ready(problem),
    };
    // Most bodies come with their request: then there is nothing to wait for.
    let mut reading = Box::pin(read_message(request.into_body(), gateway.body_deadline));
    if let Some(read) = reading.as_mut().now_or_never() {
        return asked.answer(gateway, read);
    }
    let gateway = Arc::clone(gateway);
    Responding::waiting(async move {
        let read = reading.await;
        let Ok(response) = asked.answer(&gateway, read).await;
        response
    })
}

/// What a request with a message in its body says before that.
struct Posted {
    client: ClientInfo,
    form: ResponseFormat,
}

impl Posted {
    fn read(request: &Request<Body>) -> Result<Self, Problem> {
        if !is_dns_message(request.headers()) {
            return Err(Problem::unsupported_media_type());
        }
        Ok(Self {
            client: ClientInfo::find(request)?.clone(),
            form: ResponseFormat::of(choose(request.headers(), &FOR_MESSAGE)?),
        })
    }

    fn answer<S: Stack>(self, gateway: &Gateway<S>, read: Result<Bytes, Problem>) -> Responding {
        match read {
            Ok(message) => gateway.answer_message(&message, &self.client, self.form),
            Err(problem) => Responding::ready(problem),
        }
    }
}
