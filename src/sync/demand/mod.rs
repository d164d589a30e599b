//! Services that are read when they are queried: the state of each, and which is read next.
//!
//! Floor 2, no I/O, used if the token cannot list services. Equal requests wait for one read. A result is used for
//! its keeping time; while the service is queried, it is read again before that ends. Names, waiting queries and
//! reads are limited.

mod budget;
mod driver;
#[cfg(test)]
mod floods;
mod kept;
#[cfg(test)]
mod proofs;
mod queue;

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

pub(super) use self::driver::{Demand, Nomad, ReadService};
use self::kept::{Freshness, KeptService, ReadActivity, tell, without_read};
pub(super) use self::kept::{KnownService, Waiter};
use self::queue::{DemandQueue, add_waiter};
use super::key::ServiceKey;
use super::settings::OnDemand;
use crate::catalog::{NotRead, UnknownReason};
use crate::fair_queue::ClientAddress;

/// How long a service that nobody asks for stays in the catalogue.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// All of them.
#[derive(Debug)]
pub(super) struct Demands {
    settings: OnDemand,
    names: HashMap<ServiceKey, KeptService, ahash::RandomState>,
    queue: DemandQueue,
}

impl Demands {
    pub(super) fn new(settings: OnDemand, now: Instant) -> Self {
        Self {
            queue: DemandQueue::new(settings.waiting, settings.reads_per_second, now),
            settings,
            names: HashMap::default(),
        }
    }

    /// Takes over a service that the catalogue has from before; it has to be read before it counts.
    pub(super) fn inherit(&mut self, key: ServiceKey, now: Instant) {
        self.names
            .entry(key)
            .or_insert_with(|| KeptService::new(KnownService::Here, now));
    }

    /// Takes a wish: it is told at once what is known, or once the service has been read.
    pub(super) fn ask(
        &mut self,
        key: ServiceKey,
        client: ClientAddress,
        waiter: Waiter,
        now: Instant,
    ) {
        // A name that is not kept takes its room when it is read: what is never read costs others nothing.
        let (known, freshness) = match self.names.get_mut(&key) {
            None => (KnownService::Nothing, Freshness::Read),
            Some(kept) => {
                kept.asked = now;
                let freshness = kept.freshness(&self.settings, now);
                if let Some(reason) = kept
                    .failed_just(now)
                    .filter(|_| freshness != Freshness::Held)
                {
                    return tell(waiter, without_read(kept.known, NotRead::Unknown(reason)));
                }
                if let (ReadActivity::Reading(_), Freshness::Read) = (kept.work, freshness) {
                    if let Some(waiter) = add_waiter(&mut kept.waiters, waiter) {
                        tell(waiter, Err(NotRead::Overloaded));
                    }
                    return;
                }
                (kept.known, freshness.unless_read(kept.work))
            }
        };
        let waiter = match freshness {
            Freshness::Held => return tell(waiter, Ok(())),
            Freshness::Read if known != KnownService::Here || self.queue.is_open(now) => {
                Some(waiter)
            }
            // An old answer is better than one that has to wait for those of others.
            Freshness::HeldAndRead | Freshness::Read => {
                tell(waiter, Ok(()));
                None
            }
        };
        if let Some((key, waiters)) = self.queue.push(key, known, client, waiter) {
            let known = self.known(&key);
            for waiter in waiters {
                tell(waiter, without_read(known, NotRead::Overloaded));
            }
        }
    }

    /// Returns the next service to read, and one that has to leave the catalogue to make room.
    pub(super) fn next_read(&mut self, now: Instant) -> Option<(ServiceKey, Option<ServiceKey>)> {
        let (key, waiting) = self.queue.pop(now)?;
        let gone = match self.names.contains_key(&key) {
            true => None,
            false => self.make_room(),
        };
        let kept = self.names.entry(key.clone());
        let kept = kept.or_insert_with(|| KeptService::new(KnownService::Nothing, now));
        kept.waiters.extend(waiting.waiters);
        kept.work = ReadActivity::Reading(now);
        Some((key, gone))
    }

