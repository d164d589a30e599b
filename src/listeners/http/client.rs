//! Who sent a request, and whether that client may ask now.
//!
//! Floor 4, the first layer of the public router. Without a proxy the client is the peer of the connection; a trusted
//! proxy names it in `X-Forwarded-For`. Each proxy appends the address that it got the request from, so the header is
//! read from the right, up to the first address that is not a trusted proxy. Everything to the left of that is only
//! claimed by the client.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use futures_util::future::{Either, Ready, ready};
use http::{HeaderMap, HeaderName, Request};
use tower::{Layer, Service};

use super::super::clients::{Clients, SourceAddress};
use super::super::counters::ListenerKind;
use super::super::live_server::LiveServer;
use super::activity::{Activity, Queued};
use super::problem::Problem;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a request came from; each request has it as an extension.
#[derive(Clone, Debug)]
pub struct ClientInfo {
    address: IpAddr,
    /// Its port; 0 when that is not known.
    port: u16,
    /// The connection whose further requests wait for a long answer; none where they wait already.
    connection: Option<Arc<Activity>>,
}

/// Finds the client behind a trusted proxy, and refuses who may not ask, or not so often: 403 and 429.
#[derive(Clone, Debug)]
pub(super) struct ClientLayer {
    server: LiveServer,
    kind: ListenerKind,
}

/// The service of [`ClientLayer`].
#[derive(Clone, Debug)]
pub(super) struct ClientService<S> {
    inner: S,
    layer: ClientLayer,
}

/// A response that a layer gives, or that of the service inside.
pub(super) type Checked<F> = Either<Ready<Result<Response, Infallible>>, F>;

/// The response of a layer that does not let a request on.
pub(super) fn refuse<F>(problem: Problem, request: &Request<Body>) -> Checked<F> {
    Either::Left(ready(Ok(problem.answer(request.method()))))
}

impl ClientInfo {
    /// A client without a connection: the router is called directly.
    pub fn new(address: IpAddr) -> Self {
        Self {
            address,
            port: 0,
            connection: None,
        }
    }

    pub(super) fn of(peer: SocketAddr, connection: Option<Arc<Activity>>) -> Self {
        Self {
            address: peer.ip(),
            port: peer.port(),
            connection,
        }
    }

    /// What a request has.
    ///
    /// # Errors
    /// 500: what called the router has not said who asks.
    pub(super) fn find<Body>(request: &Request<Body>) -> Result<&Self, Problem> {
        request.extensions().get().ok_or_else(Problem::internal)
    }

    /// The client's address.
    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    /// The client's port; 0 when that is not known, as behind a proxy.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Has further requests of the connection wait for this one.
    pub(super) fn queue(&self) -> Option<Queued> {
        self.connection.as_ref().map(Activity::queue)
    }
}

impl ClientLayer {
    pub(super) fn new(server: LiveServer, kind: ListenerKind) -> Self {
        Self { server, kind }
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = ClientService<S>;

    fn layer(&self, inner: S) -> ClientService<S> {
        let layer = self.clone();
        ClientService { inner, layer }
    }
}

impl<S> Service<Request<Body>> for ClientService<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Checked<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        self.layer.server.refresh();
        let clients = &self.layer.server.clients;
        let peer = match ClientInfo::find(&request) {
            Ok(info) => info.address(),
            Err(problem) => return refuse(problem, &request),
        };
        let client = client_behind(peer, request.headers(), clients);
        if client != peer
            && let Some(info) = request.extensions_mut().get_mut::<ClientInfo>()
        {
            (info.address, info.port) = (client, 0);
        }
        match clients.judge(Some(client), SourceAddress::Proven, Some(self.layer.kind)) {
            Ok(()) => Either::Right(self.inner.call(request)),
            Err(refusal) => refuse(refusal.into(), &request),
        }
    }
}

/// Who sent a request over a connection of `peer`.
fn client_behind(peer: IpAddr, headers: &HeaderMap, clients: &Clients) -> IpAddr {
    let lines = headers.get_all(X_FORWARDED_FOR);
    // Several lines are one list (RFC 9110 §5.3).
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|octet| *octet == b','));
    let mut client = peer;
    for hop in hops {
        if !clients.trust(client) {
            break;
        }
        // What is no address hides all that is left of it.
        let Some(address) = read(hop) else { break };
        client = address;
    }
    client
}

/// Reads an address, with or without port and brackets.
fn read(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    let address = bare.unwrap_or(text).parse().or_else(|_| with_port()).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::super::super::clients::ClientSettings;
    use super::*;

    fn client(peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|text| text.parse().unwrap());
        let clients = Clients::new(ClientSettings {
            trusted_proxies: trusted.into_iter().collect(),
            ..ClientSettings::default()
        });
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        client_behind(peer.parse().unwrap(), &headers, &clients).to_string()
    }

    #[test]
    fn the_client_is_the_right_most_hop_that_is_not_trusted() {
        for (lines, expected) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["198.51.100.1, 192.0.2.1"], "192.0.2.1"),
            (
                &["198.51.100.1, 192.0.2.1,10.0.0.9 ,\t10.0.0.8"],
                "192.0.2.1",
            ),
            (&["198.51.100.1", "192.0.2.1", "10.0.0.9"], "192.0.2.1"),
            (&["10.0.0.7, 10.0.0.8"], "10.0.0.7"),
            (&["192.0.2.1:4711"], "192.0.2.1"),
            (&["[2001:db8::1]:4711, fd00::1"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
        ] {
            assert_eq!(client("10.0.0.1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn an_invalid_forwarded_address_ends_the_search_for_the_client() {
        for lines in [
            &[][..],
            &[""],
            &["192.0.2.1,"],
            &["192.0.2.1, unknown"],
            &["192.0.2.1, _hidden"],
            &["192.0.2.1, 10.0.0"],
            &["[192.0.2.1"],
            &["192.0.2.1:port"],
        ] {
            assert_eq!(client("10.0.0.1", lines), "10.0.0.1", "{lines:?}");
        }
        assert_eq!(client("10.0.0.1", &["192.0.2.1, ?, 10.0.0.9"]), "10.0.0.9");
    }

    #[test]
    fn forwarded_addresses_from_an_untrusted_client_are_ignored() {
        assert_eq!(client("192.0.2.9", &["192.0.2.1"]), "192.0.2.9");
    }
}
