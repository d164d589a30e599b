//! One list that is followed, `*` or one namespace, and how far its event stream can be trusted.
//!
//! Floor 2, no I/O. The list's index says that something changed, the stream's frames say what. An index without a
//! frame needs an explanation: it is a change that the stream did not report, either a deletion without event or a
//! gap. All namespaces share one index, so for a single namespace it is most likely a change in another one.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// Frame indexes that are remembered, to be found again in the list's index.
const FRAMES_REMEMBERED: usize = 1024;
/// Indexes that may wait for their frame before everything is read again.
const OWED_MAX: usize = 64;

/// One list and its stream.
#[derive(Debug)]
pub(super) struct Scope {
    /// `*` or a namespace.
    pub(super) name: Arc<str>,
    /// The index of the last list; 0 before the first.
    pub(super) index: u64,
    /// The index that a new stream resumes from: every change up to it has had a frame, or is being read.
    pub(super) resume_index: u64,
    /// The index that the list being asked must reach.
    pub(super) floor: u64,
    /// Lists in a row with an index lower than what is known.
    pub(super) lower: u32,
    /// The namespaces that the stream was opened for.
    pub(super) subscribed: HashSet<Arc<str>>,
    stream: StreamTrust,
    attention: Attention,
    frames: VecDeque<u64>,
    /// Everything was read at this index or a later one.
    read_at: u64,
    /// The highest index that an answer showed, be it a list or not.
    seen: u64,
    /// Indexes without a frame, in ascending order, and how long each may wait for it.
    owed: VecDeque<(u64, Instant)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamTrust {
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
pub(super) enum Resync {
    NotNeeded,
    Needed,
}

impl Scope {
    pub(super) fn new(name: &Arc<str>) -> Self {
        Self {
            name: Arc::clone(name),
            index: 0,
            resume_index: 0,
            floor: 0,
            lower: 0,
            subscribed: HashSet::new(),
            stream: StreamTrust::None,
            attention: Attention::Paid,
            frames: VecDeque::new(),
            read_at: 0,
            seen: 0,
            owed: VecDeque::new(),
        }
    }

    /// Returns the one namespace, or none when it is all of them.
    pub(super) fn namespace(&self) -> Option<&str> {
        (*self.name != *"*").then_some(&self.name)
    }

    /// Says whether the list has a namespace's services, if it may be listed.
    pub(super) fn covers(&self, namespace: &str) -> bool {
        self.namespace().is_none_or(|only| *only == *namespace)
    }

    pub(super) fn has_stream(&self) -> bool {
        matches!(self.stream, StreamTrust::Proven | StreamTrust::Unproven(_))
    }

    /// Notes that the list is followed again after a while.
    pub(super) fn follow_again(&mut self) {
        self.attention = Attention::Lapsed;
    }

    pub(super) fn stream_up(&mut self, asked: u64) {
        self.stream = StreamTrust::Unproven(asked);
    }

    pub(super) fn stream_down(&mut self, again: StreamAgain) -> Resync {
        self.stream = match again {
            StreamAgain::Soon => StreamTrust::Broken,
            StreamAgain::NotSoon => StreamTrust::None,
        };
        // What breaks a stream may break the list: its next index may hide a silent change behind one that has a frame.
        self.attention = Attention::Lapsed;
        match (again, self.owed.is_empty()) {
            (StreamAgain::NotSoon, false) => {
                self.owed.clear();
                Resync::Needed
            }
            _ => Resync::NotNeeded,
        }
    }

    /// Says whether a frame tells something new; after a reconnection old ones come again.
    pub(super) fn is_new(&self, index: u64) -> bool {
        index > self.resume_index && self.frames.back().is_none_or(|&last| last < index)
    }

    /// Notes a frame.
    pub(super) fn frame(&mut self, index: u64) -> Resync {
        if self.stream == StreamTrust::Unproven(index) {
            self.stream = StreamTrust::Proven;
        }
        self.advance_resume_index(index);
        // Old frames come again after a reconnection.
        if self.frames.back().is_none_or(|&last| last < index) {
            self.frames.push_back(index);
            if self.frames.len() > FRAMES_REMEMBERED {
                self.frames.pop_front();
            }
        }
        let mut resync = Resync::NotNeeded;
        while let Some(&(owed, _)) = self.owed.front().filter(|(at, _)| *at <= index) {
            self.owed.pop_front();
            if owed != index {
                resync = Resync::Needed;
            }
        }
        resync
    }

    /// Notes the index of a list; `fresh` is one asked after the stream came up.
    pub(super) fn listed(
        &mut self,
        index: u64,
        fresh: bool,
        now: Instant,
        grace: Duration,
    ) -> Resync {
        let first = self.index == 0;
        let advanced = index > self.index;
        self.index = index;
        self.seen = self.seen.max(index);
        self.lower = 0;
        if first {
            self.resume_index = index;
            self.read_at = index;
        }
        let lapsed = std::mem::replace(&mut self.attention, Attention::Paid) == Attention::Lapsed;
        let mut resync = Resync::NotNeeded;
        if lapsed && advanced && !first {
            resync = Resync::Needed;
        }
        if fresh && matches!(self.stream, StreamTrust::Unproven(_)) {
            self.stream = StreamTrust::Proven;
            if index > self.resume_index {
                resync = Resync::Needed;
            }
        }
        if first || !advanced || resync == Resync::Needed {
            return resync;
        }
        if self.has_frame(index) {
            self.advance_resume_index(index);
            return Resync::NotNeeded;
        }
        match (self.stream, self.namespace()) {
            (StreamTrust::None, _) => Resync::Needed,
            (_, Some(_)) => Resync::NotNeeded,
            (_, None) => self.owe(index, now + grace),
        }
    }

    /// Notes an index that Nomad's table had in another answer than a list.
    pub(super) fn observed(&mut self, index: u64, now: Instant, grace: Duration) -> Resync {
        let is_explained = index <= self.read_at || self.has_frame(index);
        // Without a stream, the list tells as much.
        if is_explained || self.stream == StreamTrust::None || self.namespace().is_some() {
            return Resync::NotNeeded;
        }
        self.seen = self.seen.max(index);
        self.owe(index, now + grace)
    }

    /// Notes that a change at an index was missed, so that only a resync that reaches it shows what changed.
    pub(super) fn missed(&mut self, index: u64) -> Resync {
        self.seen = self.seen.max(index);
        Resync::Needed
    }

    /// Notes that a resync begins; returns the index that it has to reach.
    pub(super) fn resync_begins(&mut self) -> u64 {
        self.resume_index = self.resume_index.max(self.index);
        self.read_at = self.seen;
        self.owed.clear();
        self.seen
    }

    /// Forgets every index: Nomad's own went back.
    pub(super) fn restart(&mut self) {
        self.index = 0;
        self.resume_index = 0;
        self.floor = 0;
        self.lower = 0;
        self.read_at = 0;
        self.seen = 0;
        self.frames.clear();
        self.owed.clear();
    }

    /// Returns when the first index that waits for its frame has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.owed.iter().map(|(_, at)| *at).min()
    }

    /// Gives up on the frames that are overdue.
    pub(super) fn tick(&mut self, now: Instant) -> Resync {
        let before = self.owed.len();
        self.owed.retain(|(_, at)| *at > now);
        if self.owed.len() < before {
            Resync::Needed
        } else {
            Resync::NotNeeded
        }
    }

    fn owe(&mut self, index: u64, until: Instant) -> Resync {
        let has_newer_frame = self.frames.back().is_some_and(|&last| last > index);
        if has_newer_frame || self.owed.len() >= OWED_MAX {
            return Resync::Needed;
        }
        if let Err(place) = self.owed.binary_search_by_key(&index, |(at, _)| *at) {
            self.owed.insert(place, (index, until));
        }
        Resync::NotNeeded
    }

    fn advance_resume_index(&mut self, index: u64) {
        if self.stream == StreamTrust::Proven {
            self.resume_index = self.resume_index.max(index);
        }
    }

    fn has_frame(&self, index: u64) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_before_a_stream_was_open_is_read_again() {
        let (now, grace) = (Instant::now(), Duration::from_secs(1));
        let mut scope = Scope::new(&"one".into());
        scope.listed(100, false, now, grace);
        scope.stream_up(100);
        assert_eq!(scope.listed(102, true, now, grace), Resync::Needed);
        assert_eq!(scope.listed(103, true, now, grace), Resync::NotNeeded);
    }
}
