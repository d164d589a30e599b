//! One answer that is kept: as it came, with the time when it came.
//!
//! Floor 2. Who gets it gets a copy whose TTLs have counted down since.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::super::upstream::NoUpstreamAnswer;
use crate::dns::{Answer, ExtendedError, Rcode};

/// The TTL of what is given after its time, in seconds (RFC 8767 §4).
const STALE_TTL_SECONDS: u32 = 30;
/// Names that live shorter are not asked for ahead of their time, in seconds.
const PREFETCH_LEAST_SECONDS: u32 = 10;
/// In which last part of its life a name is asked for ahead.
const PREFETCH_PART: u32 = 10;
/// How often it was given out before, to be worth that: once a second and worker at most counts.
const PREFETCH_ASKED: u32 = 3;

/// What a cache has.
#[derive(Debug)]
pub(in crate::forward) enum Found {
    /// An answer.
    Fresh {
        /// As it is now.
        answer: Answer,
        /// Whether it is to be asked for again, since its time is nearly over; said once.
        is_wanted_again: bool,
    },
    /// An answer whose time is over.
    Stale {
        /// As it is given then.
        answer: Answer,
        /// Whether an upstream may be asked first.
        may_ask: bool,
    },
    /// That there was no answer a moment ago.
    Failure(NoUpstreamAnswer),
    /// Nothing.
    Nothing,
}

/// An answer that is kept.
#[derive(Debug)]
pub(super) struct StoredAnswer {
    pub(super) answer: Answer,
    pub(super) seconds: u32,
    since: Instant,
    /// How often it was given out; `u32::MAX` once it was asked for again.
    asked: AtomicU32,
    /// Until when no upstream is asked for it, since none has answered.
    failed_until: Mutex<Option<Instant>>,
}

impl StoredAnswer {
    pub(super) fn new(answer: Answer, seconds: u32, since: Instant) -> Self {
        Self {
            answer,
            seconds,
            since,
            asked: AtomicU32::new(0),
            failed_until: Mutex::default(),
        }
    }

    pub(super) fn find(&self, stale: Duration, now: Instant) -> Found {
        let age = self.age(now);
        let Some(left) = self.seconds.checked_sub(age).filter(|left| *left > 0) else {
            return match self.expired(stale, now) {
                Some(answer) => Found::Stale {
                    answer,
                    may_ask: self.failed_until().is_none_or(|until| now >= until),
                },
                None => Found::Nothing,
            };
        };
        let asked = self.asked.load(Ordering::Relaxed);
        let is_wanted_again = left <= self.seconds / PREFETCH_PART
            && self.seconds >= PREFETCH_LEAST_SECONDS
            && (PREFETCH_ASKED..u32::MAX).contains(&asked);
        match asked {
            u32::MAX => {}
            _ if is_wanted_again => self.asked.store(u32::MAX, Ordering::Relaxed),
            _ => self.asked.store(asked.saturating_add(1), Ordering::Relaxed),
        }
        Found::Fresh {
            answer: self.answer.aged(age),
            is_wanted_again,
        }
    }

    /// Notes that no upstream answered; gives it where it may be given though its time is over.
    pub(super) fn failed(&self, stale: Duration, now: Instant, until: Instant) -> Option<Answer> {
        let given = match self.seconds.checked_sub(self.age(now)) {
            // Asked for ahead of its time: it is good still.
            Some(1..) => Some(self.answer.aged(self.age(now))),
            _ => self.expired(stale, now),
        };
        if given.is_some() {
            *self
                .failed_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
        given
    }

    pub(super) fn octets(&self) -> usize {
        size_of::<Self>() + self.answer.octets()
    }

    /// The answer after its time, as long as it may be given: it is never younger for being asked for.
    fn expired(&self, stale: Duration, now: Instant) -> Option<Answer> {
        let over = now.saturating_duration_since(self.since);
        let over = over.saturating_sub(Duration::from_secs(self.seconds.into()));
        if over >= stale {
            return None;
        }
        let reason = match self.answer.rcode() {
            Rcode::NXDOMAIN => ExtendedError::UPSTREAM_STALE_NXDOMAIN,
            _ => ExtendedError::UPSTREAM_STALE,
        };
        Some(self.answer.expired(STALE_TTL_SECONDS, reason))
    }

    fn failed_until(&self) -> Option<Instant> {
        *self
            .failed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How many whole seconds ago it came.
    pub(super) fn age(&self, now: Instant) -> u32 {
        let age = now.saturating_duration_since(self.since).as_secs();
        u32::try_from(age).unwrap_or(u32::MAX)
    }
}
