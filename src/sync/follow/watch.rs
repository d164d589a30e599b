//! One list that is followed, with its stream: which of the two runs, and when the next request may start.
//!
//! Floor 2, no I/O.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::pace::Pace;
use super::plan::ListTiming;
use crate::nomad::WaitMode;
use crate::sync::settings::{SyncSettings, Times};

/// The shortest time between two rechecks.
const RECHECK_GAP: Duration = Duration::from_secs(1);
/// The pause after a list of one namespace whose stream is open: the index moves with every other namespace's too.
const SINGLE_PAUSE: Duration = Duration::from_secs(1);

/// One list and its stream.
#[derive(Debug)]
pub(super) struct Watch {
    /// `*` or a namespace.
    pub(super) name: Arc<str>,
    pub(super) list: ListState,
    pub(super) stream: StreamState,
    pub(super) stream_backoff: Backoff,
    /// How often the list alone has failed, while others answer.
    pub(super) list_backoff: Backoff,
    /// How often the list may be asked, whatever is the reason.
    pub(super) pace: Pace,
    /// When it was last asked because Nomad may be gone.
    rechecked: Option<Instant>,
}

/// The list's state.
#[derive(Debug)]
pub(super) enum ListState {
    /// By the number of the question.
    Asked(u64, NextList),
    /// It may be asked from this moment on.
    Next(Instant, NextList),
}

/// How the next list is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextList {
    /// When something changes.
    Blocking,
    /// At once; and whether the stream has come up since the last.
    Now(ListTiming),
}

/// The stream's state.
#[derive(Debug)]
pub(super) enum StreamState {
    /// It may be opened from this moment on.
    Closed(Instant),
    /// It is being opened, or open: with the number of the question and the index it was asked from.
    Open {
        number: u64,
        from: u64,
        since: Since,
    },
}

/// Whether a stream has sent its first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    NotYet,
    Up(Instant),
}

impl Watch {
    pub(super) fn new(name: &Arc<str>, now: Instant, settings: &SyncSettings) -> Self {
        Self {
            name: Arc::clone(name),
            list: ListState::Next(now, NextList::Blocking),
            stream: StreamState::Closed(now),
            stream_backoff: Backoff::new(settings.backoff_max),
            list_backoff: Backoff::new(settings.backoff_max),
            pace: Pace::new(now),
            rechecked: None,
        }
    }

    /// Notes that the list has answered with so many services; it is asked again after its pause.
    pub(super) fn listed(&mut self, services: usize, times: &Times, now: Instant) {
        let pause = match self.stream {
            // The stream tells what changes, and a long list costs what hundreds of changes cost.
            StreamState::Open {
                since: Since::Up(_),
                ..
            } => times.list_pause(services).max(self.least_pause()),
            _ => Duration::ZERO,
        };
        self.list = ListState::Next(now + pause, NextList::Blocking);
    }

    /// Notes that the list alone could not be read.
    pub(super) fn list_failed(&mut self, now: Instant) {
        let pause = self.list_backoff.failed();
        self.list = ListState::Next(now + pause, NextList::Now(ListTiming::Before));
    }

    /// Has the list asked at once, or from a moment on; returns the question that this takes the place of.
    #[must_use]
    pub(super) fn ask_now(&mut self, asked: ListTiming, at: Instant) -> Option<u64> {
        let (replaced, before) = match &self.list {
            ListState::Asked(number, ask) => (Some(*number), ask.asked()),
            ListState::Next(_, ask) => (None, ask.asked()),
        };
        let asked = if before == ListTiming::AfterStream {
            before
        } else {
            asked
        };
        self.list = ListState::Next(at, NextList::Now(asked));
        replaced
    }

    /// Has a list that only waits asked at once, but seldom: Nomad is perhaps not there.
    #[must_use]
    pub(super) fn recheck(&mut self, now: Instant) -> Option<u64> {
        let (ListState::Asked(_, ask) | ListState::Next(_, ask)) = &self.list;
        let lately = self
            .rechecked
            .is_some_and(|at| now.duration_since(at) < RECHECK_GAP);
        if *ask != NextList::Blocking || lately {
            return None;
        }
        self.rechecked = Some(now);
        self.ask_now(ListTiming::Before, now)
    }

    /// Says whether its list is the only one that fails.
    pub(super) fn is_failing(&self) -> bool {
        self.list_backoff.failures() > 0
    }

    fn least_pause(&self) -> Duration {
        match &*self.name {
            crate::sync::rights::ALL => Duration::ZERO,
            _ => SINGLE_PAUSE,
        }
    }
}

impl NextList {
    fn asked(self) -> ListTiming {
        match self {
            Self::Blocking => ListTiming::Before,
            Self::Now(asked) => asked,
        }
    }

    /// Returns how Nomad is asked, and what the plan is told of it.
    pub(super) fn wait(self, index: u64, wait: Duration) -> (WaitMode, ListTiming) {
        match self {
            Self::Blocking => (WaitMode::Over(index, wait), self.asked()),
            Self::Now(_) => (WaitMode::No, self.asked()),
        }
    }
}
