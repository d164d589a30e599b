//! The thread that writes: takes entries out of the queues, makes lines or frames of them, and writes many at once.
//!
//! Floor 2. It looks for entries every few milliseconds instead of being woken, so that a query costs no system call. What
//! cannot be written stays in the queue until it can, or until the queue is full.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::dnstap::DnstapEncoder;
use super::entry::QueryLogEntry;
use super::output::QueryLogOutput;
use super::queue::EntryQueue;
use super::record::{DecodedEntry, WallClock};
use super::{ClientPrefixes, QueryLogCounters, QueryLogFormat, QueryLogSettings, coredns, json};

/// How long it waits when there is nothing to write.
const PAUSE: Duration = Duration::from_millis(10);
/// How many entries are written at once.
const BATCH_ENTRIES: usize = 512;
/// The capacity that the buffer keeps between batches, in octets.
const KEPT_OCTETS: usize = 256 * 1024;

/// What the writer and those who record share.
#[derive(Debug)]
pub(super) struct WriterShared {
    queues: Box<[EntryQueue]>,
    pub(super) counters: Arc<QueryLogCounters>,
    is_stopped: AtomicBool,
    is_to_reopen: AtomicBool,
}

/// What writes.
#[derive(Debug)]
pub(super) struct QueryLogWriter {
    shared: Arc<WriterShared>,
    output: QueryLogOutput,
    format: QueryLogFormat,
    prefixes: ClientPrefixes,
    dnstap: DnstapEncoder,
    batch: Vec<u8>,
    /// Entries, each with its queue.
    taken: Vec<(usize, Box<QueryLogEntry>)>,
}

impl WriterShared {
    pub(super) fn new(queues: Box<[EntryQueue]>, counters: Arc<QueryLogCounters>) -> Self {
        Self {
            queues,
            counters,
            is_stopped: AtomicBool::new(false),
            is_to_reopen: AtomicBool::new(false),
        }
    }

    /// The queue of a worker; there is at least one.
    pub(super) fn queue(&self, worker: usize) -> &EntryQueue {
        &self.queues[worker % self.queues.len()]
    }

    fn queues(&self) -> &[EntryQueue] {
        &self.queues
    }

    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn ask_for_reopening(&self) {
        self.is_to_reopen.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }
}

impl QueryLogWriter {
    pub(super) fn new(settings: QueryLogSettings, shared: Arc<WriterShared>) -> Self {
        Self {
            shared,
            output: QueryLogOutput::new(settings.target, settings.format),
            format: settings.format,
            prefixes: settings.prefixes,
            dnstap: DnstapEncoder::new(&settings.identity, settings.prefixes),
            batch: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// Writes until it is to stop, and then what is queued, if it can be written.
    pub(super) fn run(mut self) {
        loop {
            // Before the queues are looked at: what is in them by then is written.
            let is_stopped = self.shared.is_stopped();
            if self.shared.is_to_reopen.swap(false, Ordering::Relaxed) {
                self.output.reopen();
            }
            let entries = match self.output.is_open() {
                true => self.write_batch(),
                false => 0,
            };
            match (entries, is_stopped) {
                (0, true) => break,
                (0, false) => thread::park_timeout(PAUSE),
                _ => {}
            }
        }
        self.output.end();
    }

    /// Writes what there is, as far as it fits in a batch; tells how many entries that were.
    fn write_batch(&mut self) -> u64 {
        self.take_entries();
        if self.taken.is_empty() {
            return 0;
        }
        let (clock, mut entries) = (WallClock::read(), 0);
        self.batch.clear();
        for (place, entry) in self.taken.drain(..) {
            match self.format {
                QueryLogFormat::Dnstap => self.dnstap.append(&entry, clock, &mut self.batch),
                QueryLogFormat::Coredns => {
                    let decoded = DecodedEntry::read(&entry, self.prefixes, clock);
                    coredns::append(&decoded, &mut self.batch);
                }
                QueryLogFormat::Json => {
                    let decoded = DecodedEntry::read(&entry, self.prefixes, clock);
                    json::append(&decoded, &mut self.batch);
                }
            }
            self.shared.queue(place).give_back(entry);
            entries += 1;
        }
        let shared = Arc::clone(&self.shared);
        let counters = &shared.counters;
        match self.output.write(&self.batch, &|| shared.is_stopped()) {
            true => counters.count_written(entries),
            false => counters.count_write_failed(entries),
        }
        self.batch.shrink_to(KEPT_OCTETS);
        entries
    }

    /// Takes entries from all queues, as many as make a batch, in the order in which their queries came.
    fn take_entries(&mut self) {
        let queues = self.shared.queues();
        let share = (BATCH_ENTRIES / queues.len()).max(1);
        for (place, queue) in queues.iter().enumerate() {
            let entries = std::iter::from_fn(|| queue.pop()).take(share);
            self.taken.extend(entries.map(|entry| (place, entry)));
        }
        self.taken.sort_by_key(|(_, entry)| entry.begun);
    }
}
