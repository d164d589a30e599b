//! Plain DNS over UDP: a thread for each worker, with its own socket and buffers.
//!
//! A worker receives a batch of messages, answers those that are ready and sends the answers in one call. Queries
//! that have to wait go to tokio through a bounded queue, so nothing slow delays a cache hit.

mod batch;
mod failing;
mod pulse;
mod socket;
mod worker;

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use self::batch::Batch;
use self::failing::SocketErrors;
pub use self::pulse::Pulse;
use self::socket::Drops;
pub use self::socket::{Buffers, bind, bind_beside};
use self::worker::Worker;
use super::exchange::Exchange;
use super::live_server::LiveServer;
use crate::dns::Transport;
use crate::layers::{ForwardedNames, Stack};

/// How often an idle worker looks whether it is to stop, or is asked whether it answers.
const STOP_INTERVAL: Duration = Duration::from_millis(200);

/// The bounds of a UDP worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpLimits {
    /// How many messages are taken from the kernel at once.
    pub batch: usize,
    /// How many queries of one worker may wait in tokio at once, but for those that are forwarded.
    pub waiting: usize,
    /// How many of those that are forwarded: an upstream that does not answer takes no room of others.
    pub forwarded_waiting: usize,
    /// The room that its socket is to have.
    pub buffers: Buffers,
    /// How long queries that wait may take to be answered once it stops.
    pub drain: Duration,
}

/// Where queries wait that a worker cannot answer at once.
#[derive(Clone, Debug)]
pub struct UdpRuntimes {
    /// For the cluster's names.
    pub own: Handle,
    /// For those that are forwarded: its threads may have a lower priority.
    pub forwarding: Handle,
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
    /// Errors of sockets that nothing could be received from.
    pub errors: AtomicU64,
    /// Panics that were caught.
    pub panics: AtomicU64,
    drops: Drops,
}

/// A running worker.
#[derive(Debug)]
pub struct UdpWorker {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    pulse: Arc<Pulse>,
    buffers: Buffers,
}

impl Default for UdpLimits {
    fn default() -> Self {
        Self {
            batch: 32,
            waiting: 1024,
            forwarded_waiting: 16_384,
            buffers: Buffers {
                receive_octets: 4 << 20,
                send_octets: 4 << 20,
            },
            drain: Duration::from_secs(5),
        }
    }
}

impl UdpCounters {
    /// Messages that the kernel dropped before a worker took them, most of them since its buffer was full.
    pub fn kernel_drops(&self) -> u64 {
        self.drops.total()
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
        forwarded: ForwardedNames,
        server: impl Into<LiveServer>,
        limits: UdpLimits,
        counters: Arc<UdpCounters>,
        runtimes: UdpRuntimes,
    ) -> io::Result<Self> {
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(STOP_INTERVAL))?;
        batch::ask_for_local_address(&socket)?;
        socket::ignore_path_mtu(&socket)?;
        let buffers = limits.buffers.set(&socket)?;
        let own = socket.local_addr()?;
        let (stop, pulse) = (Arc::<AtomicBool>::default(), Arc::new(Pulse::new()));
        let server = server.into();
        let answer_octets = server.bounds.udp_octets.into();
        let mut worker = Worker {
            own,
            name: format!("udp-{}", own.port()),
            socket: Arc::new(socket),
            exchange: Exchange::live(stack, Transport::Udp, server),
            waiting: Arc::new(Semaphore::new(limits.waiting)),
            forwarded_waiting: Arc::new(Semaphore::new(limits.forwarded_waiting)),
            forwarded,
            limits,
            counters,
            stop: Arc::clone(&stop),
            pulse: Arc::clone(&pulse),
            felt: 0,
            failing: SocketErrors::default(),
            runtimes,
        };
        worker.counters.drops.watch(&worker.socket);
        let thread = std::thread::Builder::new().name(worker.name.clone());
        let thread = thread.spawn(move || {
            worker.work(&mut Batch::new(limits.batch.max(1), answer_octets));
        })?;
        Ok(Self {
            thread,
            stop,
            pulse,
            buffers,
        })
    }

    /// The room that the kernel gave its socket.
    pub fn buffers(&self) -> Buffers {
        self.buffers
    }

    /// What asks it whether it answers.
    pub fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    /// Tells the worker to stop once all that has come is answered.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Waits for the worker's end: after `stop` about `STOP_INTERVAL`, and what waits may take `UdpLimits::drain`.
    pub fn join(self) {
        self.stop();
        // A worker catches its panics, so there is no result to look at.
        drop(self.thread.join());
    }
}
