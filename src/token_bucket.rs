//! A token bucket for one task: a number of tokens at once, refilled over time.
//!
//! Floor 0, no I/O, no clock: the time is an argument. The bucket that many threads share is in
//! `listeners/clients/limiter.rs`, without locks.

use std::time::Duration;

use tokio::time::Instant;

/// A bucket that is full at first, kept as one moment (GCRA).
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenBucket {
    /// The time in which one token comes back.
    each: Duration,
    /// The tokens of a full bucket, as the time in which they come back.
    burst: Duration,
    full_at: Instant,
}

impl TokenBucket {
    /// Makes one of so many tokens, at least one, which come back in `period` together.
    pub(crate) fn new(tokens: u32, period: Duration, now: Instant) -> Self {
        let each = period / tokens.max(1);
        Self {
            each,
            burst: each * tokens.max(1),
            full_at: now,
        }
    }

    /// Whether so many tokens are there.
    pub(crate) fn has(&self, tokens: u32, now: Instant) -> bool {
        self.full_at.max(now) + self.each * tokens <= now + self.burst
    }

    /// Takes one token, there or not.
    pub(crate) fn take(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + self.each;
    }

    /// Takes one token if it is there.
    pub(crate) fn try_take(&mut self, now: Instant) -> bool {
        let has = self.has(1, now);
        if has {
            self.take(now);
        }
        has
    }

    /// From when on so many tokens are there, if none is taken meanwhile; a full bucket has no more than it holds.
    pub(crate) fn when(&self, tokens: u32) -> Instant {
        let needed = (self.each * tokens).min(self.burst);
        let spare = self.burst - needed;
        self.full_at.checked_sub(spare).unwrap_or(self.full_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn taken(bucket: &mut TokenBucket, now: Instant) -> usize {
        (0..1000).filter(|_| bucket.try_take(now)).count()
    }

    #[test]
    fn a_full_bucket_is_taken_at_once_and_comes_back_in_its_period() {
        let begun = Instant::now();
        let mut bucket = TokenBucket::new(10, SECOND, begun);
        assert_eq!(taken(&mut bucket, begun), 10);
        assert_eq!(taken(&mut bucket, begun + SECOND / 2), 5);
        assert_eq!(taken(&mut bucket, begun + SECOND), 5);
    }

    #[test]
    fn what_is_not_used_is_saved_up_to_a_full_bucket_only() {
        let begun = Instant::now();
        let mut bucket = TokenBucket::new(3, SECOND, begun);
        assert_eq!(taken(&mut bucket, begun + SECOND * 100), 3);
    }

    #[test]
    fn tokens_are_there_when_it_says_so_and_not_before() {
        let begun = Instant::now();
        for size in [1, 3, 7, 1000] {
            let mut bucket = TokenBucket::new(size, SECOND, begun);
            taken(&mut bucket, begun);
            for tokens in [1, size] {
                let when = bucket.when(tokens);
                assert!(bucket.has(tokens, when), "{tokens} of {size}");
                let before = when - Duration::from_nanos(1);
                assert!(!bucket.has(tokens, before), "{tokens} of {size}");
            }
        }
    }

    #[test]
    fn tokens_taken_beyond_the_bucket_delay_the_next_one() {
        let begun = Instant::now();
        let mut bucket = TokenBucket::new(1, SECOND, begun);
        bucket.take(begun);
        bucket.take(begun);
        assert_eq!(bucket.when(1), begun + SECOND * 2);
    }
}
