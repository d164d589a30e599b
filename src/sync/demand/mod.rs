//! The services that are read because they are asked for: what is kept of each, and which is read next.
//!
//! Floor 2, no I/O, in use where the token may list nothing. Equal wishes wait for one read. What was read counts for
//! its keeping time; while it is asked for, it is read again before that is over. Names, waiters and reads are bounded.

mod budget;
mod driver;
#[cfg(test)]
mod proofs;
mod waiter;

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

pub(super) use self::driver::{Answered, Demand, Nomad};
pub(super) use self::waiter::Waiter;

use self::budget::Budget;
use self::waiter::tell;
use super::key::Key;
use super::settings::OnDemand;
use crate::catalog::{Doubt, NotRead};

/// Queries that wait for the read of one service.
const WAITERS_MAX: usize = 1024;
/// How long a service that nobody asks for stays in the catalogue.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);
/// How long a service whose read failed is not read again.
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// All of them.
#[derive(Debug)]
pub(super) struct Demands {
    settings: OnDemand,
    names: HashMap<Key, Kept, ahash::RandomState>,
    queue: VecDeque<Key>,
    budget: Budget,
}

/// Whether a service has instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It was never read.
    Nothing,
    Here,
    Absent,
}

#[derive(Debug)]
struct Kept {
    known: Known,
    asked: Instant,
    /// When the last read that succeeded was asked of Nomad.
    read: Option<Instant>,
    /// When the last read failed, and why.
    failed: Option<(Instant, Doubt)>,
    work: Work,
    waiters: Vec<Waiter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Idle,
    Queued,
    Reading(Instant),
}

/// What a wish comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// What is kept is new enough.
    Held,
    /// It is, but is read again meanwhile.
    HeldAndRead,
    /// It has to be read first.
    Read,
}

impl Demands {
    pub(super) fn new(settings: OnDemand, now: Instant) -> Self {
        Self {
            budget: Budget::new(settings.reads_per_second, now),
            settings,
            names: HashMap::default(),
            queue: VecDeque::new(),
        }
    }

    /// Takes over a service that the catalogue has from before; it has to be read before it counts.
    pub(super) fn inherit(&mut self, key: Key, now: Instant) {
        self.names
            .entry(key)
            .or_insert_with(|| Kept::new(Known::Here, now));
    }

    /// Takes a wish: it is told at once what is known, or once the service has been read.
    ///
    /// Returns a service that has to leave the catalogue to make room.
    pub(super) fn ask(
        &mut self,
        key: Key,
        client: Option<IpAddr>,
        waiter: Waiter,
        now: Instant,
    ) -> Option<Key> {
        let is_new = !self.names.contains_key(&key);
        // First of all: a name that nobody may read costs neither room nor a search for it.
        if is_new && !self.budget.take(client, Known::Nothing, now) {
            tell(waiter, Err(NotRead::Overloaded));
            return None;
        }
        let gone = if is_new { self.make_room() } else { None };
        let kept = self
            .names
            .entry(key.clone())
            .or_insert_with(|| Kept::new(Known::Nothing, now));
        kept.asked = now;
        let wish = kept.wish(&self.settings, now);
        let begins = wish != Wish::Held && kept.work == Work::Idle;
        if let Some(doubt) = kept.failed_just(now).filter(|_| wish != Wish::Held) {
            tell(waiter, without_read(kept.known, NotRead::InDoubt(doubt)));
            return gone;
        }
        if begins && !is_new && !self.budget.take(client, kept.known, now) {
            tell(waiter, without_read(kept.known, NotRead::Overloaded));
            return gone;
        }
        if begins {
            kept.work = Work::Queued;
            // What is known comes before what may not be there.
            match kept.known {
                Known::Here => self.queue.push_front(key),
                Known::Absent | Known::Nothing => self.queue.push_back(key),
            }
        }
        match wish {
            Wish::Held | Wish::HeldAndRead => tell(waiter, Ok(())),
            Wish::Read => kept.wait(waiter),
        }
        gone
    }

    /// Returns the next service to read.
    pub(super) fn next_read(&mut self, now: Instant) -> Option<Key> {
        let key = self.queue.pop_front()?;
        if let Some(kept) = self.names.get_mut(&key) {
            kept.work = Work::Reading(now);
        }
        Some(key)
    }

    /// Notes what a read found, and returns who waits until the catalogue has it.
    pub(super) fn read(&mut self, key: &Key, known: Known) -> Vec<Waiter> {
        let Some(kept) = self.names.get_mut(key) else {
            return Vec::new();
        };
        if let Work::Reading(asked) = std::mem::replace(&mut kept.work, Work::Idle) {
            kept.read = Some(asked);
        }
        (kept.known, kept.failed) = (known, None);
        std::mem::take(&mut kept.waiters)
    }

