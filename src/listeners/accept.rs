//! Accepts connections and starts a task for each, within the limits on their number.
//!
//! The caller decides the protocol. A panic ends only its own connection. Without free file descriptors the loop
//! waits instead of spinning. At shutdown it ends once the open connections have ended.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::connections::{ConnectionHandle, ConnectionPermit, Connections};
use super::counters::{ListenerCounters, ListenerKind, count};
use super::limits::ConnectionLimits;
use super::live_server::LiveServer;
use super::proxy_header::{self, HeaderFailure};
use crate::blocking::BlockingPermits;

/// How long the loop waits when no connection can be accepted, in milliseconds, to which as much again
/// is added at random so that several listeners do not come back at once.
const EXHAUSTED_PAUSE_MILLISECONDS: u64 = 50;
/// How often at most it is logged that no connection can be accepted.
const EXHAUSTED_LOG_EVERY: Duration = Duration::from_secs(10);

/// From how much untaken on further requests of one HTTP connection wait, in octets: the usual answers of all streams
/// of a connection are less.
const HTTP_UNTAKEN_OCTETS: usize = 128 * 1024;

/// What the kernel takes of an answer before it can be sent, in octets.
const UNSENT_OCTETS: u32 = 16 * 1024;

/// What all listeners with connections share; a clone shares the same.
#[derive(Clone, Debug, Default)]
pub struct ListenerContext {
    /// What a client is allowed.
    pub limits: Arc<ConnectionLimits>,
    /// What is counted.
    pub counters: Arc<ListenerCounters>,
    /// The connections that are open, but for those of the operator's pages.
    pub connections: Connections,
    /// Those of the operator's pages.
    pub admin_connections: Connections,
    /// What is the same in all answers.
    pub server: LiveServer,
    /// Long JSON is rendered with these, so that all listeners together leave half of the cores to others.
    pub blocking: BlockingPermits,
}

/// Accepts until `shutdown`, then waits for what is open, at most for the limit's time.
///
/// # Errors
/// A listener that the runtime cannot take.
pub(super) async fn run<Serve, Served>(
    listener: std::net::TcpListener,
    kind: ListenerKind,
    shared: &ListenerContext,
    shutdown: CancellationToken,
    serve: Serve,
) -> io::Result<()>
where
    Serve: Fn(TcpStream, SocketAddr, ConnectionHandle) -> Served,
    Served: Future<Output = ()> + Send + 'static,
{
    listener.set_nonblocking(true)?;
    // Connections have both from their listener. What is written is a whole answer each time.
    let socket = SockRef::from(&listener);
    socket.set_tcp_nodelay(true)?;
    // Else the kernel takes some MiB ahead, and then nothing for so long that a slow client seems to take nothing.
    socket.set_tcp_notsent_lowat(UNSENT_OCTETS)?;
    let listener = TcpListener::from_std(listener)?;
    let (mut arriving, mut open) = (JoinSet::new(), JoinSet::new());
    let mut exhausted = Exhausted::default();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = open.join_next() => note_end(ended, &shared.counters),
            accepted = exhausted.accept(&listener, &shared.counters) => {
                let Some((stream, peer)) = accepted else { continue };
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                let Some(place) = admit(kind, shared).await else { continue };
                if shared.server.now().clients.introduces(peer.ip(), kind) {
                    arriving.spawn(introduce(stream, peer, place, kind, shared.clone()));
                } else if let Some(place) = settle(place, peer.ip(), kind, shared) {
                    let served = serve(stream, peer, connection_handle(&place, kind, shared));
                    open.spawn(hold(place, served, kind, shared.clone()));
                }
            }
            Some(arrived) = arriving.join_next() => {
                if let Ok(Some(Arrived { stream, client, place })) = arrived {
                    let served = serve(stream, client, connection_handle(&place, kind, shared));
                    open.spawn(hold(place, served, kind, shared.clone()));
                }
            }
        }
    }
    drop(listener);
    drain(open, shared).await;
    Ok(())
}

/// Gives a connection its place; it is closed when it gets none.
async fn admit(kind: ListenerKind, shared: &ListenerContext) -> Option<ConnectionPermit> {
    let limits = &shared.limits;
    let (connections, most) = match kind {
        ListenerKind::Admin => (&shared.admin_connections, limits.admin_connections),
        _ => (&shared.connections, limits.connections),
    };
    let place = connections.enter_soon(most).await;
    if place.is_none() {
        count(&shared.counters.connections(kind).refused);
    }
    place
}

