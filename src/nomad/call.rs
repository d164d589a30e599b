//! One request to one address: sends it with its headers and reads the response within its limits, or returns a typed
//! cause.
//!
//! Floor 1. It does not switch addresses; that is in `client.rs`.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::error::{Cause, NomadError};
use super::permits::Urgency;
use super::query::{Belief, QueryMeta};
use crate::secret::Secret;

/// The part of an error's body that is read.
const ERROR_BODY_BYTES: usize = 4096;
/// The part of an announced body that room is made for before it comes.
const ANNOUNCED_BYTES: usize = 1 << 20;
/// The longest wait that a 429 can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Percent-encoded.
    pub(super) path: String,
    /// Not yet encoded.
    pub(super) query: Vec<(&'static str, String)>,
    /// From sending to the last byte.
    pub(super) allowed: Duration,
    pub(super) limit_bytes: usize,
    pub(super) encoding: Encoding,
    pub(super) patience: Patience,
    pub(super) urgency: Urgency,
    /// What the answer has to be to count, where any server may give it.
    pub(super) belief: Option<Belief>,
}

/// When an answer is to be expected, and so what is done about an address that is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// At once, and it costs little: the next address is asked too.
    Prompt,
    /// When it has been put together, or when something changes: a cheap question tells whether the address lives.
    Late,
}

/// How the answer may be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As it is, or packed with gzip: for lists, which are long.
    Gzip,
    /// As it is. Older Nomads compress the event stream when they may, which holds frames back.
    Identity,
}

/// The headers and the body of an answer with status 200.
#[derive(Debug)]
pub(super) struct OkResponse {
    /// The address and path that were asked.
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl OkResponse {
    /// Reads what the server says of itself.
    pub(super) fn meta(&self) -> Result<QueryMeta, Cause> {
        QueryMeta::read(&self.headers).ok_or_else(|| Cause::Malformed {
            what: "header X-Nomad-Index",
            why: "absent or no number".into(),
        })
    }
}

impl Call {
    /// Asks and returns the open answer; the time allowed is that to its headers.
    pub(super) async fn open(
        &self,
        endpoint: &Endpoint,
        token: Option<&Secret>,
    ) -> Result<Response, NomadError> {
        match timeout(self.allowed, self.send(endpoint, token)).await {
            Ok(result) => result,
            Err(_) => Err(Cause::TimedOut(self.allowed)),
        }
        .map_err(|cause| self.error(endpoint, cause))
    }

    /// Asks and returns the whole answer.
    pub(super) async fn ask(
        &self,
        endpoint: &Endpoint,
        token: Option<&Secret>,
    ) -> Result<OkResponse, NomadError> {
        let whole = async {
            let response = self.send(endpoint, token).await?;
            let headers = response.headers().clone();
            if let (Some(belief), Some(meta)) = (self.belief, QueryMeta::read(&headers)) {
                // The background reads other tables, with indexes of their own.
                if self.urgency == Urgency::Answers {
                    endpoint.saw(meta);
                }
                meta.believed(belief)?;
            }
            let body = body(response, self.limit_bytes, self.allowed).await?;
            let url = self.url(endpoint);
            Ok(OkResponse { url, headers, body })
        };
        match timeout(self.allowed, whole).await {
            Ok(result) => result,
            Err(_) => Err(Cause::TimedOut(self.allowed)),
        }
        .map_err(|cause| self.error(endpoint, cause))
    }

    /// Makes the question that every address answers at once.
    pub(super) fn probe(allowed: Duration) -> Self {
        Self {
            path: "/v1/status/leader".into(),
            query: Vec::new(),
            allowed,
            limit_bytes: ERROR_BODY_BYTES,
            encoding: Encoding::Identity,
            patience: Patience::Prompt,
            urgency: Urgency::Probe,
            belief: None,
        }
    }

    /// Names the place of an error.
    pub(super) fn error(&self, endpoint: &Endpoint, cause: Cause) -> NomadError {
        NomadError {
            url: self.url(endpoint),
            cause,
        }
    }

    /// Names the address and path that are asked, without the query.
    pub(super) fn url(&self, endpoint: &Endpoint) -> String {
        format!("{}{}", endpoint.address, self.path)
    }

    async fn send(&self, endpoint: &Endpoint, token: Option<&Secret>) -> Result<Response, Cause> {
        let mut request = endpoint.get(&self.path, &self.query);
        let headers = request.headers_mut();
        if self.encoding == Encoding::Identity {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some(token) = token {
            let value = token.header().map_err(Cause::NoToken)?;
            headers.insert("x-nomad-token", value);
        }
        let response = endpoint.send(request).await.map_err(|error| {
            let cause = Cause::of_transport(&*error, self.allowed);
            cause.seen_at(&endpoint.address)
        })?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        let retry_after = retry_after(response.headers());
        let body = beginning(response).await;
        Err(Cause::of_answer(status, &body, retry_after))
    }
}

/// Reads a whole body, up to a limit that also holds for what decompression makes of it.
async fn body(
    mut response: Response,
    limit_bytes: usize,
    allowed: Duration,
) -> Result<Bytes, Cause> {
    let too_large = Cause::TooLarge {
        what: "answer",
        limit_bytes,
    };
    let announced = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
    if announced > limit_bytes {
        return Err(too_large);
    }
    let mut whole = BytesMut::new();
    loop {
        let chunk = response.chunk().await;
        let Some(chunk) = chunk.map_err(|error| Cause::of_transport(&error, allowed))? else {
            return Ok(whole.freeze());
        };
        if whole.len() + chunk.len() > limit_bytes {
            return Err(too_large);
        }
        whole.reserve(if whole.is_empty() {
            announced.min(ANNOUNCED_BYTES).max(chunk.len())
        } else {
            chunk.len()
        });
        whole.extend_from_slice(&chunk);
    }
}

/// Reads what an error says; a body that breaks says what had come.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut begun = Vec::new();
    while begun.len() < ERROR_BODY_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        begun.extend_from_slice(&chunk[..chunk.len().min(ERROR_BODY_BYTES - begun.len())]);
    }
    begun
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}
