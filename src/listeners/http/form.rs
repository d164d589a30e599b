//! The form that an answer is to have, as the request says.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::negotiate::{MediaType, negotiate};
use super::problem::Problem;
use crate::dns::json::SubnetParameter;

/// The forms that a message is answered in, the first to whoever has no wish.
pub(super) const FOR_MESSAGE: [MediaType; 4] = [
    MediaType::DnsMessage,
    MediaType::DnsJson,
    MediaType::Json,
    MediaType::Rfc8427,
];
/// The forms that `name=` is answered in on the path of messages.
pub(super) const FOR_NAME: [MediaType; 4] = [
    MediaType::DnsJson,
    MediaType::Json,
    MediaType::DnsMessage,
    MediaType::Rfc8427,
];
/// The forms of `/resolve`.
pub(super) const FOR_RESOLVE: [MediaType; 4] = [
    MediaType::Json,
    MediaType::DnsJson,
    MediaType::DnsMessage,
    MediaType::Rfc8427,
];

/// The form of an answer.
#[derive(Debug)]
pub(super) struct ResponseFormat {
    pub(super) media_type: MediaType,
    /// What the JSON form tells the client of itself.
    pub(super) client_subnet: Option<SubnetParameter>,
}

impl ResponseFormat {
    /// One that tells nothing but the answer.
    pub(super) const fn of(media_type: MediaType) -> Self {
        Self {
            media_type,
            client_subnet: None,
        }
    }
}

/// Whether the body is called a message, with or without parameters.
pub(super) fn is_dns_message(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let name = value.split_once(';').map_or(value, |(name, _)| name);
            MediaType::named(name.trim()) == Some(MediaType::DnsMessage)
        })
}

/// Chooses one of the forms `offered`.
///
/// # Errors
/// 406 when the client accepts none of them.
pub(super) fn choose(headers: &HeaderMap, offered: &[MediaType]) -> Result<MediaType, Problem> {
    negotiate(headers, offered).ok_or_else(|| Problem::not_acceptable(offered))
}
