//! The log that the servers of a simulated cluster share: one leads, the others follow.
//!
//! No messages are sent. Whenever the state is read, or a timer is due, `advance` computes what every server would
//! know by now. A change is in the log at once. Servers see it when there is a leader to commit it, and each follower
//! when it is reachable and its lag is over. As in Nomad, a minority has no leader.

mod election;
mod member;
mod view;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::demo::replica::Replica;
use crate::demo::shared::locked;
use crate::demo::state::Cluster;
use crate::demo::state::log::Frame;
use member::Member;

pub use member::Lag;
pub(crate) use view::Contact;

/// Entries that are kept; who needs an older one gets the whole state.
const ENTRIES_KEPT: usize = 1024;
/// How fast servers notice what happens to the others.
#[derive(Clone, Copy, Debug)]
pub struct RaftTimes {
    /// How long a leader that reaches no majority still leads.
    pub lease: Duration,
    /// How long a follower believes in a leader of whom it hears nothing; then another is elected.
    pub heartbeat_timeout: Duration,
    /// How long there is no leader when one is elected by a script.
    pub election: Duration,
    /// How long a server that starts shows what its snapshot on disk holds, before it hears of a leader.
    pub replay: Duration,
    /// How long it then hears of its leader and still shows that, before it applies what came since, bit by bit.
    pub catch_up: Duration,
}

impl Default for RaftTimes {
    fn default() -> Self {
        Self {
            lease: Duration::from_millis(500),
            heartbeat_timeout: Duration::from_millis(1500),
            election: Duration::from_secs(1),
            replay: Duration::from_millis(300),
            catch_up: Duration::from_millis(250),
        }
    }
}

/// The servers and their log.
#[derive(Debug)]
pub(crate) struct Raft {
    inner: Mutex<RaftState>,
    moved: watch::Sender<()>,
}

#[derive(Debug)]
struct RaftState {
    replicas: Vec<Arc<Replica>>,
    members: Vec<Member>,
    times: RaftTimes,
    started: Instant,
    /// The state after everything that was changed.
    head: Cluster,
    log: VecDeque<LogEntry>,
    /// How many entries were dropped from the log's beginning.
    dropped: u64,
    /// How many entries, from the first ever, a leader has committed.
    committed: u64,
    term: u64,
    leader: Option<usize>,
    /// Since when the leader reaches no majority.
    alone_since: Option<Instant>,
    campaign: Option<Campaign>,
}

/// One change: the state after it, and what the event stream says of it.
#[derive(Debug)]
struct LogEntry {
    at: Instant,
    cluster: Cluster,
    frames: Vec<Arc<Frame>>,
}

/// An election that is going on.
#[derive(Clone, Copy, Debug)]
struct Campaign {
    due: Instant,
    /// Who is to win, if a script says so.
    winner: Option<usize>,
}

impl Raft {
    /// Makes servers that hold what the replicas do; the first one leads.
    pub(crate) fn new(replicas: Vec<Arc<Replica>>, head: Cluster, times: RaftTimes) -> Self {
        let members = replicas.iter().map(|_| Member::new(&head)).collect();
        let inner = RaftState {
            replicas,
            members,
            times,
            started: Instant::now(),
            head,
            log: VecDeque::new(),
            dropped: 0,
            committed: 0,
            term: 1,
            leader: Some(0),
            alone_since: None,
            campaign: None,
        };
        Self {
            inner: Mutex::new(inner),
            moved: watch::Sender::new(()),
        }
    }

    /// Lets happen what time brings, until the cluster is gone.
    pub(crate) async fn drive(raft: Weak<Self>) {
        let Some(mut moved) = raft.upgrade().map(|raft| raft.moved.subscribe()) else {
            return;
        };
        loop {
            let due = match raft.upgrade() {
                Some(raft) => raft.advance(),
                None => return,
            };
            let moved = moved.changed();
            let is_gone = match due {
                None => moved.await.is_err(),
                Some(due) => tokio::select! {
                    moved = moved => moved.is_err(),
                    () = sleep_until(due) => false,
                },
            };
            if is_gone {
                return;
            }
        }
    }

