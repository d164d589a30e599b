//! One server as the others see it: whether they reach it, how much of the log it has, and when it last heard from a
//! leader.

use std::time::Duration;

use tokio::time::Instant;

use super::{Raft, RaftState};
use crate::demo::state::Cluster;

/// How long a server that starts shows each state that it comes by.
const REPLAY_STEP: Duration = Duration::from_millis(10);

/// How far a follower is behind what it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lag {
    /// Not at all.
    #[default]
    None,
    /// It applies each change so much later.
    Time(Duration),
    /// It applies a change when so many raft indexes have come after it.
    Indexes(u64),
}

impl From<Duration> for Lag {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

/// A server.
#[derive(Debug)]
pub(super) struct Member {
    /// Whether the process runs.
    is_up: bool,
    /// Whether it runs, but does nothing, as after SIGSTOP.
    is_hung: bool,
    is_cut_off: bool,
    /// Whether it applies nothing of what it is told.
    pub(super) is_frozen: bool,
    pub(super) lag: Lag,
    /// Entries, from the first ever, that it has applied.
    pub(super) applied: u64,
    /// Entries that it knows to be committed.
    pub(super) received: u64,
    /// What it has on disk, and how many entries are in it.
    snapshot: (u64, Cluster),
    /// When it heard of a leader last.
    pub(super) heard: Option<Instant>,
    /// The leader that it heard of, until it gives up believing in him.
    believes: Option<usize>,
    /// Before this it hears of nobody, since it has just started.
    joins: Option<Instant>,
}

impl Member {
    pub(super) fn new(state: &Cluster) -> Self {
        Self {
            is_up: true,
            is_hung: false,
            is_cut_off: false,
            is_frozen: false,
            lag: Lag::None,
            applied: 0,
            received: 0,
            snapshot: (0, state.clone()),
            heard: None,
            believes: None,
            joins: None,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_up && !self.is_hung
    }

    /// Says whether messages get through between it and the majority's side.
    pub(super) fn is_linked(&self, now: Instant) -> bool {
        self.is_running() && !self.is_cut_off && self.joins.is_none_or(|joins| joins <= now)
    }

    /// Says when it applies its next entry after a start: each is seen for a moment, all within a time.
    pub(super) fn replayed(&self, catch_up: Duration) -> Option<Instant> {
        let joins = self.joins?;
        let entries =
            u32::try_from(self.applied.saturating_sub(self.snapshot.0)).unwrap_or(u32::MAX);
        let replay = (REPLAY_STEP.saturating_mul(entries)).min(catch_up);
        Some(joins + catch_up + replay)
    }

    pub(super) fn joins(&self) -> Option<Instant> {
        self.joins
    }

    pub(super) fn hear(&mut self, leader: Option<usize>, committed: u64, now: Instant) {
        self.heard = Some(now);
        self.believes = leader;
        self.received = committed;
    }

    /// Makes it know of no leader, as after a heartbeat timeout.
    pub(super) fn forget_leader(&mut self) {
        self.believes = None;
    }

    /// Makes it a leader no longer. As in Nomad that counts as a contact.
    pub(super) fn step_down(&mut self, now: Instant) {
        self.heard = Some(now);
        self.believes = None;
    }

    pub(super) fn believed(&self, now: Instant, timeout: Duration) -> Option<usize> {
        let heard = self.heard?;
        self.believes
            .filter(|_| now.duration_since(heard) < timeout)
    }
}

impl RaftState {
    /// Starts a server from what it has on disk.
    fn start(&mut self, number: usize, now: Instant) {
        if self.leader == Some(number) {
            self.leader = None;
            self.alone_since = None;
        }
        let joins = now + self.times.replay;
        let member = &mut self.members[number];
        let (position, state) = &member.snapshot;
        self.replicas[number].reset(state);
        member.applied = *position;
        member.received = *position;
        member.is_up = true;
        member.is_hung = false;
        member.heard = None;
        member.believes = None;
        member.joins = Some(joins);
    }
}

impl Raft {
    pub(crate) fn lag(&self, number: usize, lag: Lag) {
        self.script(|inner, _| inner.members[number].lag = lag);
    }

    pub(crate) fn freeze(&self, number: usize, is_frozen: bool) {
        self.script(|inner, _| inner.members[number].is_frozen = is_frozen);
    }

    pub(crate) fn cut_off(&self, number: usize) {
        self.script(|inner, _| {
            // Who is alone has nobody to be cut off from.
            inner.members[number].is_cut_off = inner.members.len() > 1;
        });
    }

    pub(crate) fn heal(&self) {
        self.script(|inner, _| {
            for member in &mut inner.members {
                member.is_cut_off = false;
            }
        });
    }

    pub(crate) fn hang(&self, number: usize, is_hung: bool) {
        self.script(|inner, _| inner.members[number].is_hung = is_hung);
    }

    pub(crate) fn stop(&self, number: usize) {
        self.script(|inner, _| inner.members[number].is_up = false);
    }

    pub(crate) fn is_up(&self, number: usize) -> bool {
        self.script(|inner, _| inner.members[number].is_up)
    }

    pub(crate) fn restart(&self, number: usize) {
        self.script(|inner, now| inner.start(number, now));
    }

    /// Writes a server's state to its disk: from there it starts the next time.
    pub(crate) fn save(&self, number: usize) {
        self.script(|inner, _| {
            let state = inner.replicas[number].read(Cluster::clone);
            let member = &mut inner.members[number];
            member.snapshot = (member.applied, state);
        });
    }

    /// Has a server elected, after a time without any leader.
    pub(crate) fn elect(&self, number: usize) {
        self.script(|inner, now| inner.call_election(number, now));
    }
}
