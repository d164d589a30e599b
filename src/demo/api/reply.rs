//! Responses in the form of Go's server and Nomad's handlers: which headers, in which order, with which framing.

use std::convert::Infallible;
use std::io::Write as _;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use time::OffsetDateTime;

/// Go sends a longer body in chunks, since it then begins before the body's length is known.
const LENGTH_KNOWN_BYTES: usize = 2048;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// A stream of chunks; its end ends the answer.
pub(crate) type Chunks = BoxStream<'static, Vec<u8>>;

/// An answer before it is put into HTTP.
pub(crate) struct Reply {
    status: StatusCode,
    /// What the handler declares; Go puts it before, and what it guesses from the body after the others.
    declares_json: bool,
    cache: Cache,
    connection: Connection,
    varies_by_origin: bool,
    meta: Option<Meta>,
    content: Content,
}

/// Where an answer stands in the state of the cluster.
#[derive(Debug)]
pub(crate) struct Meta {
    pub(crate) index: u64,
    pub(crate) known_leader: bool,
    pub(crate) last_contact_ms: u128,
    pub(crate) next_token: Option<String>,
}

/// How the answers of a listener look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// The HTTP port, to a client that does not take gzip.
    Plain,
    /// The HTTP port, to a client that takes gzip.
    Gzip,
    /// The task API's socket, which never compresses and says nothing of it.
    Socket,
}

#[derive(PartialEq, Eq)]
enum Cache {
    Unsaid,
    No,
}

#[derive(PartialEq, Eq)]
enum Connection {
    Kept,
    Closed,
}

enum Content {
    Nothing,
    Bytes(Vec<u8>),
    Stream(Chunks),
}

impl Reply {
    /// A JSON body.
    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self {
            declares_json: true,
            content: Content::Bytes(body.into()),
            ..Self::empty(200)
        }
    }

    /// A JSON body with its place in the state.
    pub(crate) fn state(meta: Meta, body: impl Into<Vec<u8>>) -> Self {
        Self {
            meta: Some(meta),
            ..Self::json(body)
        }
    }

    /// An error's text.
    pub(crate) fn error(status: u16, text: impl Into<String>) -> Self {
        Self {
            content: Content::Bytes(text.into().into_bytes()),
            ..Self::empty(status)
        }
    }

    /// No body at all.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            declares_json: false,
            cache: Cache::Unsaid,
            connection: Connection::Kept,
            varies_by_origin: false,
            meta: None,
            content: Content::Nothing,
        }
    }

    /// The event stream.
    pub(crate) fn stream(chunks: Chunks) -> Self {
        Self {
            declares_json: true,
            cache: Cache::No,
            content: Content::Stream(chunks),
            ..Self::empty(200)
        }
    }

    /// The event stream's refusal: a text that the handler has declared as JSON before it knew.
    pub(crate) fn stream_error(status: u16, text: impl Into<String>) -> Self {
        Self {
            declares_json: true,
            cache: Cache::No,
            ..Self::error(status, text)
        }
    }

    pub(crate) fn with_meta(self, meta: Meta) -> Self {
        Self {
            meta: Some(meta),
            ..self
        }
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self {
            status: Self::empty(status).status,
            ..self
        }
    }

    pub(crate) fn varying_by_origin(self) -> Self {
        Self {
            varies_by_origin: true,
            ..self
        }
    }

    pub(crate) fn closing(self) -> Self {
        Self {
            connection: Connection::Closed,
            ..self
        }
    }

    /// Puts the answer into HTTP, its headers in the order of Go's server.
    pub(crate) fn into_response(self, encoding: Encoding) -> Response<Body> {
        let is_empty = matches!(self.content, Content::Nothing);
        let is_compressed = encoding == Encoding::Gzip && !is_empty;
        let is_guessed = !self.declares_json && !is_empty;
        let mut headers = HeaderMap::with_capacity(12);
        if self.cache == Cache::No {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        if self.connection == Connection::Closed {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if is_compressed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if self.declares_json {
            headers.insert(header::CONTENT_TYPE, JSON);
        } else if is_guessed && is_compressed {
            headers.insert(header::CONTENT_TYPE, TEXT);
        }
        if encoding != Encoding::Socket {
            headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        if self.varies_by_origin {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(meta) = self.meta {
            meta.write(&mut headers);
        }
        headers.insert(header::DATE, date());
        let body = self.content.framed(is_compressed, &mut headers);
        if is_guessed && !is_compressed {
            headers.insert(header::CONTENT_TYPE, TEXT);
        }
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        response
    }
}

impl Meta {
    fn write(self, headers: &mut HeaderMap) {
        let leader = if self.known_leader { "true" } else { "false" };
        headers.insert("x-nomad-index", HeaderValue::from(self.index));
        headers.insert("x-nomad-knownleader", HeaderValue::from_static(leader));
        let contact = u64::try_from(self.last_contact_ms).unwrap_or(u64::MAX);
        headers.insert("x-nomad-lastcontact", HeaderValue::from(contact));
        // A token with a line break cannot be a header; Go would replace the break.
        if let Some(Ok(token)) = self.next_token.map(HeaderValue::try_from) {
            headers.insert("x-nomad-nexttoken", token);
        }
    }
}

impl Content {
    fn framed(self, is_compressed: bool, headers: &mut HeaderMap) -> Body {
        let bytes = match self {
            Self::Nothing => Vec::new(),
            Self::Bytes(bytes) if is_compressed => gzip(&bytes),
            Self::Bytes(bytes) => bytes,
            Self::Stream(chunks) => {
                headers.insert(
                    header::TRANSFER_ENCODING,
                    HeaderValue::from_static("chunked"),
                );
                let chunks = if is_compressed {
                    gzip_stream(chunks)
                } else {
                    chunks
                };
                return chunked(chunks);
            }
        };
        if bytes.len() > LENGTH_KNOWN_BYTES {
            headers.insert(
                header::TRANSFER_ENCODING,
                HeaderValue::from_static("chunked"),
            );
            return chunked(stream::once(async { bytes }).boxed());
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        Body::from(bytes)
    }
}

fn chunked(chunks: Chunks) -> Body {
    Body::from_stream(chunks.map(|chunk| Ok::<_, Infallible>(Bytes::from(chunk))))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Compresses chunk by chunk, each readable as soon as it arrives.
fn gzip_stream(chunks: Chunks) -> Chunks {
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    stream::unfold((chunks, Some(encoder)), |(mut chunks, encoder)| async {
        let mut encoder = encoder?;
        let Some(chunk) = chunks.next().await else {
            return Some((encoder.finish().unwrap_or_default(), (chunks, None)));
        };
        let _ = encoder.write_all(&chunk);
        let _ = encoder.flush();
        let compressed = std::mem::take(encoder.get_mut());
        Some((compressed, (chunks, Some(encoder))))
    })
    .boxed()
}

fn date() -> HeaderValue {
    let now = OffsetDateTime::now_utc();
    let (weekday, month) = (now.weekday().to_string(), now.month().to_string());
    let text = format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        &weekday[..3],
        now.day(),
        &month[..3],
        now.year(),
        now.hour(),
        now.minute(),
        now.second()
    );
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
