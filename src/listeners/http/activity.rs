//! The state of one HTTP connection, and when to close it: without a request, with an incomplete one, or with
//! responses that the client does not receive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use http::Version;
use tokio::sync::{Mutex, MutexGuard, Notify};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::accept::ListenerContext;
use super::super::connections::ConnectionHandle;
use super::super::limits::{ConnectionLimits, FIRST_QUERY_WITHIN};

/// What is under way on a connection.
#[derive(Debug)]
pub(super) struct Activity {
    connection_handle: ConnectionHandle,
    context: Arc<ListenerContext>,
    begun: AtomicU64,
    first: Notify,
    /// Whether octets came that became no request yet, over HTTP/1.1.
    incoming: AtomicBool,
    is_http_2: AtomicBool,
    /// Responses without an end that are sent now.
    live: AtomicUsize,
    /// Whether the client took nothing of what is written for as long as it may.
    stalled: AtomicBool,
    /// Requests that are answered one after the other.
    queued: AtomicUsize,
    turn: Mutex<()>,
    exceeded: Notify,
}

/// A response without an end, such as a stream of events; its connection is not idle meanwhile.
pub(super) struct LiveResponse {
    open: OpenRequest,
}

/// A request that waits for its response.
pub(super) struct OpenRequest(Arc<Activity>);

/// A request that is answered when it is its turn.
pub(super) struct Queued(Arc<Activity>);

/// Why a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// No request came for the idle time.
    Idle,
    /// A request, or the first one, was not there whole in time.
    Late,
    /// Responses were not taken in time, or there is no room for more of them.
    Untaken,
}

impl Activity {
    pub(super) fn new(connection_handle: ConnectionHandle, context: Arc<ListenerContext>) -> Self {
        Self {
            connection_handle,
            context,
            begun: AtomicU64::new(0),
            first: Notify::new(),
            incoming: AtomicBool::new(false),
            is_http_2: AtomicBool::new(false),
            live: AtomicUsize::new(0),
            stalled: AtomicBool::new(false),
            queued: AtomicUsize::new(0),
            turn: Mutex::new(()),
            exceeded: Notify::new(),
        }
    }

    /// What the connection shares with all others.
    pub(super) fn context(&self) -> &ListenerContext {
        &self.context
    }

    pub(super) fn connection_handle(&self) -> &ConnectionHandle {
        &self.connection_handle
    }

    /// Notes that a request has begun.
    pub(super) fn begin(&self, version: Version) {
        if self.begun.fetch_add(1, Ordering::Relaxed) == 0 {
            self.first.notify_one();
        }
        self.incoming.store(false, Ordering::Relaxed);
        if version == Version::HTTP_2 {
            self.is_http_2.store(true, Ordering::Relaxed);
        }
        self.connection_handle.activity.is_active_at(Instant::now());
    }

    /// Notes that a request waits for its response.
    pub(super) fn open(self: &Arc<Self>) -> OpenRequest {
        self.connection_handle.activity.begins_to_wait();
        OpenRequest(Arc::clone(self))
    }

    /// Notes that a response without an end begins.
    pub(super) fn begin_live(self: &Arc<Self>) -> LiveResponse {
        self.live.fetch_add(1, Ordering::Relaxed);
        LiveResponse { open: self.open() }
    }

    /// Whether a response without an end is sent over HTTP/1.1, where only the end of the connection ends it.
    pub(super) fn is_live(&self) -> bool {
        self.live.load(Ordering::Relaxed) > 0 && !self.is_http_2.load(Ordering::Relaxed)
    }

    /// Whether a request has to wait for its turn: for those before it, or for the client to take what is there.
    pub(super) fn is_behind(&self) -> bool {
        self.queued.load(Ordering::Relaxed) > 0 || !self.connection_handle.write_budget.has_room()
    }

    /// Has requests wait for this one.
    pub(super) fn queue(self: &Arc<Self>) -> Queued {
        self.queued.fetch_add(1, Ordering::Relaxed);
        Queued(Arc::clone(self))
    }

    /// Notes that octets came.
    pub(super) fn receive(&self) {
        self.incoming.store(true, Ordering::Relaxed);
    }

    /// Notes that nothing is taken of what is written.
    pub(super) fn stall(&self) {
        self.stalled.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }

    /// Ends the connection, which has too much untaken.
    pub(super) fn overdraw(&self) {
        self.exceeded.notify_one();
    }

    /// Returns when the gateway ends, but not before the first request: a client that has only just connected is about to
    /// ask, and closed now, it would get no response.
    pub(super) async fn leaves(&self, shutdown: &CancellationToken) {
        shutdown.cancelled().await;
        if self.begun.load(Ordering::Relaxed) == 0 {
            let _ = timeout(FIRST_QUERY_WITHIN, self.first.notified()).await;
        }
    }

    /// Returns when it is enough.
    pub(super) async fn closed_for(&self, limits: &ConnectionLimits) -> CloseReason {
        tokio::select! {
            cease = self.quiet(limits) => cease,
            () = self.connection_handle.write_budget.overdue() => CloseReason::Untaken,
            () = self.exceeded.notified() => CloseReason::Untaken,
        }
    }

    /// Returns when no request comes in time.
    ///
    /// It looks now and then, so that a request costs no timer; it can take up to two of the times.
    async fn quiet(&self, limits: &ConnectionLimits) -> CloseReason {
        let (mut seen, mut wait) = (0, limits.http_headers);
        let (mut idle, mut incoming) = (Duration::ZERO, Duration::ZERO);
        loop {
            sleep(wait).await;
            let begun = self.begun.load(Ordering::Relaxed);
            let is_under_way = self.connection_handle.activity.is_waiting()
                || self.connection_handle.write_budget.held() > 0;
            if begun != seen || is_under_way {
                (seen, wait) = (begun, limits.http_headers.min(limits.http_idle));
                (idle, incoming) = (Duration::ZERO, Duration::ZERO);
                continue;
            }
            idle += wait;
            if self.is_half_there() {
                incoming += wait;
            }
            if begun == 0 || incoming >= limits.http_headers {
                return CloseReason::Late;
            }
            if idle >= limits.http_idle {
                return CloseReason::Idle;
            }
        }
    }

    /// Whether octets came that may be the beginning of a request; over HTTP/2 other frames come too.
    fn is_half_there(&self) -> bool {
        self.incoming.load(Ordering::Relaxed) && !self.is_http_2.load(Ordering::Relaxed)
    }
}

impl Queued {
    /// Waits for its turn, and for the client to take what is there.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        let turn = self.0.turn.lock().await;
        self.0.connection_handle.write_budget.room().await;
        turn
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for LiveResponse {
    fn drop(&mut self) {
        self.open.0.live.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        // What came up to now may be the body of the request that is answered.
        self.0.incoming.store(false, Ordering::Relaxed);
        self.0.connection_handle.activity.ceases_to_wait();
        self.0
            .connection_handle
            .activity
            .is_active_at(Instant::now());
    }
}
