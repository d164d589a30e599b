//! The one task that follows Nomad: starts what the plan and the time demand, and takes what comes back.
//!
//! Floor 2. Lists, reads and streams run in tasks of their own; every result comes back here, where the plan, the
//! catalogue's writer and the status are changed in turn and without a lock.

mod guard;
mod health;
mod lists;
mod outage;
mod reads;
mod streams;
mod watch;

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use self::health::HealthReads;
use self::outage::Outage;
use self::streams::StreamEvent;
use self::watch::Watch;
use super::access::{Access, Lists};
use super::guard::Guard;
use super::health::Ticket;
use super::oddities::Oddities;
use super::plan::{Asked, Order, Plan};
use super::registration::Converted;
use super::settings::Settings;
use super::status::Status;
use super::twins::Twins;
use crate::catalog::{Outcome, Writer};
use crate::nomad::{AllocationStub, Check, Client, Listed, NomadError};

/// Frames of the streams that may wait for the engine.
const EVENTS_QUEUED: usize = 256;
/// How often old addresses are forgotten and the status is refreshed without any other reason.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// Follows Nomad and keeps the catalogue true, until `shutdown` is done.
pub async fn run(
    settings: Settings,
    client: Client,
    writer: Writer,
    status: Arc<Status>,
    shutdown: impl Future<Output = ()>,
) {
    let mut engine = Engine::new(settings, client, writer, status);
    let mut shutdown = pin!(shutdown);
    loop {
        let wake = engine.turn();
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            Some(event) = engine.events.recv() => engine.streamed(event),
            Some(done) = engine.tasks.join_next_with_id() => engine.done(done),
            () = sleep_until(wake) => {}
        }
        engine.take_what_is_ready();
    }
}

struct Engine {
    settings: Arc<Settings>,
    client: Client,
    writer: Writer,
    status: Arc<Status>,
    plan: Plan,
    oddities: Oddities,
    twins: Twins,
    access: Access,
    /// What the log says of it.
    access_said: Access,
    /// Whether the log says that Nomad does not understand the filter.
    filter_said: bool,
    phase: Phase,
    outage: Outage,
    watches: Vec<Watch>,
    /// When the watches began.
    followed: Instant,
    /// Changes when watches do: a result of an older session counts no longer.
    session: u64,
    /// The number of the last stream that was opened.
    streams: u64,
    tasks: JoinSet<Done>,
    reading: HashMap<Id, Order>,
    health: HealthReads,
    guard: Guard,
    /// The lists that have not confirmed yet what the guard holds back.
    unconfirmed: HashSet<String>,
    events: mpsc::Receiver<StreamEvent>,
    events_sender: mpsc::Sender<StreamEvent>,
    catalogue: Catalogue,
    housekeeping: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing is asked until then.
    Pausing(Instant),
    /// It is being found out what may be listed.
    Finding,
    /// Lists and streams are followed.
    Following,
}

/// How the published catalogue stands to the working copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Catalogue {
    /// Nothing is answered: it was not complete yet, or became too old.
    NeverPublished,
    Published,
    Changed,
}

/// What a task brings back.
enum Done {
    Found(u64, Result<Lists, NomadError>),
    Listed(u64, usize, Asked, Result<Listed, NomadError>),
    Read(Result<(u64, Converted), NomadError>),
    Checks(Ticket, Result<Vec<Check>, NomadError>),
    /// The allocations that ended, and how long Nomad took to list them.
    Ended(Duration, Result<Vec<AllocationStub>, NomadError>),
    /// A stream, which has told its end already.
    Stream,
}

impl Engine {
    fn new(settings: Settings, client: Client, writer: Writer, status: Arc<Status>) -> Self {
        let (events_sender, events) = mpsc::channel(EVENTS_QUEUED);
        let now = Instant::now();
        Self {
            plan: Plan::new(settings.times),
            outage: Outage::new(&settings),
            health: HealthReads::new(&settings, now),
            guard: Guard::new(settings.mass_loss_grace),
            unconfirmed: HashSet::new(),
            settings: Arc::new(settings),
            client,
            writer,
            status,
            oddities: Oddities::default(),
            twins: Twins::default(),
            access: Access::Unknown,
            access_said: Access::Unknown,
            filter_said: false,
            phase: Phase::Pausing(now),
            watches: Vec::new(),
            followed: now,
            session: 0,
            streams: 0,
            tasks: JoinSet::new(),
            reading: HashMap::new(),
            events,
            events_sender,
            catalogue: Catalogue::NeverPublished,
            housekeeping: now,
        }
    }

