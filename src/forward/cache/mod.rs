//! The answers of upstreams that are kept, for all workers: bounded in octets, apart from what the cluster's take.
//!
//! Floor 2, no I/O; the time is an argument. An answer lives by its TTL; after that it is given only where no upstream
//! answers (RFC 8767). A failure is kept for seconds (RFC 9520), and never hides an older answer. What a hit costs here
//! is paid once a second for each name and worker: in front there is each worker's own table (`layers`).

mod listing;
mod stored;

use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use quick_cache::sync::{Cache as QuickCache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};
use tokio::time::Instant;

pub use self::listing::CachedNames;
pub(super) use self::stored::Found;
use self::stored::StoredAnswer;
use super::question::ForwardQuestion;
use super::upstream::NoUpstreamAnswer;
use crate::dns::{Answer, ReceivedAnswer};

/// About how many octets an answer takes with all that keeps it; for the size of the tables alone.
const USUAL_OCTETS: u64 = 512;
/// Which part of all octets one answer may take.
const LARGEST_SHARE: u64 = 64;
/// How long an upstream is not asked again for what is given after its time (RFC 8767 §5).
const STALE_RECHECK: Duration = Duration::from_secs(30);

/// The bounds of what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardCacheSettings {
    /// How many octets all answers take together; 0 keeps none.
    pub octets: u64,
    /// The longest that an answer lives, in seconds.
    pub most_ttl_seconds: u32,
    /// The longest that a denial lives, in seconds.
    pub most_negative_ttl_seconds: u32,
    /// How long a failure is kept.
    pub failure: Duration,
    /// How long after its time an answer is given where no upstream answers; zero for never.
    pub stale: Duration,
}

impl Default for ForwardCacheSettings {
    fn default() -> Self {
        Self {
            octets: 32 << 20,
            most_ttl_seconds: 86_400,
            most_negative_ttl_seconds: 10_800,
            failure: Duration::from_secs(5),
            stale: Duration::from_secs(86_400),
        }
    }
}

/// What is kept of one question.
#[derive(Clone, Debug)]
enum Kept {
    Answer(Arc<StoredAnswer>),
    Failure(NoUpstreamAnswer, Instant),
}

#[derive(Clone, Debug)]
struct Octets;

impl Weighter<ForwardQuestion, Kept> for Octets {
    fn weight(&self, _: &ForwardQuestion, kept: &Kept) -> u64 {
        octets(kept)
    }
}

/// The answers that are kept.
#[derive(Debug)]
pub(super) struct ForwardCache {
    settings: ForwardCacheSettings,
    kept: QuickCache<ForwardQuestion, Kept, Octets, RandomState>,
}

impl ForwardCache {
    pub(super) fn new(settings: ForwardCacheSettings) -> Self {
        let items = usize::try_from(settings.octets / USUAL_OCTETS).unwrap_or(usize::MAX);
        let mut options = OptionsBuilder::new();
        options.weight_capacity(settings.octets);
        options.estimated_items_capacity(items.max(1));
        let kept = match options.build() {
            Ok(options) => QuickCache::with_options(
                options,
                Octets,
                RandomState::new(),
                DefaultLifecycle::default(),
            ),
            // Both numbers are given, so there is nothing that it could miss.
            Err(_) => QuickCache::with(
                items.max(1),
                settings.octets,
                Octets,
                RandomState::new(),
                DefaultLifecycle::default(),
            ),
        };
        Self { settings, kept }
    }

    /// Looks for the answer of a question.
    pub(super) fn find(&self, question: &ForwardQuestion, now: Instant) -> Found {
        match self.kept.get(question) {
            Some(Kept::Answer(stored)) => stored.find(self.settings.stale, now),
            Some(Kept::Failure(reason, until)) if now < until => Found::Failure(reason),
            Some(Kept::Failure(..)) | None => Found::Nothing,
        }
    }

    /// Keeps what an upstream answered, as long as it may be; gives it as clients get it.
    pub(super) fn keep(
        &self,
        question: &ForwardQuestion,
        received: ReceivedAnswer,
        now: Instant,
    ) -> Answer {
        let most = match received.is_denial {
            true => self.settings.most_negative_ttl_seconds,
            false => self.settings.most_ttl_seconds,
        };
        let received = received.capped(most);
        let answer = received.answer.clone();
        let Some(seconds) = received.keep_seconds.filter(|seconds| *seconds > 0) else {
            // What was kept is older than that it must not be kept.
            self.kept.remove(question);
            return answer;
        };
        let stored = StoredAnswer::new(received.answer, seconds, now);
        let kept = Kept::Answer(Arc::new(stored));
        if octets(&kept) <= self.settings.octets / LARGEST_SHARE {
            self.kept.insert(*question, kept);
        }
        answer
    }

    /// Keeps that no upstream has an answer; gives an older one that may be given instead.
    pub(super) fn keep_failure(
        &self,
        question: &ForwardQuestion,
        reason: NoUpstreamAnswer,
        now: Instant,
    ) -> Option<Answer> {
        // Where an upstream has answered, what it said before is over.
        let is_answered = reason == NoUpstreamAnswer::PrivateAddress;
        if !is_answered
            && let Some(Kept::Answer(stored)) = self.kept.get(question)
            && let Some(stale) = stored.failed(self.settings.stale, now, now + STALE_RECHECK)
        {
            return Some(stale);
        }
        // Where all are down that is known without asking, and over as soon as one is back.
        if reason != NoUpstreamAnswer::Unreachable {
            let until = now + self.settings.failure;
            self.kept.insert(*question, Kept::Failure(reason, until));
        }
        None
    }

    /// How many octets are kept, and of how many questions.
    pub(super) fn size(&self) -> (u64, usize) {
        (self.kept.weight(), self.kept.len())
    }
}

fn octets(kept: &Kept) -> u64 {
    let own = match kept {
        Kept::Answer(stored) => stored.octets(),
        Kept::Failure(..) => 0,
    };
    let octets = own + ForwardQuestion::octets() + size_of::<Kept>();
    u64::try_from(octets).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod proofs;
