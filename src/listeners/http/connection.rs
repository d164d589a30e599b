//! One HTTP connection: its limits and times, and what is counted of it.
//!
//! hyper reads and writes; this decides when it is enough.

use std::error::Error;
use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderMap, Request, Version};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

use super::super::accept::Shared;
use super::super::clients::{Address, Refusal};
use super::super::counters::{HttpMethod, ListenerKind, count};
use super::super::limits::Limits;
use super::super::shutdown::Shutdown;
use super::forwarded::client_behind;
use super::joined::Joined;
use super::leftover::{Leftover, lend};
use super::problem::Problem;
use super::responding::Responding;
use super::routes::Respond;
use super::streams::{Arrivals, Streams};

/// How often an HTTP/2 client that says nothing is asked whether it is still there.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(20);
/// How long it may take to say so.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// What an HTTP/2 client may send of one request before it is read, in octets.
const STREAM_WINDOW_OCTETS: u32 = 64 * 1024;
/// What it may send of all requests of a connection before it is read, in octets.
const CONNECTION_WINDOW_OCTETS: u32 = 256 * 1024;
/// What is held back of the responses of one request that the client does not take, in octets.
const SEND_BUFFER_OCTETS: usize = 128 * 1024;

/// Serves the connections of one listener.
pub(super) struct Connections<R> {
    responder: R,
    kind: ListenerKind,
    shared: Shared,
}

impl<R: Respond> Connections<R> {
    pub(super) fn new(responder: R, kind: ListenerKind, shared: Shared) -> Self {
        Self {
            responder,
            kind,
            shared,
        }
    }

    /// Serves one connection until it ends, or has to.
    pub(super) async fn serve<Stream>(&self, stream: Stream, client: IpAddr, mut shutdown: Shutdown)
    where
        Stream: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (limits, activity) = (&self.shared.limits, Arc::new(Activity::default()));
        let service = service_fn(|request| self.respond(request, client, &activity));
        let arrivals = Arrivals::default();
        let (builder, mut streams) = (builder(limits, arrivals.clone()), Streams::new(arrivals));
        let mut connection = pin!(builder.serve_connection(TokioIo::new(Joined(stream)), service));
        let counters = self.shared.counters.connections(self.kind);
        tokio::select! {
            ended = poll_fn(|context| streams.poll_with(connection.as_mut(), context)) => return self.note_end(ended.err().as_deref()),
            () = shutdown.requested() => {}
            () = sleep(limits.connection_age) => {}
            () = activity.ceases(limits) => count(&counters.timed_out),
        }
        connection.as_mut().graceful_shutdown();
        // What is not done by then is dropped with the connection.
        let ended = poll_fn(|context| streams.poll_with(connection.as_mut(), context));
        let _ = timeout(limits.drain, ended).await;
    }

    /// Responds at once where that can be; the rest is for `wait`.
    fn respond(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
        activity: &Arc<Activity>,
    ) -> Responding {
        activity.begin();
        let asked = Asked {
            kind: self.kind,
            method: HttpMethod::from(request.method()),
            version: request.version(),
        };
        let (client, judged) = self.judge(request.headers(), peer);
        let (request, mut leftover) = borrowed(request);
        let responding = match judged {
            Err(refusal) => {
                drop(request);
                Responding::ready(refused(refusal, asked.method))
            }
            Ok(()) => {
                let begun = AssertUnwindSafe(|| self.responder.respond(request, client));
                catch_unwind(begun).unwrap_or_else(|_| Responding::ready(failed(&self.shared)))
            }
        };
        if let Responding::Ready(Some(response)) = &responding
            && leftover.as_mut().is_none_or(Leftover::is_nothing)
        {
            asked.count(&self.shared, response);
            return responding;
        }
        self.wait(responding, leftover, asked, activity.open())
    }

    /// Waits for the response, and then for what is left of the request.
    fn wait(
        &self,
        responding: Responding,
        leftover: Option<Leftover>,
        asked: Asked,
        open: Open,
    ) -> Responding {
        let shared = self.shared.clone();
        Responding::waiting(async move {
            let _open = open;
            let responded = AssertUnwindSafe(responding).catch_unwind().await;
            let Ok(response) = responded.unwrap_or_else(|_| Ok(failed(&shared)));
            if let Some(leftover) = leftover {
                // Past the time it is as if nobody had read it.
                let _ = timeout(shared.limits.http_body, leftover.read()).await;
            }
            asked.count(&shared, &response);
            response
        })
    }

    /// Who sent a request, and whether that may ask now; whoever reaches them may see the operator's pages.
    fn judge(&self, headers: &HeaderMap, peer: IpAddr) -> (IpAddr, Result<(), Refusal>) {
        let (clients, kind) = (&self.shared.server.clients, self.kind);
        if kind == ListenerKind::Admin {
            return (peer, Ok(()));
        }
        let client = client_behind(peer, headers, clients);
        (
            client,
            clients.judge(Some(client), Address::Proven, Some(kind)),
        )
    }

    fn note_end(&self, error: Option<&(dyn Error + Send + Sync + 'static)>) {
        let counters = self.shared.counters.connections(self.kind);
        match error.and_then(|error| error.downcast_ref::<hyper::Error>()) {
            Some(error) if error.is_timeout() => count(&counters.timed_out),
            Some(error) if error.is_parse() => count(&counters.malformed),
            _ => {}
        }
    }
}

