//! The queue of log lines, and the thread that writes them.
//!
//! Floor 7. Adding a line never waits for the reader of the log. Without room the line is dropped and counted, and
//! the log says so as soon as it can be written again.

use std::io::{self, Write};
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::COUNTERS;
use super::cut::cut;
use super::repeats::Repeats;
use crate::config::{LogFormat, LogSection};

/// How often the log says what is missing in it.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// How long the end of the process waits for what is queued.
const END_WITHIN: Duration = Duration::from_secs(1);
/// What takes the footer off a terminal: to the start of the line, and all of it away.
const ERASE: &[u8] = b"\r\x1b[K";
/// How long is waited for a standard error that takes nothing now and does not wait by itself.
const FULL_PAUSE: Duration = Duration::from_millis(10);

/// Lines on their way to standard error.
#[derive(Debug)]
pub(super) struct LogQueue {
    state: Mutex<LogQueueState>,
    /// There is something to write, or to end.
    filled: Condvar,
    /// What was there has been written.
    written: Condvar,
    format: LogFormat,
    queue_octets: usize,
    line_octets: usize,
}

#[derive(Debug, Default)]
struct LogQueueState {
    octets: Vec<u8>,
    is_writing: bool,
    is_ending: bool,
    footer: LogFooter,
}

/// A line that stays below the log of a terminal, and is written again when it changes.
#[derive(Debug, Default)]
struct LogFooter {
    text: String,
    has_changed: bool,
}

/// Takes one line; what is written to it at once is one.
pub(super) struct LogLine(Arc<LogQueue>);

