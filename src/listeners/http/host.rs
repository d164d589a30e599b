//! Who a request says it is for: on plain HTTP only hosts that are ours, so that no page reads answers by DNS rebinding.
//!
//! Floor 4, a layer before the routes. A page whose own name was made to lead here is still bound to that name,
//! which a browser sends as `Host` (or `:authority`). Addresses, `localhost` and names in our zones cannot be such names;
//! all others are listed. Over TLS the certificate decides, so there only the form is looked at.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use futures_util::future::{Either, ready};
use http::header::HOST;
use http::uri::Authority;
use http::{Request, StatusCode, Version};
use tower::{Layer, Service};

use super::client::Checked;
use super::problem::Problem;
use crate::dns::Name;

/// The most octets of a host that a response repeats.
const TOLD_OCTETS: usize = 255;

/// The hosts that are ours on plain HTTP.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    listed: Vec<String>,
    is_any: bool,
    zones: Vec<Name>,
}

/// Why a text is no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It is not the name of a host alone.
    #[error(
        "{0:?} is not a host name; write it without scheme, port and path, such as \"dns.example\""
    )]
    Form(String),
    /// `*` beside others.
    #[error("\"*\" means every host, so it must be the only entry")]
    NotAlone,
    /// It is there already.
    #[error("{0:?} is listed twice")]
    Twice(String),
}

/// Answers requests for hosts that are not ours with 421, and those that name their host wrongly with 400.
#[derive(Clone, Debug)]
pub(in super::super) struct HostLayer {
    /// None where any host will do, since TLS has proven it.
    hosts: Option<Arc<Hosts>>,
}

/// The service of [`HostLayer`].
#[derive(Clone, Debug)]
pub(in super::super) struct HostService<S> {
    inner: S,
    hosts: Option<Arc<Hosts>>,
}

impl Hosts {
    /// Reads a list of hosts, or `*` alone; names in `zones` need not be in it.
    ///
    /// # Errors
    /// What no request could name as its host, and what is there twice.
    pub fn parse(texts: &[String], zones: Vec<Name>) -> Result<Self, HostError> {
        let mut listed: Vec<String> = Vec::new();
        for text in texts {
            if text == "*" && texts.len() > 1 {
                return Err(HostError::NotAlone);
            }
            let host = text.to_ascii_lowercase();
            let host = host.strip_suffix('.').unwrap_or(&host);
            if text != "*" && !is_name(host) {
                return Err(HostError::Form(text.clone()));
            }
            if listed.iter().any(|other| other == host) {
                return Err(HostError::Twice(text.clone()));
            }
            listed.push(host.to_owned());
        }
        let is_any = texts.iter().any(|text| text == "*");
        Ok(Self {
            listed,
            is_any,
            zones,
        })
    }

    /// Whether a host, without its port, is ours.
    fn have(&self, host: &str) -> bool {
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        if self.is_any || bare.unwrap_or(host).parse::<IpAddr>().is_ok() {
            return true;
        }
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        // RFC 6761 §6.3: they never leave the machine.
        host == "localhost"
            || host.ends_with(".localhost")
            || self.listed.iter().any(|listed| listed == host)
            || self.is_in_a_zone(host)
    }

    fn is_in_a_zone(&self, host: &str) -> bool {
        let name = Name::from_labels(host.split('.').map(str::as_bytes));
        name.is_ok_and(|name| self.zones.iter().any(|zone| name.is_within(zone)))
    }
}

impl HostLayer {
    /// Lets requests for `hosts` through; for any host where there are none.
    pub(in super::super) fn new(hosts: Option<Hosts>) -> Self {
        Self {
            hosts: hosts.map(Arc::new),
        }
    }
}

impl<S> Layer<S> for HostLayer {
    type Service = HostService<S>;

    fn layer(&self, inner: S) -> HostService<S> {
        let hosts = self.hosts.clone();
        HostService { inner, hosts }
    }
}

impl<S> HostService<S> {
    fn check(&self, request: &Request<Body>) -> Result<(), Problem> {
        let Some(authority) = authority(request)? else {
            return Ok(());
        };
        match &self.hosts {
            Some(hosts) if !hosts.have(authority.host()) => Err(not_ours(authority.host())),
            _ => Ok(()),
        }
    }
}

impl<S> Service<Request<Body>> for HostService<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Checked<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.check(&request) {
            Ok(()) => Either::Right(self.inner.call(request)),
            Err(problem) => Either::Left(ready(Ok(problem.answer(request.method())))),
        }
    }
}

