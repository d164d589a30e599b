//! One list that is followed, with the stream beside it: which of the two runs, and when the next may start.
//!
//! Floor 2.

use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::nomad::Wait;
use crate::sync::pace::Pace;
use crate::sync::plan::Asked;
use crate::sync::settings::{Settings, Times};

/// The shortest time between two doubts.
const DOUBT_GAP: Duration = Duration::from_secs(1);

/// One list and its stream.
#[derive(Debug)]
pub(super) struct Watch {
    /// `*` or a namespace.
    pub(super) name: String,
    pub(super) list: List,
    pub(super) stream: Stream,
    pub(super) stream_pace: Pace,
    /// When it was last asked for doubt's sake.
    doubted: Option<Instant>,
}

/// The list's state.
#[derive(Debug)]
pub(super) enum List {
    Asked(AbortHandle, Ask),
    /// It may be asked from this moment on.
    Next(Instant, Ask),
}

/// How the next list is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// When something changes.
    Blocking,
    /// At once; and whether the stream has come up since the last.
    Now(Asked),
}

/// The stream's state.
#[derive(Debug)]
pub(super) enum Stream {
    /// It may be opened from this moment on.
    Closed(Instant),
    /// It is being opened, or open: with its number and the index it was asked from.
    Open {
        task: AbortHandle,
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
    pub(super) fn new(name: &str, now: Instant, settings: &Settings) -> Self {
        Self {
            name: name.into(),
            list: List::Next(now, Ask::Blocking),
            stream: Stream::Closed(now),
            stream_pace: Pace::new(settings.backoff_max),
            doubted: None,
        }
    }

    /// Notes that the list has answered with so many services; it is asked again after its pause.
    pub(super) fn listed(&mut self, services: usize, times: &Times) {
        let pause = match self.stream {
            // The stream tells what changes, and a long list costs what hundreds of changes cost.
            Stream::Open {
                since: Since::Up(_),
                ..
            } => times.list_pause(services),
            _ => Duration::ZERO,
        };
        self.list = List::Next(Instant::now() + pause, Ask::Blocking);
    }

    /// Has the list asked at once, whether it is being waited for or not.
    pub(super) fn ask_now(&mut self, asked: Asked, at: Instant) {
        let before = match &self.list {
            List::Asked(task, ask) => {
                task.abort();
                ask.asked()
            }
            List::Next(_, ask) => ask.asked(),
        };
        let asked = if before == Asked::AfterStream {
            before
        } else {
            asked
        };
        self.list = List::Next(at, Ask::Now(asked));
    }

    /// Has a list that only waits asked at once, but seldom: Nomad is perhaps not there.
    pub(super) fn doubt(&mut self, now: Instant) {
        let (List::Asked(_, ask) | List::Next(_, ask)) = &self.list;
        let lately = self
            .doubted
            .is_some_and(|at| now.duration_since(at) < DOUBT_GAP);
        if *ask == Ask::Blocking && !lately {
            self.doubted = Some(now);
            self.ask_now(Asked::Before, now);
        }
    }

    /// Stops list and stream.
    pub(super) fn stop(&self) {
        if let List::Asked(task, _) = &self.list {
            task.abort();
        }
        if let Stream::Open { task, .. } = &self.stream {
            task.abort();
        }
    }
}

impl Ask {
    fn asked(self) -> Asked {
        match self {
            Self::Blocking => Asked::Before,
            Self::Now(asked) => asked,
        }
    }

    /// Returns how Nomad is asked, and what the plan is told of it.
    pub(super) fn wait(self, index: u64, wait: Duration) -> (Wait, Asked) {
        match self {
            Self::Blocking => (Wait::Over(index, wait), self.asked()),
            Self::Now(_) => (Wait::No, self.asked()),
        }
    }
}
