//! Which web pages may read answers: the CORS protocol of the Fetch standard.
//!
//! `tower-http`'s layer is not used, because it answers preflights at any path, with 200 and without `Allow`. Off
//! unless an origin is configured: then no header is added, and OPTIONS gets 405 as elsewhere.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ALLOW, CONTENT_LENGTH, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Request, StatusCode, Uri};
use tower::{Layer, Service};

use super::gateway::{Gateway, Responding};

/// How long a browser may remember what a preflight said, in seconds.
const PREFLIGHT_SECONDS: u64 = 3600;

/// The headers that a page may set, beside those that it always may.
const HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type");
const ANY: HeaderValue = HeaderValue::from_static("*");
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const BY_ACCEPT_AND_ORIGIN: HeaderValue = HeaderValue::from_static("accept, origin");

/// The origins whose pages may read the answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// None; nothing is said of it.
    #[default]
    None,
    /// Every one.
    Any,
    /// These.
    Listed(Vec<HeaderValue>),
}

/// Why a text is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It is not written as browsers write origins.
    #[error(
        "{0:?} is not an origin as browsers send it: a scheme and a host in lower case, a port only if \
         it is not the usual one, no path; such as \"https://dash.example\""
    )]
    Form(String),
    /// `*` beside others.
    #[error("\"*\" means every origin, so it must be the only entry")]
    NotAlone,
    /// It is there already.
    #[error("{0:?} is listed twice")]
    Twice(String),
}

impl Origins {
    /// Reads a list of origins, or `*` alone.
    ///
    /// # Errors
    /// What no browser would ever send, and what is there twice.
    pub fn parse(texts: &[String]) -> Result<Self, OriginError> {
        match texts {
            [] => return Ok(Self::None),
            [one] if one == "*" => return Ok(Self::Any),
            _ => {}
        }
        let mut origins = Vec::new();
        for text in texts {
            if text == "*" {
                return Err(OriginError::NotAlone);
            }
            let value = is_origin(text).then(|| HeaderValue::from_str(text));
            let value = value.and_then(Result::ok);
            let value = value.ok_or_else(|| OriginError::Form(text.clone()))?;
            if origins.contains(&value) {
                return Err(OriginError::Twice(text.clone()));
            }
            origins.push(value);
        }
        Ok(Self::Listed(origins))
    }

    /// What is to be told of a request with these headers.
    fn share(&self, headers: &HeaderMap) -> CorsHeaders {
        CorsHeaders {
            granted: self.grant(headers.get(ORIGIN)),
            depends: matches!(self, Self::Listed(_)),
        }
    }

    /// What a page of this origin is told; none when it may read nothing.
    fn grant(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        match self {
            Self::None => None,
            Self::Any => Some(ANY),
            Self::Listed(origins) => origin.filter(|it| origins.contains(it)).cloned(),
        }
    }
}

/// Whether a text is an origin as its serialisation is (RFC 6454 §6.2).
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return false;
    };
    let usual = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let is_usual = authority.port_u16().is_some_and(|port| usual == Some(port));
    // As it is put together again, nothing else is in it: no path, no user, no capital.
    let same = format!("{scheme}://{authority}") == *text && text.to_ascii_lowercase() == *text;
    let plain = |it: char| it.is_ascii_alphanumeric() || "-._:[]".contains(it);
    same && !is_usual && !authority.host().is_empty() && authority.as_str().chars().all(plain)
}

/// Tells browsers whether the page that asked may read the response, whatever that is.
#[derive(Clone, Debug)]
pub(super) struct CorsLayer(Arc<Origins>);

/// The service of [`CorsLayer`].
#[derive(Clone, Debug)]
pub(super) struct Cors<S> {
    inner: S,
    origins: Arc<Origins>,
}

/// The response of the service inside, with what the browser is told.
#[derive(Debug)]
pub(super) struct CorsFuture<F> {
    inner: F,
    /// None where nothing is told.
    cors: Option<CorsHeaders>,
}

/// What a browser is told of the page that asked.
#[derive(Debug)]
struct CorsHeaders {
    granted: Option<HeaderValue>,
    depends: bool,
}

impl CorsLayer {
    pub(super) fn new(origins: Arc<Origins>) -> Self {
        Self(origins)
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = Cors<S>;

    fn layer(&self, inner: S) -> Cors<S> {
        let origins = Arc::clone(&self.0);
        Cors { inner, origins }
    }
}

impl<S> Service<Request<Body>> for Cors<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Unpin>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = CorsFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let is_on = *self.origins != Origins::None;
        let cors = is_on.then(|| self.origins.share(request.headers()));
        CorsFuture {
            inner: self.inner.call(request),
            cors,
        }
    }
}

impl<F> Future for CorsFuture<F>
where
    F: Future<Output = Result<Response, Infallible>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.inner).poll(context));
        Poll::Ready(match self.cors.take() {
            Some(cors) => response.map(|response| cors.tell(response)),
            None => response,
        })
    }
}

impl CorsHeaders {
    fn tell(self, mut response: Response) -> Response {
        let is_empty = response.status() == StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if self.depends {
            let by = match headers.contains_key(VARY) {
                true => BY_ACCEPT_AND_ORIGIN,
                false => BY_ORIGIN,
            };
            headers.insert(VARY, by);
        }
        if is_empty {
            // RFC 9110 §8.6; axum has set one.
            headers.remove(CONTENT_LENGTH);
        }
        if let Some(granted) = self.granted {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, granted);
        }
        response
    }
}

/// Answers OPTIONS: what a page may ask with, once [`CorsLayer`] has said that it may at all.
pub(super) fn preflight<S>(
    allowed: &'static str,
) -> impl Fn(&Arc<Gateway<S>>, Request<Body>) -> Responding + Clone {
    let allowed = HeaderValue::from_static(allowed);
    move |_, _| {
        let headers = [
            (ALLOW, allowed.clone()),
            (ACCESS_CONTROL_ALLOW_METHODS, allowed.clone()),
            (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (ACCESS_CONTROL_MAX_AGE, HeaderValue::from(PREFLIGHT_SECONDS)),
        ];
        Responding::ready((StatusCode::NO_CONTENT, headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_as_browsers_send_it() {
        for text in [
            "https://dash.example",
            "http://localhost:3000",
            "https://[::1]:8443",
            "http://10.0.0.1",
            "moz-extension://0a1b2c3d-0000-4000-8000-000000000000",
            "https://xn--bcher-kva.example",
        ] {
            assert!(is_origin(text), "{text}");
        }
        for text in [
            "",
            "null",
            "dash.example",
            "https://",
            "https://dash.example/",
            "https://dash.example/a",
            "https://dash.example?a",
            "https://Dash.example",
            "HTTPS://dash.example",
            "https://dash.example:443",
            "http://dash.example:80",
            "https://user@dash.example",
            "https://*.example",
            "https://bücher.example",
            " https://dash.example",
            "https://a.example,https://b.example",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }

    #[test]
    fn every_origin_stands_alone() {
        let parse = |texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
            Origins::parse(&texts)
        };
        assert_eq!(parse(&[]), Ok(Origins::None));
        assert_eq!(parse(&["*"]), Ok(Origins::Any));
        assert_eq!(parse(&["*", "http://a"]), Err(OriginError::NotAlone));
        assert_eq!(
            parse(&["http://a", "http://a"]),
            Err(OriginError::Twice("http://a".into()))
        );
    }
}