    /// Notes that a read failed; who waits is told what is known from before, if anything is.
    pub(super) fn failed(&mut self, key: &Key, doubt: Doubt, now: Instant) {
        if let Some(kept) = self.names.get_mut(key) {
            kept.work = Work::Idle;
            kept.failed = Some((now, doubt));
            let known = kept.known;
            for waiter in kept.waiters.drain(..) {
                tell(waiter, without_read(known, NotRead::InDoubt(doubt)));
            }
        }
    }

    /// Answers a wish while Nomad cannot be read: by what is known from before, if anything is.
    pub(super) fn ask_without_nomad(&self, key: &Key, waiter: Waiter) {
        let known = self
            .names
            .get(key)
            .map_or(Known::Nothing, |kept| kept.known);
        let error = NotRead::InDoubt(Doubt::Unreadable);
        tell(waiter, without_read(known, error));
    }

    /// Fails what is not being read yet: Nomad cannot be read now.
    pub(super) fn fail_queued(&mut self, now: Instant) {
        while let Some(key) = self.queue.pop_front() {
            self.failed(&key, Doubt::Unreadable, now);
        }
    }

    /// Forgets what is kept no longer; returns what has to leave the catalogue.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<Key> {
        let keep_absent = self.settings.keep_absent;
        let mut gone = Vec::new();
        self.names.retain(|key, kept| {
            let idle = now.duration_since(kept.asked);
            let keep = match kept.known {
                Known::Here => idle < FORGOTTEN_AFTER,
                Known::Absent | Known::Nothing => idle < keep_absent,
            } || kept.work != Work::Idle;
            if !keep && kept.known == Known::Here {
                gone.push(key.clone());
            }
            keep
        });
        gone
    }

    /// Forgets everything but what is being read; returns who waits for anything else.
    pub(super) fn clear(&mut self) -> Vec<Waiter> {
        self.queue.clear();
        let mut waiters = Vec::new();
        self.names.retain(|_, kept| {
            let reading = matches!(kept.work, Work::Reading(_));
            if !reading {
                waiters.append(&mut kept.waiters);
            }
            reading
        });
        waiters
    }

    /// Makes room for one more name, by the one that was asked for longest ago.
    fn make_room(&mut self) -> Option<Key> {
        if self.names.len() < self.settings.names {
            return None;
        }
        let idle = self
            .names
            .iter()
            .filter(|(_, kept)| kept.work == Work::Idle);
        // Denials go first: they cost one read when they are asked for again, and no last state is lost.
        let (oldest, known) = idle
            .min_by_key(|(_, kept)| (kept.known == Known::Here, kept.asked))
            .map(|(key, kept)| (key.clone(), kept.known))?;
        self.names.remove(&oldest);
        (known == Known::Here).then_some(oldest)
    }
}

impl Kept {
    fn new(known: Known, now: Instant) -> Self {
        Self {
            known,
            asked: now,
            read: None,
            failed: None,
            work: Work::Idle,
            waiters: Vec::new(),
        }
    }

    fn wish(&self, settings: &OnDemand, now: Instant) -> Wish {
        let keep = match self.known {
            Known::Here => settings.keep,
            Known::Absent => settings.keep_absent,
            Known::Nothing => return Wish::Read,
        };
        match self.read.map(|read| now.duration_since(read)) {
            Some(age) if age < keep / 2 => Wish::Held,
            Some(age) if age < keep => Wish::HeldAndRead,
            _ => Wish::Read,
        }
    }

    /// Why it is not read again yet.
    fn failed_just(&self, now: Instant) -> Option<Doubt> {
        let (failed, doubt) = self.failed?;
        (now.duration_since(failed) < FAILED_PAUSE).then_some(doubt)
    }

    fn wait(&mut self, waiter: Waiter) {
        if self.waiters.len() >= WAITERS_MAX {
            // Queries that timed out wait no longer.
            self.waiters.retain(|waiter| !waiter.is_closed());
        }
        if self.waiters.len() < WAITERS_MAX {
            self.waiters.push(waiter);
        } else {
            tell(waiter, Err(NotRead::Overloaded));
        }
    }
}

/// What is said without a new read: an old answer is better than none, an old denial is not.
fn without_read(known: Known, error: NotRead) -> Result<(), NotRead> {
    match known {
        Known::Here => Ok(()),
        Known::Absent | Known::Nothing => Err(error),
    }
}