impl LogQueue {
    pub(super) fn new(settings: &LogSection) -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
            format: settings.format,
            queue_octets: settings.queue_octets,
            line_octets: settings.line_octets,
        }
    }

    pub(super) fn line(self: &Arc<Self>) -> LogLine {
        LogLine(Arc::clone(self))
    }

    /// Starts the thread that writes to standard error.
    pub(super) fn start_writer(self: &Arc<Self>, repeats: Arc<Repeats>) -> io::Result<()> {
        let queue = Arc::clone(self);
        let thread = std::thread::Builder::new().name("log".into());
        thread.spawn(move || queue.write_all_to(&mut io::stderr(), &repeats))?;
        Ok(())
    }

    /// Waits until all is written, not for ever: nobody may be there to read it.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_ending = true;
        self.filled.notify_one();
        let is_left = |state: &mut LogQueueState| state.is_writing || !state.octets.is_empty();
        // What is left when the time is over is lost.
        drop(self.written.wait_timeout_while(state, END_WITHIN, is_left));
    }

    /// Shows a line below all others; an empty one is none. Only a terminal can take it away again.
    pub(super) fn set_footer(&self, text: &str) {
        let mut state = self.state();
        if state.footer.text != text {
            text.clone_into(&mut state.footer.text);
            state.footer.has_changed = true;
            self.filled.notify_one();
        }
    }

    fn push(&self, line: &[u8]) {
        let short;
        let line = if line.len() > self.line_octets {
            short = cut(line, self.line_octets, self.format);
            &short
        } else {
            line
        };
        let mut state = self.state();
        if state.octets.len() + line.len() > self.queue_octets {
            COUNTERS.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.octets.extend_from_slice(line);
        drop(state);
        self.filled.notify_one();
    }

    fn write_all_to(&self, out: &mut dyn Write, repeats: &Repeats) {
        let (mut taken, mut reported) = (Vec::new(), 0);
        loop {
            let is_ending = self.take(&mut taken);
            let unwritten = write_all(out, &taken);
            COUNTERS.dropped.fetch_add(unwritten, Ordering::Relaxed);
            taken.clear();
            let dropped = COUNTERS.dropped() - reported;
            if dropped > 0 {
                reported += dropped;
                tracing::warn!(
                    lines = dropped,
                    "the log was read too slowly: lines were dropped"
                );
            }
            repeats.tell();
            self.state().is_writing = false;
            self.written.notify_all();
            if is_ending && self.state().octets.is_empty() {
                return;
            }
        }
    }

    /// Waits for octets, and takes them; tells whether it is the end.
    fn take(&self, taken: &mut Vec<u8>) -> bool {
        let idle = |state: &mut LogQueueState| {
            state.octets.is_empty() && !state.is_ending && !state.footer.has_changed
        };
        let waited = self
            .filled
            .wait_timeout_while(self.state(), TELL_EVERY, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut state.octets, taken);
        let LogFooter { text, has_changed } = &mut state.footer;
        if mem::take(has_changed) || !text.is_empty() {
            taken.splice(..0, ERASE.iter().copied());
            taken.extend_from_slice(text.as_bytes());
        }
        state.is_writing = true;
        state.is_ending
    }

    fn state(&self) -> MutexGuard<'_, LogQueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for LogLine {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes octets for as long as it takes; tells how many lines could not be written.
fn write_all(out: &mut dyn Write, mut octets: &[u8]) -> u64 {
    while !octets.is_empty() {
        match out.write(octets) {
            Ok(count) if count > 0 => octets = &octets[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(FULL_PAUSE);
            }
            // Nobody is there any more, or the disk is full: the next lines may have better luck.
            _ => break,
        }
    }
    let lines = octets.iter().filter(|octet| **octet == b'\n').count();
    u64::try_from(lines).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(queue_octets: usize, line_octets: usize) -> Arc<LogQueue> {
        Arc::new(LogQueue::new(&LogSection {
            queue_octets,
            line_octets,
            ..LogSection::default()
        }))
    }

    #[test]
    fn a_line_for_which_there_is_no_room_is_dropped_and_the_queue_never_grows_beyond_its_bound() {
        let queue = queue(100, 50);
        let before = COUNTERS.dropped();
        for _ in 0..1000 {
            queue.line().write_all(b"a line of twenty-one\n").unwrap();
        }
        assert_eq!(queue.state().octets.len(), 4 * 21);
        assert!(COUNTERS.dropped() >= before + 996);
    }

    #[test]
    fn a_footer_stays_below_the_lines_until_it_is_taken_away() {
        let (queue, mut taken) = (queue(1000, 500), Vec::new());
        let mut written = |queue: &LogQueue| {
            taken.clear();
            queue.take(&mut taken);
            String::from_utf8(taken.clone()).unwrap()
        };
        queue.set_footer("1 of 2");
        assert_eq!(written(&queue), "\r\x1b[K1 of 2");
        queue.line().write_all(b"a line\n").unwrap();
        assert_eq!(written(&queue), "\r\x1b[Ka line\n1 of 2");
        queue.set_footer("");
        assert_eq!(written(&queue), "\r\x1b[K");
        queue.line().write_all(b"another\n").unwrap();
        assert_eq!(written(&queue), "another\n");
    }

    #[test]
    fn what_is_queued_is_written_whole_and_what_fails_is_counted() {
        /// Takes three octets at a time, and waits by an error now and then.
        struct Slow(Vec<u8>, usize);
        impl Write for Slow {
            fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                match self.1 % 3 {
                    0 => Err(io::ErrorKind::WouldBlock.into()),
                    1 => Err(io::ErrorKind::Interrupted.into()),
                    _ => self.0.write(&octets[..octets.len().min(3)]),
                }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut slow = Slow(Vec::new(), 0);
        assert_eq!(write_all(&mut slow, b"one\ntwo\n"), 0);
        assert_eq!(slow.0, b"one\ntwo\n");
        assert_eq!(
            write_all(&mut io::Cursor::new([0; 5]), b"one\ntwo\nthree\n"),
            2
        );
    }

    #[test]
    fn the_end_does_not_wait_for_ever_for_who_reads_nothing() {
        let queue = queue(100, 50);
        queue.line().write_all(b"nobody writes it\n").unwrap();
        let begun = tokio::time::Instant::now();
        queue.end();
        assert!(begun.elapsed() < END_WITHIN * 5);
        assert!(!queue.state().octets.is_empty());
    }
}