    /// Starts what is due, publishes what changed, and returns when there is more to do without any result.
    fn turn(&mut self) -> Instant {
        let now = Instant::now();
        let mut wake = self.keep_house(now);
        match self.phase {
            Phase::Pausing(until) if until <= now => self.find(),
            Phase::Pausing(until) => wake = wake.min(until),
            Phase::Finding => {}
            Phase::Following => {
                self.plan.tick(now);
                let due = [
                    self.ask_lists(now),
                    self.open_streams(now),
                    self.start_reads(now),
                    self.keep_guard(now),
                    self.keep_health(now),
                ];
                wake = due
                    .into_iter()
                    .flatten()
                    .chain(self.plan.tick_due())
                    .fold(wake, Instant::min);
            }
        }
        self.publish();
        wake
    }

    /// Takes the results that are there already, so that a burst is published once.
    fn take_what_is_ready(&mut self) {
        for _ in 0..EVENTS_QUEUED {
            if let Ok(event) = self.events.try_recv() {
                self.streamed(event);
            } else if let Some(done) = self.tasks.try_join_next_with_id() {
                self.done(done);
            } else {
                return;
            }
        }
    }

    fn done(&mut self, done: Result<(Id, Done), JoinError>) {
        match done {
            Ok((_, Done::Found(session, found))) if session == self.session => self.found(found),
            Ok((_, Done::Listed(session, watch, asked, listed))) if session == self.session => {
                let services = listed.as_ref().map_or(0, |listed| listed.services.len());
                self.watches[watch].listed(services, &self.settings.times);
                self.listed(watch, asked, listed);
            }
            Ok((id, Done::Read(read))) => {
                if let Some(order) = self.reading.remove(&id) {
                    self.read(&order, read);
                }
            }
            Ok((id, Done::Checks(ticket, checks))) => {
                self.health.is_over(id);
                self.checked(ticket, checks);
            }
            Ok((id, Done::Ended(took, ended))) => {
                self.health.is_over(id);
                self.listed_ended(took, ended);
            }
            Ok((_, Done::Found(..) | Done::Listed(..) | Done::Stream)) => {}
            Err(error) if error.is_cancelled() => {}
            Err(error) => self.panicked(&error),
        }
    }

    /// A task of ours has a bug: what it did is done again later.
    fn panicked(&mut self, error: &JoinError) {
        tracing::error!(%error, "a task of the synchronisation panicked");
        match self.reading.remove(&error.id()) {
            Some(order) => self
                .plan
                .failed(&order, super::plan::Failure::Other, Instant::now()),
            None if self.health.is_over(error.id()) => {}
            None => self.lose(outage::Loss::List, "an internal error", None),
        }
    }

    fn publish(&mut self) {
        let first = self.catalogue == Catalogue::NeverPublished;
        let waits = !self.plan.is_complete() || self.outage.is_on();
        if self.catalogue == Catalogue::Published || (first && waits) {
            return;
        }
        let index = self.plan.highest_index();
        self.writer.publish(index);
        self.catalogue = Catalogue::Published;
        self.show_counts();
        if first {
            let (services, instances) = self.plan.counts();
            self.status.set_ready();
            tracing::info!(services, instances, index, "sync complete");
        }
    }

    fn changed(&mut self) {
        if self.catalogue == Catalogue::Published {
            self.catalogue = Catalogue::Changed;
        }
    }

    fn keep_house(&mut self, now: Instant) -> Instant {
        if now >= self.housekeeping {
            self.housekeeping = now + HOUSEKEEPING;
            if self.writer.retire_addresses(self.settings.address_grace) == Outcome::Changed {
                self.changed();
            }
            if self.catalogue == Catalogue::NeverPublished && self.phase == Phase::Following {
                let open = self.plan.open();
                self.status
                    .set_not_ready(format!("first sync: {open} services are still to be read"));
            }
            self.withdraw_what_is_too_old();
            self.show_counts();
            self.find_more(now);
        }
        self.housekeeping
    }

    fn show_counts(&self) {
        self.status
            .set_counts(self.plan.highest_index(), self.plan.counts());
        self.status.set_oddities(&self.oddities.totals());
    }
}
