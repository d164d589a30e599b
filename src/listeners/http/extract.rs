//! What the handlers of DNS take: what was asked, checked, and the form that the answer is to have.

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, FromRequestParts};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Request};

use super::body::read_message;
use super::client::Client;
use super::gateway::BodyDeadline;
use super::negotiate::{MediaType, negotiate};
use super::parameters::Asked;
use super::problem::Problem;
use crate::dns::json::{Form, Parameters};

/// The forms that a message is answered in, the first to whoever has no wish.
const FOR_MESSAGE: [MediaType; 4] = [
    MediaType::DnsMessage,
    MediaType::DnsJson,
    MediaType::Json,
    MediaType::Rfc8427,
];
/// The forms that `name=` is answered in on the path of messages.
const FOR_NAME: [MediaType; 4] = [
    MediaType::DnsJson,
    MediaType::Json,
    MediaType::DnsMessage,
    MediaType::Rfc8427,
];
/// The forms of `/resolve`.
const FOR_RESOLVE: [MediaType; 4] = [
    MediaType::Json,
    MediaType::DnsJson,
    MediaType::DnsMessage,
    MediaType::Rfc8427,
];

/// What the query string of `/dns-query` asks.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lives on the stack, for one request"
)]
pub(super) enum Fetched {
    /// A message (RFC 8484 §4.1).
    Message {
        message: Vec<u8>,
        media_type: MediaType,
    },
    /// A name.
    Name(Named),
}

/// A name with its type, as `/resolve` is asked.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) parameters: Parameters,
    pub(super) media_type: MediaType,
}

/// A message in the body (RFC 8484 §4.1).
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) message: Bytes,
    pub(super) media_type: MediaType,
}

impl<State: Sync> FromRequestParts<State> for Fetched {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Problem> {
        match Asked::read(parts.uri.query().unwrap_or_default())? {
            Asked::Message(message) => {
                let media_type = choose(&parts.headers, &FOR_MESSAGE)?;
                Ok(Self::Message {
                    message,
                    media_type,
                })
            }
            Asked::Name => Named::read(parts, &FOR_NAME).map(Self::Name),
        }
    }
}

impl<State: Sync> FromRequestParts<State> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Problem> {
        Self::read(parts, &FOR_RESOLVE)
    }
}

impl Named {
    fn read(parts: &Parts, offered: &[MediaType]) -> Result<Self, Problem> {
        let Client(client) = Client::of(parts);
        let parameters = Parameters::read(parts.uri.query().unwrap_or_default(), client)?;
        let media_type = match parameters.form {
            Form::Message => MediaType::DnsMessage,
            Form::DnsJson => MediaType::DnsJson,
            Form::Json => choose(&parts.headers, offered)?,
        };
        Ok(Self {
            parameters,
            media_type,
        })
    }
}

impl<State: Sync> FromRequest<State> for Posted
where
    BodyDeadline: FromRef<State>,
{
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, state: &State) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_dns_message(&parts.headers) {
            return Err(Problem::unsupported_media_type());
        }
        let media_type = choose(&parts.headers, &FOR_MESSAGE)?;
        let BodyDeadline(deadline) = FromRef::from_ref(state);
        Ok(Self {
            message: read_message(body, deadline).await?,
            media_type,
        })
    }
}

/// Whether the body is called a message, with or without parameters.
fn is_dns_message(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let name = value.split_once(';').map_or(value, |(name, _)| name);
            MediaType::named(name.trim()) == Some(MediaType::DnsMessage)
        })
}

fn choose(headers: &HeaderMap, offered: &[MediaType]) -> Result<MediaType, Problem> {
    negotiate(headers, offered).ok_or_else(|| Problem::not_acceptable(offered))
}