/// Who the request is for; none where it need not say so, or says that there is no name.
///
/// # Errors
/// 400 for a `Host` that is missing, doubled or no host (RFC 9112 §3.2), or that differs from `:authority`
/// (RFC 9113 §8.3.1).
fn authority(request: &Request<Body>) -> Result<Option<Authority>, Problem> {
    let mut lines = request.headers().get_all(HOST).iter();
    let (line, is_doubled) = (lines.next(), lines.next().is_some());
    if is_doubled {
        return Err(Problem::bad_request("the request has more than one Host"));
    }
    let no_host =
        || Problem::bad_request("the Host of the request is not a host with or without a port");
    let said = match line {
        // RFC 9110 §7.2: what has no name.
        Some(line) if line.is_empty() => None,
        Some(line) => {
            let parsed = Authority::try_from(line.as_bytes()).map_err(|_| no_host())?;
            if !is_well_formed(&parsed) {
                return Err(no_host());
            }
            Some(parsed)
        }
        None => None,
    };
    let target = request.uri().authority().cloned();
    if target
        .as_ref()
        .is_some_and(|target| !is_well_formed(target))
    {
        return Err(no_host());
    }
    let is_named = line.is_some() || (request.version() == Version::HTTP_2 && target.is_some());
    if !is_named && request.version() >= Version::HTTP_11 {
        return Err(Problem::bad_request("the request has no Host"));
    }
    if let (Version::HTTP_2, Some(target), Some(said)) = (request.version(), &target, &said)
        && target != said
    {
        let detail = "the Host of the request differs from its :authority";
        return Err(Problem::bad_request(detail));
    }
    // RFC 9112 §3.2.2: of both, the target counts.
    Ok(target.or(said))
}

/// RFC 9110 §7.2: a host and perhaps a port, and nobody's name.
fn is_well_formed(authority: &Authority) -> bool {
    let text = authority.as_str();
    let rest = text.strip_prefix(authority.host());
    let has_port = match rest {
        Some(rest) if rest.is_empty() || rest == ":" => true,
        Some(_) => authority.port_u16().is_some(),
        None => false,
    };
    has_port && !text.contains('@') && !authority.host().is_empty()
}

fn not_ours(host: &str) -> Problem {
    let mut end = host.len().min(TOLD_OCTETS);
    while !host.is_char_boundary(end) {
        end -= 1;
    }
    let detail = format!(
        "{:?} is not a host of this gateway; use an address, localhost or a name in its zones, \
         or list the host in the setting http.hosts",
        &host[..end]
    );
    Problem::new(StatusCode::MISDIRECTED_REQUEST, detail)
}

fn is_name(host: &str) -> bool {
    let is_legal = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    let mut labels = host.split('.');
    labels.all(|label| (1..=63).contains(&label.len()) && label.bytes().all(is_legal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(texts: &[&str]) -> Result<Hosts, HostError> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let zone = Name::from_labels([b"nomad".as_slice()]).unwrap();
        Hosts::parse(&texts, vec![zone])
    }

    #[test]
    fn addresses_localhost_our_zones_and_what_is_listed_are_ours() {
        let ours = hosts(&["DNS.example"]).unwrap();
        for host in [
            "127.0.0.1",
            "[::1]",
            "10.0.0.1",
            "localhost",
            "LocalHost.",
            "app.localhost",
            "dns.example",
            "dns.example.",
            "gateway.default.nomad",
            "NOMAD",
        ] {
            assert!(ours.have(host), "{host}");
        }
        for host in [
            "evil.example",
            "xdns.example",
            "dns.example.evil",
            "localhost.evil",
            "nomad.evil",
            "xnomad",
            "127.0.0.1.evil",
            "1.2.3",
            "",
        ] {
            assert!(!ours.have(host), "{host}");
        }
        assert!(hosts(&["*"]).unwrap().have("evil.example"));
    }

    #[test]
    fn what_no_request_could_name_is_no_host() {
        for text in ["", "http://a", "a:80", "a/b", "a b", "a..b", ".", "*.a"] {
            assert_eq!(hosts(&[text]).err(), Some(HostError::Form(text.into())));
        }
        assert_eq!(hosts(&["*", "a"]).err(), Some(HostError::NotAlone));
        assert_eq!(hosts(&["a", "*"]).err(), Some(HostError::NotAlone));
        assert_eq!(
            hosts(&["a", "A."]).err(),
            Some(HostError::Twice("A.".into()))
        );
    }
}
