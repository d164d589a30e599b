//! Checks the host of a request: plain HTTP accepts only our own hosts, so that no web page can read answers by DNS
//! rebinding.
//!
//! Floor 4, a layer before the routes. A page whose name was made to point here still has that name, which browsers
//! send as `Host` (or `:authority`). Addresses, `localhost` and names in our zones cannot be such names; all others
//! must be listed. Over TLS the certificate protects, so only the syntax is checked.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use futures_util::future::Either;
use http::header::HOST;
use http::uri::Authority;
use http::{Request, StatusCode, Version};
use tower::{Layer, Service};

use super::client::{Checked, refuse};
use super::hosts::Hosts;
use super::problem::Problem;

/// The most octets of a host that a response repeats.
const TOLD_OCTETS: usize = 255;

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
    /// What was let through last: a connection mostly asks for one host.
    known: Option<Authority>,
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
        HostService {
            inner,
            hosts,
            known: None,
        }
    }
}

impl<S> HostService<S> {
    fn check(&mut self, request: &Request<Body>) -> Result<(), Problem> {
        if let (Some(known), Some(target)) = (&self.known, only_authority(request))
            && known.as_str() == target.as_str()
        {
            return Ok(());
        }
        let Some(authority) = authority(request)? else {
            return Ok(());
        };
        if let Some(hosts) = &self.hosts
            && !hosts.have(authority.host())
        {
            return Err(not_ours(authority.host()));
        }
        self.known = only_authority(request).cloned();
        Ok(())
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
            Err(problem) => refuse(problem, &request),
        }
    }
}

/// Who the request is for, where `:authority` alone says so.
fn only_authority(request: &Request<Body>) -> Option<&Authority> {
    let is_alone = request.version() == Version::HTTP_2 && !request.headers().contains_key(HOST);
    request.uri().authority().filter(|_| is_alone)
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
    let host_header = match line {
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
    if let (Version::HTTP_2, Some(target), Some(host_header)) =
        (request.version(), &target, &host_header)
        && target != host_header
    {
        let detail = "the Host of the request differs from its :authority";
        return Err(Problem::bad_request(detail));
    }
    // RFC 9112 §3.2.2: of both, the target counts.
    Ok(target.or(host_header))
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
