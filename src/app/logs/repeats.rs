//! Limits repeated log lines: so many a minute from one place in the code.
//!
//! Floor 7. Lines that clients or Nomad can cause at will cannot fill the log. Levels below `info` are not limited,
//! because who turns them on wants every line.

use std::collections::HashMap;
use std::fmt;
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::COUNTERS;
use crate::token_bucket::TokenBucket;

/// What of a line is shown to say which were left out.
const EXAMPLE_CHARS: usize = 100;
const MINUTE: Duration = Duration::from_secs(60);

/// The kinds of lines, and how often each came.
#[derive(Debug)]
pub(super) struct Repeats {
    kinds: Mutex<HashMap<Identifier, Callsite>>,
    per_minute: u32,
}

/// Asks `Repeats` for each line.
pub(super) struct Limit(pub(super) Arc<Repeats>);

/// The lines of one place in the code; there are as many as the code has.
#[derive(Debug)]
struct Callsite {
    lines: TokenBucket,
    left_out: u64,
    example: String,
}

impl Repeats {
    /// Lets so many lines of a kind pass in a minute, all at once too; 0 for all of them.
    pub(super) fn new(per_minute: u32) -> Self {
        Self {
            kinds: Mutex::default(),
            per_minute,
        }
    }

    /// Logs what was left out since the last time.
    pub(super) fn tell(&self) {
        let mut omitted = Vec::new();
        for kind in self.kinds().values_mut().filter(|kind| kind.left_out > 0) {
            omitted.push((mem::take(&mut kind.left_out), mem::take(&mut kind.example)));
        }
        // Without the lock: these are lines as well.
        for (lines, like) in omitted {
            tracing::warn!(lines, like, "repeated lines were left out");
        }
    }

    fn lets_pass(&self, event: &Event<'_>) -> bool {
        if self.per_minute == 0 || *event.metadata().level() > Level::INFO {
            return true;
        }
        let now = Instant::now();
        let mut kinds = self.kinds();
        let kind = kinds
            .entry(event.metadata().callsite())
            .or_insert_with(|| Callsite {
                lines: TokenBucket::new(self.per_minute, MINUTE, now),
                left_out: 0,
                example: String::new(),
            });
        if kind.lines.try_take(now) {
            return true;
        }
        kind.left_out += 1;
        COUNTERS.left_out.fetch_add(1, Ordering::Relaxed);
        if kind.example.is_empty() {
            event.record(&mut MessageVisitor(&mut kind.example));
        }
        false
    }

    fn kinds(&self) -> MutexGuard<'_, HashMap<Identifier, Callsite>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Limit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.0.lets_pass(event)
    }
}

/// Keeps the words of a line.
struct MessageVisitor<'words>(&'words mut String);

impl Visit for MessageVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0
                .extend(format!("{value:?}").chars().take(EXAMPLE_CHARS));
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn log(times: u32) {
        for number in 0..times {
            tracing::warn!(number, "it happens");
            tracing::debug!(number, "it is of interest");
        }
    }

    #[test]
    fn lines_of_one_kind_are_left_out_beyond_so_many_and_counted() {
        let repeats = Arc::new(Repeats::new(10));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::registry()
            .with(Limit(Arc::clone(&repeats)))
            .with(Seen(Arc::clone(&seen)));
        tracing::subscriber::with_default(subscriber, || {
            log(1000);
            repeats.tell();
        });
        let seen = seen.lock().unwrap();
        let of = |words: &str| seen.iter().filter(|line| line.contains(words)).count();
        // A minute has not passed; in a slow test a few more may.
        assert!((10..20).contains(&of("it happens")), "{seen:?}");
        assert_eq!(of("it is of interest"), 1000);
        assert_eq!(of("repeated lines were left out"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_pause_lines_pass_again() {
        let repeats = Arc::new(Repeats::new(60));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::registry()
            .with(Limit(Arc::clone(&repeats)))
            .with(Seen(Arc::clone(&seen)));
        let _default = tracing::subscriber::set_default(subscriber);
        for (pause, passed) in [(0, 60), (2, 2), (600, 60)] {
            tokio::time::advance(Duration::from_secs(pause)).await;
            seen.lock().unwrap().clear();
            log(100);
            let lines = seen.lock().unwrap();
            let warnings = lines.iter().filter(|line| line.contains("it happens"));
            assert_eq!(warnings.count(), passed, "after {pause} s");
        }
    }

    struct Seen(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Seen {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut words = String::new();
            event.record(&mut MessageVisitor(&mut words));
            self.0.lock().unwrap().push(words);
        }
    }
}
