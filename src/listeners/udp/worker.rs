//! The loop of one UDP worker, on its thread: receives a batch, answers what is ready, and sends the answers.
//!
//! Floor 4. Queries that have to wait go to tokio through a bounded queue.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::super::exchange::{Exchange, Exchanged, PendingAnswer};
use super::batch::{self, Batch, Peer, ReceiveMode};
use super::failing::SocketErrors;
use super::pulse::Pulse;
use super::{UdpCounters, UdpLimits, UdpRuntimes};
use crate::layers::{ForwardedNames, Stack};

/// How often a worker that stops looks whether what still waits has been answered.
const DRAIN_INTERVAL: Duration = Duration::from_millis(5);
/// What nearly all answers fit in, so that the buffer of one that waited does not grow piece by piece.
const USUAL_OCTETS: usize = 512;

/// What answers the messages of one socket.
pub(super) struct Worker<S: Stack> {
    pub(super) socket: Arc<UdpSocket>,
    pub(super) own: SocketAddr,
    pub(super) name: String,
    pub(super) exchange: Exchange<S>,
    pub(super) waiting: Arc<Semaphore>,
    pub(super) forwarded_waiting: Arc<Semaphore>,
    pub(super) forwarded: ForwardedNames,
    pub(super) counters: Arc<UdpCounters>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) pulse: Arc<Pulse>,
    /// The last time that the pulse was answered.
    pub(super) felt: u64,
    pub(super) failing: SocketErrors,
    pub(super) limits: UdpLimits,
    pub(super) runtimes: UdpRuntimes,
}

impl<S: Stack> Worker<S> {
    /// Answers until it is told to stop, and then what has come until then.
    pub(super) fn work(&mut self, batch: &mut Batch) {
        while !self.stop.load(Ordering::Relaxed) {
            self.guarded(|worker| worker.run(batch));
        }
        self.guarded(|worker| worker.drain(batch));
    }

    /// Has a panic cost the batch that it came from, never the worker.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.counters.panics.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn run(&mut self, batch: &mut Batch) {
        // Timers of queries that wait are made where they are first polled: here.
        let runtime = self.runtimes.own.clone();
        let _entered = runtime.enter();
        while !self.stop.load(Ordering::Relaxed) {
            match batch.receive(&self.socket, ReceiveMode::ForOne) {
                Ok(()) => self.answer(batch),
                Err(error) if is_idle(&error) => {}
                Err(error) => {
                    self.pause(&error);
                    continue;
                }
            }
            self.failing.works(&self.name);
            if let Some(number) = self.pulse.is_asked(self.felt) {
                self.felt = number;
                if self.exchange.answers_itself() {
                    self.pulse.answer(number);
                }
            }
        }
    }

    /// Answers what has come and what waits: what is in the socket when it is closed is lost.
    fn drain(&mut self, batch: &mut Batch) {
        let runtime = self.runtimes.own.clone();
        let _entered = runtime.enter();
        let begun = Instant::now();
        loop {
            match batch.receive(&self.socket, ReceiveMode::ForNone) {
                Ok(()) => self.answer(batch),
                Err(_) if !self.has_waiting() => return,
                Err(_) => std::thread::sleep(DRAIN_INTERVAL),
            }
            if begun.elapsed() >= self.limits.drain {
                return;
            }
        }
    }

    fn has_waiting(&self) -> bool {
        self.waiting.available_permits() < self.limits.waiting
            || self.forwarded_waiting.available_permits() < self.limits.forwarded_waiting
    }

    fn pause(&mut self, error: &io::Error) {
        self.counters.errors.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(self.failing.failed(&self.name, error));
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
            self.exchange.asked_from(client.port());
            match self.exchange.begin(message, Some(ip), out) {
                // There are no transfers over UDP but those that are answered.
                Exchanged::Answered(_) | Exchanged::Transfer(_) => {}
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

    fn hand_over(&self, waiting: PendingAnswer<S::Future>, peer: Peer) {
        let (room, runtime) = match self.forwarded.has(waiting.query()) {
            true => (&self.forwarded_waiting, &self.runtimes.forwarding),
            false => (&self.waiting, &self.runtimes.own),
        };
        let Ok(permit) = Arc::clone(room).try_acquire_owned() else {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let (socket, counters) = (Arc::clone(&self.socket), Arc::clone(&self.counters));
        runtime.spawn(async move {
            let mut out = Vec::with_capacity(USUAL_OCTETS);
            waiting.finish(&mut out).await;
            if !out.is_empty() && batch::send_one(&socket, &out, &peer).is_err() {
                counters.unsent.fetch_add(1, Ordering::Relaxed);
            }
            drop(permit);
        });
    }
}

/// Whether an answer to this address can reach a client: not port 0, and not ourselves.
fn may_answer(client: SocketAddr, own: SocketAddr) -> bool {
    client.port() != 0 && client != own
}

fn is_idle(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
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
            assert_eq!(may_answer(client, own), expected, "{client}");
        }
    }
}
