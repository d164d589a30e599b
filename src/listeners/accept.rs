//! Accepts connections and gives each a task of its own, within the limits on their number.
//!
//! What a connection speaks is the caller's. A connection that panics ends alone; running out of file
//! descriptors makes the loop wait, not spin; a shutdown ends it once the open connections have ended.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use super::connections::{Connections, Place};
use super::counters::{Counters, ListenerKind, count};
use super::limits::Limits;
use super::server::Server;
use super::shutdown::Shutdown;

/// How long the loop waits when no connection can be accepted, in milliseconds, to which as much again
/// is added at random so that several listeners do not come back at once.
const EXHAUSTED_PAUSE_MILLISECONDS: u64 = 50;
/// How often at most it is logged that no connection can be accepted.
const EXHAUSTED_LOG_EVERY: Duration = Duration::from_secs(10);

/// What all listeners with connections share; a clone shares the same.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    /// What a client is allowed.
    pub limits: Arc<Limits>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// The connections that are open.
    pub connections: Connections,
    /// What is the same in all answers.
    pub server: Arc<Server>,
}

/// Accepts until `shutdown`, then waits for what is open, at most for the limit's time.
///
/// # Errors
/// A listener that the runtime cannot take.
pub(super) async fn run<Serve, Served>(
    listener: std::net::TcpListener,
    kind: ListenerKind,
    shared: &Shared,
    mut shutdown: Shutdown,
    serve: Serve,
) -> io::Result<()>
where
    Serve: Fn(TcpStream, IpAddr) -> Served,
    Served: Future<Output = ()> + Send + 'static,
{
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let mut open = JoinSet::new();
    let mut exhausted = Exhausted::default();
    loop {
        tokio::select! {
            () = shutdown.requested() => break,
            Some(ended) = open.join_next() => note_end(ended, &shared.counters),
            accepted = exhausted.accept(&listener, &shared.counters) => {
                let Some((stream, client)) = accepted else { continue };
                if let Some(place) = admit(client.ip(), kind, shared) {
                    open.spawn(hold(place, serve(prepare(stream), client.ip().to_canonical())));
                }
            }
        }
    }
    drop(listener);
    drain(open, shared).await;
    Ok(())
}

/// Gives a connection its place; the connection is closed when it gets none.
fn admit(client: IpAddr, kind: ListenerKind, shared: &Shared) -> Option<Place> {
    let (limits, counters) = (&shared.limits, shared.counters.connections(kind));
    let place = shared
        .connections
        .enter(client, limits.connections, limits.connections_per_client);
    count(if place.is_some() {
        &counters.accepted
    } else {
        &counters.refused
    });
    place
}

fn prepare(stream: TcpStream) -> TcpStream {
    // What is written is a whole answer each time. A failure costs only time.
    let _ = stream.set_nodelay(true);
    stream
}

async fn hold(place: Place, served: impl Future<Output = ()>) {
    served.await;
    drop(place);
}

async fn drain(mut open: JoinSet<()>, shared: &Shared) {
    let all_ended = async {
        while let Some(ended) = open.join_next().await {
            note_end(ended, &shared.counters);
        }
    };
    // Past the time, dropping the set ends the rest.
    let _ = timeout(shared.limits.drain, all_ended).await;
}

fn note_end(ended: Result<(), JoinError>, counters: &Counters) {
    if ended.is_err_and(|error| error.is_panic()) {
        count(&counters.panics);
    }
}

/// Accepts, and knows when it was last said that nothing can be accepted.
#[derive(Default)]
struct Exhausted {
    logged: Option<Instant>,
}

impl Exhausted {
    /// Accepts a connection; none after a failure, of which it is known whether waiting helps.
    async fn accept(
        &mut self,
        listener: &TcpListener,
        counters: &Counters,
    ) -> Option<(TcpStream, SocketAddr)> {
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
        sleep(Duration::from_millis(EXHAUSTED_PAUSE_MILLISECONDS + spread)).await;
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
