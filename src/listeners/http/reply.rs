//! An answer as an HTTP response: its form, and how long a cache may keep it (RFC 8484 §5.1).

use std::sync::LazyLock;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};

use super::super::exchange::Cacheability;
use super::negotiate::{MediaType, ResponseFormat};
use super::problem::{NO_SNIFF, NO_STORE, Problem};
use crate::dns::json;
use crate::dns::wire::MessageError;

/// From how many octets on a message is long work to write as JSON: some hundred records, a few tenths of a millisecond.
const LENGTHY_OCTETS: usize = 4 * 1024;
/// The times that are usual enough to have their header ready: up to so many seconds.
const USUAL_SECONDS: u32 = 300;

/// The lengths that are usual enough to have their header ready: up to so many octets.
const USUAL_LENGTH: usize = 512;

/// The headers of an answer in each form: to copy them takes half the instructions of putting them in one by one.
static HEADERS: LazyLock<[HeaderMap; MediaType::ALL.len()]> =
    LazyLock::new(|| MediaType::ALL.map(template));

static LENGTHS: LazyLock<Vec<HeaderValue>> =
    LazyLock::new(|| (0..=USUAL_LENGTH).map(HeaderValue::from).collect());

static MAX_AGES: LazyLock<Vec<HeaderValue>> =
    LazyLock::new(|| (0..=USUAL_SECONDS).map(max_age).collect());

/// Work that makes a response and takes longer than others should wait.
pub(super) type LengthyWork = Box<dyn FnOnce() -> Response + Send>;

/// An answer on its way to be a response.
pub(super) enum ResponseWork {
    /// It is one.
    Made(Response),
    /// Its form is long work.
    Lengthy(LengthyWork),
}

/// Gives an answer its form, whatever its code: over HTTP all of them are a success (RFC 8484 §4.2.1).
///
/// It is 503 when there was no room for the query, 500 when an answer of ours cannot be read.
pub(super) fn reply(
    message: Vec<u8>,
    cacheability: Cacheability,
    form: ResponseFormat,
) -> ResponseWork {
    let freshness_seconds = match cacheability {
        Cacheability::Fresh(seconds) => Some(seconds),
        Cacheability::NoStore => None,
        Cacheability::Shed => return ResponseWork::Made(Problem::overloaded().into_response()),
    };
    let is_lengthy = message.len() >= LENGTHY_OCTETS && form.media_type != MediaType::DnsMessage;
    let work = move || formed(message, freshness_seconds, &form).into_response();
    if is_lengthy {
        return ResponseWork::Lengthy(Box::new(work));
    }
    ResponseWork::Made(work())
}

fn formed(
    message: Vec<u8>,
    freshness_seconds: Option<u32>,
    form: &ResponseFormat,
) -> Result<Response, Problem> {
    let body = match form.media_type {
        MediaType::DnsMessage => Bytes::from(message),
        MediaType::DnsJson | MediaType::Json => {
            rendered(json::render(&message, form.client_subnet.as_ref()))?
        }
        MediaType::Rfc8427 => rendered(json::render_rfc8427(&message))?,
    };
    let mut headers = HEADERS[form.media_type as usize].clone();
    headers.insert(CACHE_CONTROL, cache_control(freshness_seconds));
    // axum would make it anew for each response.
    headers.insert(CONTENT_LENGTH, content_length(body.len()));
    let mut response = Response::new(Body::from(body));
    *response.headers_mut() = headers;
    Ok(response)
}

/// What all answers in this form say, with a place for what each says of its own.
fn template(media_type: MediaType) -> HeaderMap {
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(media_type.as_str())),
        (CACHE_CONTROL, NO_STORE),
        (VARY, HeaderValue::from_name(ACCEPT)),
        NO_SNIFF,
        (CONTENT_LENGTH, HeaderValue::from(0)),
    ])
}

fn rendered(text: Result<String, MessageError>) -> Result<Bytes, Problem> {
    text.map(Bytes::from).map_err(|_| Problem::internal())
}

fn cache_control(freshness_seconds: Option<u32>) -> HeaderValue {
    let Some(seconds) = freshness_seconds else {
        return NO_STORE;
    };
    let prepared = usize::try_from(seconds)
        .ok()
        .and_then(|at| MAX_AGES.get(at));
    prepared.cloned().unwrap_or_else(|| max_age(seconds))
}

fn content_length(octets: usize) -> HeaderValue {
    let prepared = LENGTHS.get(octets).cloned();
    prepared.unwrap_or_else(|| HeaderValue::from(octets))
}

fn max_age(seconds: u32) -> HeaderValue {
    HeaderValue::try_from(format!("max-age={seconds}")).unwrap_or(NO_STORE)
}
