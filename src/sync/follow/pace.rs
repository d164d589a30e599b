//! How often one list is requested, whatever its responses are.
//!
//! Floor 2, no I/O. Changes are followed at once, and many in a row a few times a second. If a proxy does not support
//! blocking queries, it returns at once without changes: then the pauses grow, up to the longest time that a change
//! may wait.

use std::time::Duration;

use tokio::time::Instant;

use crate::nomad::WaitMode;
use crate::token_bucket::TokenBucket;

/// Questions that follow each other without a pause.
const BURST: u32 = 10;
/// The time between two questions once there were so many.
const EVERY: Duration = Duration::from_millis(100);
/// An answer that took as long as this is followed by no pause.
const LONG: Duration = Duration::from_secs(1);
/// Answers in a row that came at once with nothing new, before there is a pause.
const IDLE_FREE: u32 = 1;
/// The longest pause after such an answer.
const IDLE_PAUSE_MAX: Duration = Duration::from_secs(1);

/// The questions of one list so far.
#[derive(Debug)]
pub(super) struct Pace {
    bucket: TokenBucket,
    /// No question before.
    next: Instant,
    asked: Option<(Instant, WaitMode)>,
    /// Answers in a row that came at once with nothing new.
    idle: u32,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            bucket: TokenBucket::new(BURST, EVERY * BURST, now),
            next: now,
            asked: None,
            idle: 0,
        }
    }

    /// Returns the moment from which on the list may be asked.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Notes that it is asked.
    pub(super) fn asked(&mut self, wait: WaitMode, now: Instant) {
        self.asked = Some((now, wait));
        self.bucket.take(now);
        self.next = self.next.max(self.bucket.when(1));
    }

    /// Notes that it has answered with this index.
    pub(super) fn answered(&mut self, index: u64, now: Instant) {
        let Some((at, WaitMode::Over(known, wait))) = self.asked.take() else {
            return;
        };
        let is_idle = index == known && now.duration_since(at) < wait.min(LONG);
        if !is_idle {
            self.idle = 0;
            return;
        }
        let doublings = self.idle.checked_sub(IDLE_FREE);
        self.idle = self.idle.saturating_add(1);
        let pause = doublings.map(|it| EVERY.saturating_mul(1 << it.min(16)));
        let pause = pause.unwrap_or_default().min(IDLE_PAUSE_MAX);
        self.next = self.next.max(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks as soon as it may for a while; each question is answered at once with an index.
    fn asks(lasting: Duration, index: impl Fn(u64) -> u64) -> Vec<Duration> {
        let begun = Instant::now();
        let mut pace = Pace::new(begun);
        let mut now = begun;
        let mut asks = Vec::new();
        let mut known = 100;
        while now < begun + lasting {
            asks.push(now - begun);
            pace.asked(WaitMode::Over(known, Duration::from_secs(60)), now);
            known = index(known);
            pace.answered(known, now);
            now = pace.next().max(now);
        }
        asks
    }

    #[test]
    fn changes_are_followed_at_once_and_many_of_them_ten_times_a_second() {
        let asks = asks(Duration::from_secs(10), |known| known + 1);
        assert_eq!(asks[..10], [Duration::ZERO; 10]);
        assert!(asks[10..].is_sorted());
        assert_eq!(asks.len(), 10 + 99, "{asks:?}");
    }

    #[test]
    fn answers_that_come_at_once_with_nothing_new_are_asked_for_once_a_second() {
        let asks = asks(Duration::from_secs(60), |known| known);
        let ms: Vec<_> = asks.iter().map(Duration::as_millis).collect();
        assert_eq!(ms[..7], [0, 0, 100, 300, 700, 1500, 2500]);
        assert_eq!(asks.len(), 64);
    }

    #[test]
    fn an_answer_that_waited_is_followed_by_the_next_question_at_once() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..20 {
            pace.asked(WaitMode::Over(100, Duration::from_secs(60)), now);
            now += LONG;
            pace.answered(100, now);
            assert!(pace.next() <= now);
        }
    }
}
