//! One list that is followed, `*` or one namespace, and how far the event stream can be trusted beside it.
//!
//! Floor 2, no I/O. The list's index says that something changed, the stream's frames say what. A list index
//! without its own frame is a change that the stream did not tell: a silent deletion, or a gap.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// Frame indexes that are remembered, to be found again in the list's index.
const FRAMES_REMEMBERED: usize = 1024;
/// List indexes that may wait for their frame before everything is read again.
const AWAITED_MAX: usize = 64;

/// One list and its stream.
#[derive(Debug)]
pub(super) struct Scope {
    /// `*` or a namespace.
    pub(super) name: Arc<str>,
    /// The index of the last list; 0 before the first.
    pub(super) index: u64,
    /// Every change up to this index has been told by the stream, or is being read.
    pub(super) covered: u64,
    /// The index that the list being asked must reach.
    pub(super) floor: u64,
    /// Lists in a row with an index lower than before.
    pub(super) lower: u32,
    /// The namespaces that the stream was opened for.
    pub(super) subscribed: HashSet<Arc<str>>,
    stream: Stream,
    attention: Attention,
    frames: VecDeque<u64>,
    awaited: VecDeque<(u64, Instant)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// There is none, and none soon.
    None,
    /// It broke, and is being opened again.
    Broken,
    /// It is open, but may have a gap before its first frame; asked from this index.
    Unproven(u64),
    /// It is open and tells every change.
    Proven,
}

/// Whether every index of the list is seen, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attention {
    Paid,
    /// The list was not followed for a while: its next index may stand for many changes, silent ones among them.
    Lapsed,
}

/// Whether everything has to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    NotNeeded,
    Needed,
}

impl Scope {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            index: 0,
            covered: 0,
            floor: 0,
            lower: 0,
            subscribed: HashSet::new(),
            stream: Stream::None,
            attention: Attention::Paid,
            frames: VecDeque::new(),
            awaited: VecDeque::new(),
        }
    }

    /// Returns the one namespace, or none when it is all of them.
    pub(super) fn namespace(&self) -> Option<&str> {
        (*self.name != *"*").then_some(&self.name)
    }

    pub(super) fn has_stream(&self) -> bool {
        matches!(self.stream, Stream::Proven | Stream::Unproven(_))
    }

    /// Returns the index that a new stream should be asked from.
    pub(super) fn resume_from(&self) -> u64 {
        self.covered
    }

    /// Notes that the list is followed again after a while.
    pub(super) fn follow_again(&mut self) {
        self.attention = Attention::Lapsed;
    }

    pub(super) fn stream_up(&mut self, asked: u64) {
        self.stream = Stream::Unproven(asked);
    }

    pub(super) fn stream_down(&mut self, again: StreamAgain) -> Pass {
        self.stream = match again {
            StreamAgain::Soon => Stream::Broken,
            StreamAgain::NotSoon => Stream::None,
        };
        match (again, self.awaited.is_empty()) {
            (StreamAgain::NotSoon, false) => {
                self.awaited.clear();
                Pass::Needed
            }
            _ => Pass::NotNeeded,
        }
    }

    /// Says whether a frame tells something new; after a reconnection old ones come again.
    pub(super) fn is_new(&self, index: u64) -> bool {
        index > self.covered && self.frames.back().is_none_or(|&last| last < index)
    }

    /// Notes a frame.
    pub(super) fn frame(&mut self, index: u64) -> Pass {
        if self.stream == Stream::Unproven(index) {
            self.stream = Stream::Proven;
        }
        self.told(index);
        // Old frames come again after a reconnection.
        if self.frames.back().is_none_or(|&last| last < index) {
            self.frames.push_back(index);
            if self.frames.len() > FRAMES_REMEMBERED {
                self.frames.pop_front();
            }
        }
        let mut pass = Pass::NotNeeded;
        while let Some(&(awaited, _)) = self.awaited.front().filter(|(at, _)| *at <= index) {
            self.awaited.pop_front();
            if awaited != index {
                pass = Pass::Needed;
            }
        }
        pass
    }

    /// Notes the index of a list; `fresh` is one asked after the stream came up.
    pub(super) fn listed(
        &mut self,
        index: u64,
        fresh: bool,
        now: Instant,
        grace: Duration,
    ) -> Pass {
        let first = self.index == 0;
        let advanced = index > self.index;
        self.index = index;
        self.lower = 0;
        if first {
            self.covered = index;
        }
        let lapsed = std::mem::replace(&mut self.attention, Attention::Paid) == Attention::Lapsed;
        let mut pass = Pass::NotNeeded;
        if lapsed && advanced && !first {
            pass = Pass::Needed;
        }
        if fresh && matches!(self.stream, Stream::Unproven(_)) {
            self.stream = Stream::Proven;
            if index > self.covered {
                pass = Pass::Needed;
            }
        }
        if first || !advanced || pass == Pass::Needed {
            return pass;
        }
        if self.was_told(index) {
            self.told(index);
            return Pass::NotNeeded;
        }
        let newer_frame = self.frames.back().is_some_and(|&last| last > index);
        if self.stream == Stream::None || newer_frame || self.awaited.len() >= AWAITED_MAX {
            return Pass::Needed;
        }
        self.awaited.push_back((index, now + grace));
        Pass::NotNeeded
    }

    /// Notes that a full pass begins, which reads whatever the list's index shows.
    pub(super) fn pass_begins(&mut self) {
        self.covered = self.index;
        self.awaited.retain(|(index, _)| *index > self.covered);
    }

    /// Forgets every index: Nomad's own went back.
    pub(super) fn restart(&mut self) {
        self.index = 0;
        self.covered = 0;
        self.floor = 0;
        self.lower = 0;
        self.frames.clear();
        self.awaited.clear();
    }

    /// Returns when the first index that waits for its frame has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.awaited.front().map(|(_, at)| *at)
    }

    /// Gives up on the frames that are overdue.
    pub(super) fn tick(&mut self, now: Instant) -> Pass {
        let before = self.awaited.len();
        self.awaited.retain(|(_, at)| *at > now);
        if self.awaited.len() < before {
            Pass::Needed
        } else {
            Pass::NotNeeded
        }
    }

    fn told(&mut self, index: u64) {
        if self.stream == Stream::Proven {
            self.covered = self.covered.max(index);
        }
    }

    fn was_told(&self, index: u64) -> bool {
        // What is older than all that is remembered was looked at when it was new.
        self.frames.len() == FRAMES_REMEMBERED
            && self.frames.front().is_some_and(|&old| index < old)
            || self.frames.binary_search(&index).is_ok()
    }
}

/// Whether a stream that ended is opened again at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamAgain {
    /// It is.
    Soon,
    /// It is not: it is not allowed, or breaks again and again.
    NotSoon,
}