    /// Brings every server to what it would know by now; gives when more happens by itself.
    pub(crate) fn advance(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut inner = locked(&self.inner);
        inner.advance(now);
        inner.next_due(now)
    }

    /// Looks at the state after everything that was changed.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Cluster) -> T) -> T {
        look(&locked(&self.inner).head)
    }

    /// Changes the state. Without a leader the change waits for the next one.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Cluster) -> T) -> T {
        self.script(|inner, now| {
            let result = change(&mut inner.head);
            let frames = inner.head.take_frames();
            let cluster = inner.head.clone();
            inner.log.push_back(LogEntry {
                at: now,
                cluster,
                frames,
            });
            result
        })
    }

    /// Does something to the servers, between what came before and what follows from it.
    fn script<T>(&self, act: impl FnOnce(&mut RaftState, Instant) -> T) -> T {
        let now = Instant::now();
        let mut inner = locked(&self.inner);
        inner.advance(now);
        let result = act(&mut inner, now);
        inner.advance(now);
        drop(inner);
        self.moved.send_replace(());
        result
    }
}

impl RaftState {
    fn advance(&mut self, now: Instant) {
        self.see_who_leads(now);
        self.commit(now);
        for number in 0..self.members.len() {
            if self.is_in_contact(number, now) || self.leader == Some(number) {
                let (leader, committed) = (self.leader, self.committed);
                self.members[number].hear(leader, committed, now);
            }
            self.apply(number, now);
        }
        // At least one that is committed stays, for those who start from it.
        while self.log.len() > ENTRIES_KEPT && self.dropped + 1 < self.committed {
            self.log.pop_front();
            self.dropped += 1;
        }
    }

    /// Commits what waits for a leader, if he reaches a majority.
    fn commit(&mut self, now: Instant) {
        let end = self.dropped + self.log.len() as u64;
        if self.leader.is_none() || self.alone_since.is_some() {
            return;
        }
        for position in self.committed.max(self.dropped)..end {
            self.entry_mut(position).at = now;
        }
        self.committed = end;
    }

    /// Lets a server apply what is due there.
    fn apply(&mut self, number: usize, now: Instant) {
        let is_leader = self.leader == Some(number);
        while let Some(due) = self.apply_due(number, is_leader) {
            if due > now {
                return;
            }
            let position = self.members[number].applied;
            let replica = &self.replicas[number];
            if position < self.dropped {
                replica.reset(&self.log[0].cluster);
                self.members[number].applied = self.dropped + 1;
                continue;
            }
            let entry = self.entry(position);
            replica.apply(&entry.cluster, &entry.frames);
            self.members[number].applied += 1;
        }
    }

    /// Says when a server applies its next entry; never, where it has none or is held up.
    fn apply_due(&self, number: usize, is_leader: bool) -> Option<Instant> {
        let member = &self.members[number];
        let is_held = member.is_frozen && !is_leader;
        if member.applied >= member.received || !member.is_running() || is_held {
            return None;
        }
        let entry = self.entry(member.applied.max(self.dropped));
        let replayed = member.replayed(self.times.catch_up).max(Some(entry.at))?;
        match member.lag {
            _ if is_leader => Some(entry.at),
            Lag::None => Some(replayed),
            Lag::Time(lag) => Some(replayed.max(entry.at + lag)),
            Lag::Indexes(lag) => {
                let newest = self
                    .entry(self.committed.saturating_sub(1))
                    .cluster
                    .raft_index();
                (entry.cluster.raft_index() + lag <= newest).then_some(replayed)
            }
        }
    }

    fn entry(&self, position: u64) -> &LogEntry {
        &self.log[usize::try_from(position - self.dropped).unwrap_or(usize::MAX)]
    }

    fn entry_mut(&mut self, position: u64) -> &mut LogEntry {
        let at = usize::try_from(position - self.dropped).unwrap_or(usize::MAX);
        &mut self.log[at]
    }
}
