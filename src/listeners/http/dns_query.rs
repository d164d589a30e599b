//! `/dns-query` (RFC 8484): a message in, a message out; with `name=` what `/resolve` does.

use std::net::IpAddr;

use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Request;

use super::body::read_message;
use super::form::{FOR_MESSAGE, FOR_NAME, Form, choose, is_dns_message};
use super::gateway::Gateway;
use super::parameters::Asked;
use super::problem::Problem;
use super::resolve;
use super::responding::Responding;
use crate::layers::Stack;

/// Answers the message in `dns=`, or the question in `name=`.
pub(super) fn get<S: Stack>(
    gateway: &Gateway<S>,
    request: &Request<Body>,
    client: IpAddr,
) -> Result<Responding, Problem> {
    match Asked::read(request.uri().query().unwrap_or_default())? {
        Asked::Message(message) => {
            let form = Form::of(choose(request.headers(), &FOR_MESSAGE)?);
            Ok(gateway.answer_message(&message, client, form))
        }
        Asked::Name => resolve::get_as(gateway, request, client, &FOR_NAME),
    }
}

/// Answers the message in the body.
pub(super) fn post<S: Stack>(
    gateway: &Gateway<S>,
    request: Request<Body>,
    client: IpAddr,
) -> Responding {
    let (parts, body) = request.into_parts();
    if !is_dns_message(&parts.headers) {
        return Responding::ready(Problem::unsupported_media_type());
    }
    let form = match choose(&parts.headers, &FOR_MESSAGE) {
        Ok(media_type) => Form::of(media_type),
        Err(problem) => return Responding::ready(problem),
    };
    // Most bodies come with their request: then there is nothing to wait for.
    let mut reading = Box::pin(read_message(body, gateway.body_deadline));
    if let Some(read) = reading.as_mut().now_or_never() {
        return answer_read(gateway, read, client, form);
    }
    let gateway = gateway.clone();
    Responding::waiting_on(async move { answer_read(&gateway, reading.await, client, form) })
}

fn answer_read<S: Stack>(
    gateway: &Gateway<S>,
    read: Result<Bytes, Problem>,
    client: IpAddr,
    form: Form,
) -> Responding {
    let answering = read.map(|message| gateway.answer_message(&message, client, form));
    answering.into()
}