/// Counts a connection as its client's; it is closed when that has too many.
///
/// A proxy's are counted as nobody's: they are those of many clients.
fn settle(
    mut place: ConnectionPermit,
    client: IpAddr,
    kind: ListenerKind,
    shared: &ListenerContext,
) -> Option<ConnectionPermit> {
    let counters = shared.counters.connections(kind);
    let most = match kind {
        // The operator is one client, often on the address of others.
        ListenerKind::Admin => usize::MAX,
        _ => shared.limits.connections_per_client,
    };
    let settled = shared.server.now().clients.trust(client) || place.belongs_to(client, most);
    count(if settled {
        &counters.accepted
    } else {
        &counters.refused
    });
    settled.then_some(place)
}

/// What a connection is to the others.
fn connection_handle(
    place: &ConnectionPermit,
    kind: ListenerKind,
    shared: &ListenerContext,
) -> ConnectionHandle {
    let limits = &shared.limits;
    let most = match kind {
        ListenerKind::Tcp | ListenerKind::Dot => limits.unwritten_octets,
        ListenerKind::Http | ListenerKind::Https | ListenerKind::Admin => HTTP_UNTAKEN_OCTETS,
    };
    place.connection_handle(limits, most)
}

/// A connection of which is known for whom it is.
struct Arrived {
    stream: TcpStream,
    client: SocketAddr,
    place: ConnectionPermit,
}

/// Has a proxy say for whom it speaks; the connection is closed when it does not.
async fn introduce(
    mut stream: TcpStream,
    peer: SocketAddr,
    place: ConnectionPermit,
    kind: ListenerKind,
    shared: ListenerContext,
) -> Option<Arrived> {
    let (counters, activity) = (shared.counters.connections(kind), place.activity());
    let taken = tokio::select! {
        taken = proxy_header::take(&mut stream, shared.limits.handshake) => taken,
        () = activity.leaves() => {
            count(&counters.made_room);
            return None;
        }
    };
    let client = match taken {
        // The port that the client had is not asked of the proxy.
        Ok(client) => client.map_or(peer, |client| (client.to_canonical(), 0).into()),
        Err(failure) => {
            match failure {
                HeaderFailure::TimedOut => count(&counters.timed_out),
                HeaderFailure::Malformed => count(&counters.malformed),
                HeaderFailure::Closed => {}
            }
            return None;
        }
    };
    let place = settle(place, client.ip(), kind, &shared)?;
    Some(Arrived {
        stream,
        client,
        place,
    })
}

/// Serves a connection until it ends, or is to make room for another one.
async fn hold(
    place: ConnectionPermit,
    served: impl Future<Output = ()>,
    kind: ListenerKind,
    shared: ListenerContext,
) {
    let activity = place.activity();
    tokio::select! {
        () = served => {}
        () = activity.leaves() => count(&shared.counters.connections(kind).made_room),
    }
    drop(place);
}

async fn drain(mut open: JoinSet<()>, shared: &ListenerContext) {
    let all_ended = async {
        while let Some(ended) = open.join_next().await {
            note_end(ended, &shared.counters);
        }
    };
    // Past the time, dropping the set ends the rest.
    let _ = timeout(shared.limits.drain, all_ended).await;
}

fn note_end(ended: Result<(), JoinError>, counters: &ListenerCounters) {
    if ended.is_err_and(|error| error.is_panic()) {
        count(&counters.panics);
    }
}

/// Accepts, and knows when it was last said that nothing can be accepted.
#[derive(Default)]
struct Exhausted {
    logged: Option<Instant>,
    /// Nothing is accepted before.
    paused_until: Option<Instant>,
}

impl Exhausted {
    /// Accepts a connection; none after a failure, of which it is known whether waiting helps.
    async fn accept(
        &mut self,
        listener: &TcpListener,
        counters: &ListenerCounters,
    ) -> Option<(TcpStream, SocketAddr)> {
        // What ends meanwhile calls this anew, and is no reason to try earlier.
        if let Some(until) = self.paused_until {
            sleep_until(until).await;
            self.paused_until = None;
        }
        let error = match listener.accept().await {
            Ok(accepted) => return Some(accepted),
            Err(error) => error,
        };
        if is_of_one_connection(&error) {
            return None;
        }
        count(&counters.accept_failures);
        if self
            .logged
            .is_none_or(|logged| logged.elapsed() >= EXHAUSTED_LOG_EVERY)
        {
            self.logged = Some(Instant::now());
            tracing::error!(%error, "no connection can be accepted, trying again");
        }
        let spread = rand::random_range(0..=EXHAUSTED_PAUSE_MILLISECONDS);
        let pause = Duration::from_millis(EXHAUSTED_PAUSE_MILLISECONDS + spread);
        self.paused_until = Some(Instant::now() + pause);
        None
    }
}

/// Whether only the connection failed that was to be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