    /// When there is another service to read, if none is asked for before; none where none waits.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.queue.when()
    }

    /// Notes what a read found, and returns who waits until the catalogue has it.
    pub(super) fn read(&mut self, key: &ServiceKey, known: KnownService) -> Vec<Waiter> {
        let Some(kept) = self.names.get_mut(key) else {
            return Vec::new();
        };
        if let ReadActivity::Reading(asked) = std::mem::replace(&mut kept.work, ReadActivity::Idle)
        {
            kept.read = Some(asked);
        }
        (kept.known, kept.failed) = (known, None);
        std::mem::take(&mut kept.waiters)
    }

    /// Notes that a read failed; who waits is told what is known from before, if anything is.
    pub(super) fn failed(&mut self, key: &ServiceKey, reason: UnknownReason, now: Instant) {
        if let Some(kept) = self.names.get_mut(key) {
            kept.work = ReadActivity::Idle;
            kept.failed = Some((now, reason));
            let known = kept.known;
            for waiter in kept.waiters.drain(..) {
                tell(waiter, without_read(known, NotRead::Unknown(reason)));
            }
        }
    }

    /// Answers a wish while Nomad cannot be read: by what is known from before, if anything is.
    pub(super) fn ask_without_nomad(&self, key: &ServiceKey, waiter: Waiter) {
        let error = NotRead::Unknown(UnknownReason::Unreadable);
        tell(waiter, without_read(self.known(key), error));
    }

    /// Fails what is not being read yet: Nomad cannot be read now.
    pub(super) fn fail_queued(&mut self, now: Instant) {
        for (key, waiters) in self.queue.drain() {
            let known = self.known(&key);
            if let Some(kept) = self
                .names
                .get_mut(&key)
                .filter(|kept| kept.work == ReadActivity::Idle)
            {
                kept.failed = Some((now, UnknownReason::Unreadable));
            }
            for waiter in waiters {
                let error = NotRead::Unknown(UnknownReason::Unreadable);
                tell(waiter, without_read(known, error));
            }
        }
    }

    /// Forgets what is kept no longer; returns what has to leave the catalogue.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<ServiceKey> {
        let keep_absent = self.settings.keep_absent;
        let mut gone = Vec::new();
        self.names.retain(|key, kept| {
            let idle = now.duration_since(kept.asked);
            let keep = match kept.known {
                KnownService::Here => idle < FORGOTTEN_AFTER,
                KnownService::Absent | KnownService::Nothing => idle < keep_absent,
            } || kept.work != ReadActivity::Idle;
            if !keep && kept.known == KnownService::Here {
                gone.push(key.clone());
            }
            keep
        });
        gone
    }

    /// Forgets everything but what is being read; returns who waits for anything else.
    pub(super) fn clear(&mut self) -> Vec<Waiter> {
        let mut waiters: Vec<_> = self
            .queue
            .drain()
            .flat_map(|(_, waiters)| waiters)
            .collect();
        self.names.retain(|_, kept| {
            let reading = matches!(kept.work, ReadActivity::Reading(_));
            if !reading {
                waiters.append(&mut kept.waiters);
            }
            reading
        });
        waiters
    }

    /// What is known of a service.
    fn known(&self, key: &ServiceKey) -> KnownService {
        let kept = self.names.get(key);
        kept.map_or(KnownService::Nothing, |kept| kept.known)
    }

    /// Makes room for one more name, by the one that was asked for longest ago.
    fn make_room(&mut self) -> Option<ServiceKey> {
        if self.names.len() < self.settings.names {
            return None;
        }
        let idle = self
            .names
            .iter()
            .filter(|(_, kept)| kept.work == ReadActivity::Idle);
        // Denials go first: they cost one read when they are asked for again, and no last state is lost.
        let (oldest, known) = idle
            .min_by_key(|(_, kept)| (kept.known == KnownService::Here, kept.asked))
            .map(|(key, kept)| (key.clone(), kept.known))?;
        self.names.remove(&oldest);
        (known == KnownService::Here).then_some(oldest)
    }
}
