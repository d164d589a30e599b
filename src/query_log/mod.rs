//! The query log: each query with its answer, as a line or as dnstap, on standard output, in a file or sent to a collector.
//!
//! Floor 2. `listeners` records here what it has answered: a copy into a slot that is there already, or nothing when none is
//! free. A thread of its own (`writer`) makes lines of it and writes them, so a slow disk or a collector that hangs costs
//! entries and delays no answer. It is off unless a target is configured.

mod coredns;
mod dnstap;
mod entry;
mod filter;
mod frames;
mod json;
mod output;
mod queue;
mod record;
mod socket;
mod unfinished;
mod writer;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::time::Instant;

pub use self::filter::{AnswerClass, QueryFilter};
use self::queue::EntryQueue;
use self::writer::{QueryLogWriter, WriterShared};
use crate::dns::Transport;

/// How long the end of the process waits for what is queued.
const END_WITHIN: Duration = Duration::from_secs(1);

/// What is written, where, and of which queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryLogSettings {
    /// How an entry looks.
    pub format: QueryLogFormat,
    /// Where it goes.
    pub target: QueryLogTarget,
    /// Which queries are recorded.
    pub filter: QueryFilter,
    /// How many entries of one UDP worker, and of all connections together, may wait to be written.
    pub queue_entries: usize,
    /// How many bits of a client's address are written.
    pub prefixes: ClientPrefixes,
    /// Which server this is, in dnstap.
    pub identity: Vec<u8>,
}

/// How an entry looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryLogFormat {
    /// The line of CoreDNS's plugin `log`.
    Coredns,
    /// An object of JSON in a line.
    Json,
    /// dnstap, in Frame Streams.
    Dnstap,
}

/// Where entries go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryLogTarget {
    /// Standard output.
    Stdout,
    /// A file that is appended to.
    File(PathBuf),
    /// A collector behind a unix socket.
    Unix(PathBuf),
    /// A collector behind a TCP port.
    Tcp(SocketAddr),
}

/// How many bits of an address are written; the others are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientPrefixes {
    /// Of an IPv4 address.
    pub ipv4: u8,
    /// Of an IPv6 address.
    pub ipv6: u8,
}

/// What became of entries; it outlives a query log that a reload replaces.
#[derive(Debug, Default)]
pub struct QueryLogCounters {
    written: AtomicU64,
    queue_full: AtomicU64,
    write_failed: AtomicU64,
}

/// A query and what was sent to it.
#[derive(Clone, Copy, Debug)]
pub struct ObservedQuery<'octets> {
    /// The query in wire form.
    pub query: &'octets [u8],
    /// The response in wire form; empty when none is sent.
    pub response: &'octets [u8],
    /// Who asked.
    pub client: Option<IpAddr>,
    /// From which port; 0 when that is not known.
    pub port: u16,
    /// The way it came.
    pub transport: Transport,
    /// When it came.
    pub begun: Instant,
}

/// A query log that is written; when it is dropped, what is queued is still written.
#[derive(Debug)]
pub struct QueryLog {
    shared: Arc<WriterShared>,
    filter: QueryFilter,
    thread: Thread,
    ended: Mutex<Receiver<()>>,
}

impl QueryLog {
    /// Starts the thread that writes, with so many queues: one for all connections and one for each UDP worker.
    ///
    /// # Errors
    /// No more threads. That nothing can be written is no error: it is tried again.
    pub fn start(
        settings: QueryLogSettings,
        queues: usize,
        counters: Arc<QueryLogCounters>,
    ) -> io::Result<Self> {
        let keeps = settings.format.keeps();
        let queue = || EntryQueue::new(settings.queue_entries, keeps);
        let shared = Arc::new(WriterShared::new(
            (0..queues.max(1)).map(|_| queue()).collect(),
            counters,
        ));
        let filter = settings.filter.clone();
        let writer = QueryLogWriter::new(settings, Arc::clone(&shared));
        let (ending, ended) = sync_channel(1);
        let thread = thread::Builder::new().name("query-log".into());
        let handle = thread.spawn(move || {
            writer.run();
            // Who waited may have given up.
            let _ = ending.try_send(());
        })?;
        Ok(Self {
            shared,
            filter,
            thread: handle.thread().clone(),
            ended: Mutex::new(ended),
        })
    }

    /// Puts an answered query into the queue of a worker; drops and counts it where there is no room. It never waits.
    pub fn record(&self, worker: usize, observed: &ObservedQuery<'_>) {
        let (queue, counters) = (self.shared.queue(worker), &self.shared.counters);
        if !self.filter.takes(observed) || !queue.is_sampled(self.filter.one_of) {
            return;
        }
        // A query that began before a reload may still come here when nobody writes any more.
        if self.shared.is_stopped() {
            counters.count_write_failed(1);
        } else if !queue.push(observed) {
            counters.count_queue_full();
        }
    }

    /// Has a file opened again under its name, for what rotates logs.
    pub fn reopen(&self) {
        self.shared.ask_for_reopening();
        self.thread.unpark();
    }

    /// Ends it and waits until what is queued is written, for a second at most.
    pub fn end(&self) {
        self.stop();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        // What is left when the time is over is lost.
        let _ = ended.recv_timeout(END_WITHIN);
    }

    fn stop(&self) {
        self.shared.stop();
        self.thread.unpark();
    }
}

impl Drop for QueryLog {
    fn drop(&mut self) {
        self.stop();
    }
}

impl QueryLogCounters {
    /// Entries that were written.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Entries that were dropped, by reason.
    pub fn dropped(&self) -> [(&'static str, u64); 2] {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [
            ("queue_full", load(&self.queue_full)),
            ("write_failed", load(&self.write_failed)),
        ]
    }

    fn count_queue_full(&self) {
        self.queue_full.fetch_add(1, Ordering::Relaxed);
    }

    fn count_written(&self, entries: u64) {
        self.written.fetch_add(entries, Ordering::Relaxed);
    }

    fn count_write_failed(&self, entries: u64) {
        self.write_failed.fetch_add(entries, Ordering::Relaxed);
    }
}

impl fmt::Display for QueryLogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::File(path) => path.display().fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

impl ClientPrefixes {
    /// An address of which only these bits are left; one of IPv4 in one of IPv6 is one of IPv4.
    fn shorten(self, address: IpAddr) -> IpAddr {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.ipv4.min(32)));
                IpAddr::V4((address.to_bits() & mask.unwrap_or(0)).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.ipv6.min(128)));
                IpAddr::V6((address.to_bits() & mask.unwrap_or(0)).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bits_of_the_prefix_are_left_of_an_address() {
        for (ipv4, ipv6, address, expected) in [
            (32, 128, "192.0.2.77", "192.0.2.77"),
            (24, 56, "192.0.2.77", "192.0.2.0"),
            (0, 0, "192.0.2.77", "0.0.0.0"),
            (24, 56, "::ffff:192.0.2.77", "192.0.2.0"),
            (24, 56, "2001:db8:1:2ff::77", "2001:db8:1:200::"),
            (24, 128, "2001:db8:1:2ff::77", "2001:db8:1:2ff::77"),
            (24, 0, "2001:db8:1:2ff::77", "::"),
        ] {
            let prefixes = ClientPrefixes { ipv4, ipv6 };
            let shortened = prefixes.shorten(address.parse().unwrap());
            assert_eq!(shortened.to_string(), expected, "{address}");
        }
    }
}
