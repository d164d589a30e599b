//! One HTTP connection: its limits and timeouts, and how it ends.
//!
//! Floor 4. hyper reads and writes, the listener's service answers; this decides when to close.

use std::error::Error;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::Layer as _;

use super::super::accept::ListenerContext;
use super::super::connections::ConnectionHandle;
use super::super::counters::{ListenerKind, count};
use super::super::limits::ConnectionLimits;
use super::activity::{Activity, CloseReason};
use super::answering::Requests;
use super::connection_io::ConnectionIo;
use super::drain::{Drain, DrainLayer};
use super::router::HttpService;
use super::streams::{StreamExecutor, Streams};

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
pub(super) struct HttpConnections<S> {
    service: Drain<S>,
    kind: ListenerKind,
    shared: Arc<ListenerContext>,
}

impl<S: HttpService> HttpConnections<S> {
    pub(super) fn new(service: S, kind: ListenerKind, shared: ListenerContext) -> Self {
        Self {
            service: DrainLayer(shared.limits.http_body).layer(service),
            kind,
            shared: Arc::new(shared),
        }
    }

    /// Serves one connection until it ends, or has to.
    pub(super) async fn serve<Stream>(
        self: Arc<Self>,
        stream: Stream,
        client: SocketAddr,
        connection_handle: ConnectionHandle,
        shutdown: CancellationToken,
    ) where
        Stream: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let limits = &self.shared.limits;
        let activity = Activity::new(connection_handle, Arc::clone(&self.shared));
        let activity = Arc::new(activity);
        let requests = Requests::new(
            self.service.clone(),
            self.kind,
            client,
            Arc::clone(&activity),
        );
        let requests = Arc::new(requests);
        let service = service_fn(|request| requests.answer(request));
        let arrivals = StreamExecutor::default();
        let (builder, mut streams) = (builder(limits, arrivals.clone()), Streams::new(arrivals));
        let stream = TokioIo::new(ConnectionIo::new(stream, Arc::clone(&activity), limits));
        let mut connection = pin!(builder.serve_connection(stream, service));
        let ceased = tokio::select! {
            ended = poll_fn(|context| streams.poll_with(connection.as_mut(), context)) => {
                return self.note_end(ended.err().as_deref(), &activity);
            }
            () = activity.leaves(&shutdown) => None,
            () = sleep(limits.connection_age) => None,
            cease = activity.closed_for(limits) => Some(cease),
        };
        let left = self.note_cease(ceased);
        connection.as_mut().graceful_shutdown();
        // What is not done by then is dropped with the connection.
        let ended = poll_fn(|context| streams.poll_with(connection.as_mut(), context));
        let _ = timeout(left, ended).await;
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
    fn note_cease(&self, ceased: Option<CloseReason>) -> Duration {
        let (limits, counters) = (
            &self.shared.limits,
            self.shared.counters.connections(self.kind),
        );
        match ceased {
            None => limits.drain,
            Some(CloseReason::Idle) => {
                count(&counters.timed_out);
                limits.linger
            }
            // There is nothing to wait for but what did not come.
            Some(CloseReason::Late) => {
                count(&counters.timed_out);
                Duration::ZERO
            }
            Some(CloseReason::Untaken) => {
                count(&counters.untaken);
                limits.linger
            }
        }
    }
}

fn builder(limits: &ConnectionLimits, arrivals: StreamExecutor) -> Builder<StreamExecutor> {
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
