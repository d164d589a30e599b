//! Sets up the log: text or JSON to standard error, written by its own thread.
//!
//! Floor 7. Logging only puts a line into a queue (`queue`), so a standard error that nobody reads blocks nothing.
//! Repeated lines are left out (`repeats`), and long ones are shortened (`cut`).

mod cut;
mod queue;
mod repeats;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use anstream::{AutoStream, ColorChoice};
use prometheus_client::encoding::DescriptorEncoder;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, registry, reload};

use self::queue::LogQueue;
use self::repeats::Repeats;
use super::collectors::total;
use crate::config::{LogFormat, LogSection};

/// What chooses the lines of the log of this process, once it is set up.
static LEVEL: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// The log of this process, if it is text on a terminal.
static TERMINAL: OnceLock<Arc<LogQueue>> = OnceLock::new();

/// What of the log of this process was not written.
static COUNTERS: LogCounters = LogCounters {
    dropped: AtomicU64::new(0),
    left_out: AtomicU64::new(0),
};

/// Counts the lines that were not written; there is one log, so there is one of these.
#[derive(Debug)]
struct LogCounters {
    /// Lines for which the queue had no room, or that could not be written.
    dropped: AtomicU64,
    /// Lines that repeated too often.
    left_out: AtomicU64,
}

/// The log while it is written; dropping it waits for what is queued, for a bounded time.
#[derive(Debug)]
#[must_use = "what is queued is written when it is dropped"]
pub struct Log(Option<Arc<LogQueue>>);

/// Sets the log of this process up; a second call changes nothing.
///
/// What libraries say is shown from `debug` on only: they log at `warn` what clients send.
pub fn start(settings: &LogSection) -> Log {
    let is_terminal = io::IsTerminal::is_terminal(&io::stderr());
    let is_text_on_terminal = is_terminal && settings.format == LogFormat::Text;
    let queue = Arc::new(LogQueue::new(settings));
    let repeats = Arc::new(Repeats::new(settings.repeats_per_minute));
    let writer = Arc::clone(&queue);
    let lines = fmt::layer()
        .with_target(false)
        .with_ansi(is_text_on_terminal && AutoStream::choice(&io::stderr()) != ColorChoice::Never)
        // It would say so on standard error, where it may wait for ever.
        .log_internal_errors(false)
        .with_writer(move || writer.line());
    let lines = match settings.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let (level, handle) = reload::Layer::new(EnvFilter::new(filter(&settings.level)));
    let started = registry()
        .with(level)
        .with(repeats::Limit(Arc::clone(&repeats)))
        .with(lines)
        .try_init();
    // An error means that there is a log already, as in tests.
    if started.is_err() || queue.start_writer(repeats).is_err() {
        return Log(None);
    }
    // It is the first: the log was set up just now.
    let _ = LEVEL.set(handle);
    if is_text_on_terminal {
        let _ = TERMINAL.set(Arc::clone(&queue));
    }
    log_panics();
    Log(Some(queue))
}

/// Has the log show lines from this level on.
pub(super) fn set_level(level: &str) {
    if let Some(handle) = LEVEL.get() {
        // It fails only where the log is gone.
        let _ = handle.reload(EnvFilter::new(filter(level)));
    }
}

/// Shows how far something is, below the log of a terminal; dropping it takes it away.
#[derive(Debug)]
pub(super) struct LogProgress(Option<Arc<LogQueue>>);

impl LogProgress {
    pub(super) fn new() -> Self {
        Self(TERMINAL.get().cloned())
    }

    /// Whether there is a terminal to show it on.
    pub(super) fn has_terminal(&self) -> bool {
        self.0.is_some()
    }

    /// Shows it in place of what was shown before; an empty text is nothing.
    pub(super) fn show(&self, text: &str) {
        if let Some(queue) = &self.0 {
            queue.set_footer(text);
        }
    }
}

impl Drop for LogProgress {
    fn drop(&mut self) {
        self.show("");
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(queue) = &self.0 {
            queue.end();
        }
    }
}

impl LogCounters {
    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }
}

/// Writes the metrics of what is missing in the log.
pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>) -> std::fmt::Result {
    let help = "Log lines dropped because the log was read too slowly";
    total(encoder, "nomadns_log_dropped", help, COUNTERS.dropped())?;
    let help = "Log lines left out because they repeated";
    total(encoder, "nomadns_log_repeats", help, COUNTERS.left_out())
}

fn filter(level: &str) -> String {
    let libraries = match level {
        "debug" | "trace" => "warn",
        _ => "off",
    };
    format!("{libraries},nomadns={level}")
}

/// Has panics logged like all else: the usual hook writes to standard error itself, and may wait there.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let words = text.or_else(|| payload.downcast_ref::<&str>().copied());
        tracing::error!(place, ?words, "a panic");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_heard_only_where_the_operator_asks_for_more_than_usual() {
        for level in ["error", "warn", "info"] {
            assert_eq!(filter(level), format!("off,nomadns={level}"));
        }
        assert_eq!(filter("debug"), "warn,nomadns=debug");
    }
}