/// What is counted of a request beside its response.
#[derive(Clone, Copy)]
struct Asked {
    kind: ListenerKind,
    method: HttpMethod,
    version: Version,
}

impl Asked {
    /// Counts the response; those of the operator's pages are not.
    fn count(self, shared: &Shared, response: &Response) {
        if self.kind != ListenerKind::Admin {
            let (counters, status) = (&shared.counters, response.status());
            counters.count_http_response(self.method, self.version, status);
        }
    }
}

/// The response for a panic.
fn failed(shared: &Shared) -> Response {
    count(&shared.counters.panics);
    Problem::internal().into_response()
}

/// Keeps hold of a body that is still to come, where leaving it unread does harm.
fn borrowed(request: Request<Incoming>) -> (Request<Body>, Option<Leftover>) {
    if request.body().is_end_stream() {
        return (request.map(|_| Body::empty()), None);
    }
    if request.version() != Version::HTTP_2 {
        return (request.map(Body::new), None);
    }
    let (parts, body) = request.into_parts();
    let (body, leftover) = lend(body);
    (Request::from_parts(parts, body), Some(leftover))
}

/// The response to a client that may not ask, or not now, before anything of its request is looked at.
fn refused(refusal: Refusal, method: HttpMethod) -> Response {
    let response = Problem::from(refusal).into_response();
    match method {
        HttpMethod::Head => response.map(|_| Body::empty()),
        _ => response,
    }
}

fn builder(limits: &Limits, arrivals: Arrivals) -> Builder<Arrivals> {
    let header_octets = usize::try_from(limits.http_header_octets).unwrap_or(usize::MAX);
    let mut builder = Builder::new(arrivals);
    builder
        .http1()
        // Without a timer hyper's times do nothing.
        .timer(TokioTimer::new())
        .header_read_timeout(limits.http_headers)
        .max_headers(limits.http_headers_count)
        .max_buf_size(header_octets.max(LEAST_BUFFER_OCTETS))
        .half_close(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE_EVERY)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .max_concurrent_streams(limits.http_streams)
        .max_header_list_size(limits.http_header_octets)
        .initial_stream_window_size(STREAM_WINDOW_OCTETS)
        .initial_connection_window_size(CONNECTION_WINDOW_OCTETS)
        .max_send_buf_size(SEND_BUFFER_OCTETS);
    builder
}

/// hyper takes no smaller buffer, in octets.
const LEAST_BUFFER_OCTETS: usize = 8192;

/// What is under way on a connection.
#[derive(Debug, Default)]
struct Activity {
    begun: AtomicU64,
    open: AtomicUsize,
}

/// A request that waits for its response.
struct Open(Arc<Activity>);

impl Activity {
    fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    fn open(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(self.clone())
    }

    /// Returns when the first request does not come in time, or later none for the idle time.
    ///
    /// It looks once each idle time, so that a request costs no clock; it can take up to two of them.
    async fn ceases(&self, limits: &Limits) {
        let (mut seen, mut wait) = (0, limits.http_headers);
        loop {
            sleep(wait).await;
            let begun = self.begun.load(Ordering::Relaxed);
            if begun == seen && self.open.load(Ordering::Relaxed) == 0 {
                return;
            }
            (seen, wait) = (begun, limits.http_idle);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
