//! One HTTP connection: its limits and times, and what is counted of it.
//!
//! hyper reads and writes; this decides when it is enough.

use std::error::Error;
use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderMap, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

use super::super::accept::Shared;
use super::super::clients::{Address, Refusal};
use super::super::connections::{Overdrawn, Tenure};
use super::super::counters::{HttpMethod, ListenerKind, count};
use super::super::limits::Limits;
use super::super::shutdown::Shutdown;
use super::activity::{Activity, Cease};
use super::answering::Answering;
use super::asked::{Asked, borrowed, refused};
use super::forwarded::client_behind;
use super::joined::Joined;
use super::leftover::Leftover;
use super::lengthy::Workshop;
use super::problem::Problem;
use super::responding::{Respond, Responding};
use super::streams::{Arrivals, Streams};
use super::taken::Taken;

/// How often an HTTP/2 client that says nothing is asked whether it is still there.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(20);
/// How long it may take to say so.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// What an HTTP/2 client may send of one request before it is read, in octets.
const STREAM_WINDOW_OCTETS: u32 = 64 * 1024;
/// What it may send of all requests of a connection before it is read, in octets.
const CONNECTION_WINDOW_OCTETS: u32 = 256 * 1024;
/// What a connection has untaken that ends when there is no room for more, in octets; others hold it otherwise.
const OWN_OCTETS: usize = 16 * 1024;
/// What is held back of the responses of one request that the client does not take, in octets.
const SEND_BUFFER_OCTETS: usize = 128 * 1024;

/// Serves the connections of one listener.
pub(super) struct Connections<R> {
    responder: R,
    kind: ListenerKind,
    shared: Shared,
    workshop: Workshop,
}

impl<R: Respond> Connections<R> {
    pub(super) fn new(responder: R, kind: ListenerKind, shared: Shared) -> Self {
        Self {
            responder,
            kind,
            shared,
            workshop: Workshop::new(),
        }
    }

