//! Plain DNS over UDP: a thread for each worker, with a socket and buffers of its own.
//!
//! A worker takes a batch of messages, answers those that are ready and sends the answers in one call.
//! What has to wait goes to tokio through a bounded queue, so nothing slow stops a hit.

mod batch;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use self::batch::{Batch, Peer};
use super::exchange::{Exchange, Exchanged, Waiting};
use super::server::Server;
use crate::dns::Transport;
use crate::layers::Stack;

/// How often an idle worker looks whether it is to stop.
const STOP_INTERVAL: Duration = Duration::from_millis(200);

/// The bounds of a UDP worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpLimits {
    /// How many messages are taken from the kernel at once.
    pub batch: usize,
    /// How many queries of one worker may wait in tokio at once.
    pub waiting: usize,
}

/// What UDP workers count, all together: none of it happens on the usual way.
#[derive(Debug, Default)]
pub struct UdpCounters {
    /// Messages that were no queries: too short, responses, from port 0.
    pub ignored: AtomicU64,
    /// Queries dropped because too many waited.
    pub dropped: AtomicU64,
    /// Answers that the kernel did not take.
    pub unsent: AtomicU64,
    /// Panics that were caught.
    pub panics: AtomicU64,
}

/// A running worker.
#[derive(Debug)]
pub struct UdpWorker {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Default for UdpLimits {
    fn default() -> Self {
        Self {
            batch: 32,
            waiting: 1024,
        }
    }
}

impl UdpWorker {
    /// Starts a worker on a bound socket.
    ///
    /// # Errors
    /// A socket that cannot be set up, or no more threads.
    pub fn start<S: Stack>(
        socket: UdpSocket,
        stack: S,
        server: Arc<Server>,
        limits: UdpLimits,
        counters: Arc<UdpCounters>,
        runtime: Handle,
    ) -> io::Result<Self> {
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(STOP_INTERVAL))?;
        batch::ask_for_local_address(&socket)?;
        let stop = Arc::new(AtomicBool::new(false));
        let answer_octets = server.bounds.udp_octets.into();
        let name = format!("udp-{}", socket.local_addr()?.port());
        let mut worker = Worker {
            own: socket.local_addr().ok(),
            socket: Arc::new(socket),
            exchange: Exchange::new(stack, Transport::Udp, server),
            waiting: Arc::new(Semaphore::new(limits.waiting)),
            counters,
            stop: Arc::clone(&stop),
            runtime,
        };
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            let mut batch = Batch::new(limits.batch.max(1), answer_octets);
            while !worker.stop.load(Ordering::Relaxed) {
                // A panic costs the batch it came from, never the worker.
                if catch_unwind(AssertUnwindSafe(|| worker.run(&mut batch))).is_err() {
                    worker.counters.panics.fetch_add(1, Ordering::Relaxed);
                }
            }
        })?;
        Ok(Self { thread, stop })
    }

    /// Tells the worker to stop after its batch.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Waits for the worker's end, at most about `STOP_INTERVAL` after `stop`.
    pub fn join(self) {
        self.stop();
        // A worker catches its panics, so there is no result to look at.
        drop(self.thread.join());
    }
}

struct Worker<S: Stack> {
    socket: Arc<UdpSocket>,
    own: Option<SocketAddr>,
    exchange: Exchange<S>,
    waiting: Arc<Semaphore>,
    counters: Arc<UdpCounters>,
    stop: Arc<AtomicBool>,
    runtime: Handle,
}

impl<S: Stack> Worker<S> {
    fn run(&mut self, batch: &mut Batch) {
        // Timers of queries that wait are made where they are first polled: here.
        let runtime = self.runtime.clone();
        let _entered = runtime.enter();
        while !self.stop.load(Ordering::Relaxed) {
            match batch.receive(&self.socket) {
                Ok(()) => self.answer(batch),
                Err(error) if is_idle(&error) => {}
                // ICMP errors of earlier answers and the like: nothing to do about them.
                Err(error) => tracing::debug!(%error, "a UDP socket gave an error"),
            }
        }
    }

    fn answer(&mut self, batch: &mut Batch) {
        let own = self.own;
        for place in 0..batch.received() {
            let (message, peer, out) = batch.slot(place);
            out.clear();
            let Some(client) = peer.address().filter(|client| may_answer(*client, own)) else {
                self.counters.ignored.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let ip = client.ip().to_canonical();
            match self.exchange.begin(message, Some(ip), out) {
                Exchanged::Answered(_) => {}
                Exchanged::Rejected(_) => {
                    self.counters.ignored.fetch_add(1, Ordering::Relaxed);
                }
                Exchanged::Waiting(waiting) => {
                    let peer = *peer;
                    self.hand_over(waiting, peer);
                }
            }
        }
        let unsent = batch.send(&self.socket);
        if unsent > 0 {
            self.counters.unsent.fetch_add(unsent, Ordering::Relaxed);
        }
    }

    fn hand_over(&self, waiting: Waiting<S::Future>, peer: Peer) {
        let Ok(permit) = Arc::clone(&self.waiting).try_acquire_owned() else {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let (socket, counters) = (Arc::clone(&self.socket), Arc::clone(&self.counters));
        self.runtime.spawn(async move {
            let mut out = Vec::new();
            waiting.finish(&mut out).await;
            if batch::send_one(&socket, &out, &peer).is_err() {
                counters.unsent.fetch_add(1, Ordering::Relaxed);
            }
            drop(permit);
        });
    }
}

/// Whether an answer to this address can reach a client: not port 0, and not ourselves.
fn may_answer(client: SocketAddr, own: Option<SocketAddr>) -> bool {
    client.port() != 0 && Some(client) != own
}

fn is_idle(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// Binds `workers` sockets to one address, the kernel sharing its messages among them.
///
/// Port 0 takes a free one, the same for all.
///
/// # Errors
/// An address that is in use, even by another gateway, or that is not this machine's.
pub fn bind(address: SocketAddr, workers: usize) -> io::Result<Vec<UdpSocket>> {
    let open = |address: SocketAddr, share: bool| -> io::Result<UdpSocket> {
        let domain = socket2::Domain::for_address(address);
        let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_reuse_port(share)?;
        socket.bind(&address.into())?;
        Ok(socket.into())
    };
    // Sockets that share would share with another process too: the first asks for the address alone.
    let alone = open(address, false)?;
    let address = alone.local_addr()?;
    drop(alone);
    (0..workers.max(1)).map(|_| open(address, true)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_port_0_nor_the_own_address_is_answered() {
        let own: SocketAddr = "127.0.0.1:1053".parse().unwrap();
        for (client, expected) in [
            ("127.0.0.1:0", false),
            ("[::1]:0", false),
            ("127.0.0.1:1053", false),
            ("127.0.0.1:1054", true),
            ("127.0.0.2:1053", true),
        ] {
            let client = client.parse().unwrap();
            assert_eq!(may_answer(client, Some(own)), expected, "{client}");
        }
    }
}