    /// Serves one connection until it ends, or has to.
    pub(super) async fn serve<Stream>(
        self: Arc<Self>,
        stream: Stream,
        client: IpAddr,
        tenure: Tenure,
        mut shutdown: Shutdown,
    ) where
        Stream: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (limits, activity) = (&self.shared.limits, Arc::new(Activity::new(tenure)));
        let service = service_fn(|request| self.respond(request, client, &activity));
        let arrivals = Arrivals::default();
        let (builder, mut streams) = (builder(limits, arrivals.clone()), Streams::new(arrivals));
        let stream = TokioIo::new(Joined::new(stream, Arc::clone(&activity), limits));
        let mut connection = pin!(builder.serve_connection(stream, service));
        let ceased = tokio::select! {
            ended = poll_fn(|context| streams.poll_with(connection.as_mut(), context)) => {
                return self.note_end(ended.err().as_deref(), &activity);
            }
            () = shutdown.requested() => None,
            () = sleep(limits.connection_age) => None,
            cease = activity.ceases(limits) => Some(cease),
        };
        let left = self.note_cease(ceased);
        connection.as_mut().graceful_shutdown();
        // What is not done by then is dropped with the connection.
        let ended = poll_fn(|context| streams.poll_with(connection.as_mut(), context));
        let _ = timeout(left, ended).await;
    }

    /// Responds at once where that can be; the rest waits.
    fn respond(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
        activity: &Arc<Activity>,
    ) -> Answering {
        activity.begin(request.version());
        let asked = Asked {
            kind: self.kind,
            method: HttpMethod::from(request.method()),
            version: request.version(),
        };
        if activity.is_behind() {
            let (this, activity) = (Arc::clone(self), Arc::clone(activity));
            let queued = activity.queue();
            return Answering::waiting(async move {
                let turn = queued.turn().await;
                let (responding, leftover) = this.begin(request, peer, asked);
                let open = activity.open();
                let response = this.wait(responding, leftover, asked, &activity).await;
                drop((open, turn));
                response
            });
        }
        let (responding, mut leftover) = self.begin(request, peer, asked);
        match responding {
            Responding::Ready(response) if leftover.as_mut().is_none_or(Leftover::is_nothing) => {
                Answering::Ready(Some(self.count(response, asked, activity)))
            }
            responding => {
                let (this, activity) = (Arc::clone(self), Arc::clone(activity));
                // Those that come with it are answered after it.
                let queued = matches!(responding, Responding::Lengthy(_)).then(|| activity.queue());
                let open = activity.open();
                Answering::waiting(async move {
                    let turn = match &queued {
                        Some(queued) => Some(queued.turn().await),
                        None => None,
                    };
                    let response = this.wait(responding, leftover, asked, &activity).await;
                    drop((open, turn));
                    response
                })
            }
        }
    }

    /// Begins to answer a request, if its client may ask.
    fn begin(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
        asked: Asked,
    ) -> (Responding, Option<Leftover>) {
        let (client, judged) = self.judge(request.headers(), peer);
        let (request, leftover) = borrowed(request);
        let responding = match judged {
            Err(refusal) => {
                drop(request);
                Responding::ready(refused(refusal, asked.method))
            }
            Ok(()) => {
                let begun = AssertUnwindSafe(|| self.responder.respond(request, client));
                catch_unwind(begun).unwrap_or_else(|_| Responding::ready(self.failed()))
            }
        };
        (responding, leftover)
    }

    /// Waits for the response, and then for what is left of the request.
    async fn wait(
        &self,
        mut responding: Responding,
        leftover: Option<Leftover>,
        asked: Asked,
        activity: &Arc<Activity>,
    ) -> Response<Taken> {
        let response = loop {
            responding = match responding {
                Responding::Ready(response) => break response,
                Responding::Waiting(waiting) => {
                    let waited = AssertUnwindSafe(waiting).catch_unwind().await;
                    waited.unwrap_or_else(|_| Responding::ready(self.failed()))
                }
                Responding::Lengthy(work) => {
                    let made = self.workshop.make(work).await;
                    Responding::ready(made.unwrap_or_else(|_| self.failed()))
                }
            };
        };
        if let Some(leftover) = leftover {
            // Past the time it is as if nobody had read it.
            let _ = timeout(self.shared.limits.http_body, leftover.read()).await;
        }
        self.count(response, asked, activity)
    }

    /// Counts a response, and what its client has to take; 503 when there is no room for more.
    fn count(&self, response: Response, asked: Asked, activity: &Activity) -> Response<Taken> {
        let account = &activity.tenure().account;
        let response = Taken::counted(response, account).unwrap_or_else(|Overdrawn| {
            if account.held() >= OWN_OCTETS {
                activity.overdraw();
            }
            Taken::uncounted(Problem::untaken().into_response())
        });
        asked.count(&self.shared, response.status());
        response
    }

    /// The response for a panic.
    fn failed(&self) -> Response {
        count(&self.shared.counters.panics);
        Problem::internal().into_response()
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

    fn note_end(&self, error: Option<&(dyn Error + Send + Sync + 'static)>, activity: &Activity) {
        let counters = self.shared.counters.connections(self.kind);
        match error.and_then(|error| error.downcast_ref::<hyper::Error>()) {
            _ if activity.has_stalled() => count(&counters.untaken),
            Some(error) if error.is_timeout() => count(&counters.timed_out),
            Some(error) if error.is_parse() => count(&counters.malformed),
            _ => {}
        }
    }

    /// Counts why a connection is to end; tells how long what is under way may take.
    fn note_cease(&self, ceased: Option<Cease>) -> Duration {
        let (limits, counters) = (
            &self.shared.limits,
            self.shared.counters.connections(self.kind),
        );
        match ceased {
            None => limits.drain,
            Some(Cease::Idle) => {
                count(&counters.timed_out);
                limits.linger
            }
            // There is nothing to wait for but what did not come.
            Some(Cease::Late) => {
                count(&counters.timed_out);
                Duration::ZERO
            }
            Some(Cease::Untaken) => {
                count(&counters.untaken);
                limits.linger
            }
        }
    }
}

fn builder(limits: &Limits, arrivals: Arrivals) -> Builder<Arrivals> {
    let header_octets = usize::try_from(limits.http_header_octets).unwrap_or(usize::MAX);
    let mut builder = Builder::new(arrivals);
    builder
        .http1()
        // Without a timer hyper's times do nothing.
        .timer(TokioTimer::new())
        // It counts while nothing is asked: `Activity` knows the difference.
        .header_read_timeout(None)
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
