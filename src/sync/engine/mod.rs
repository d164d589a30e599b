//! The one task that follows Nomad: starts what the plan and the time demand, and takes what comes back.
//!
//! Floor 2. Lists, reads and streams run in tasks of their own; every result comes back here, where the plan, the
//! catalogue's writer and the status are changed in turn and without a lock.

mod demand;
mod guard;
mod health;
mod house;
mod lists;
mod outage;
mod publish;
mod reads;
mod stale;
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
use super::demands::Demands;
use super::guard::Guard;
use super::health::Ticket;
use super::oddities::Oddities;
use super::plan::{Asked, Key, Order, Plan};
use super::registration::Converted;
use super::settings::Settings;
use super::status::Status;
use super::twins::Twins;
use crate::catalog::{Ask, Coverage, Writer};
use crate::nomad::{AllocationStub, Check, Client, Listed, NomadError};

/// Frames of the streams that may wait for the engine.
const EVENTS_QUEUED: usize = 256;

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
            Some(ask) = engine.asks.recv() => engine.asked(ask),
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
    /// What queries ask for, and what of it is being read.
    asks: mpsc::Receiver<Ask>,
    demands: Demands,
    demanding: HashMap<Id, Key>,
    coverage: Coverage,
    /// Since when there are services that are followed no longer, since the token may list less.
    narrowed: Option<Instant>,
    /// How often the client has chosen another address.
    moves: usize,
    /// When it was last looked whether the token may read more, or less.
    looked: Instant,
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
    /// Nothing may be followed: services are read as they are asked for.
    OnDemand,
}

/// How the published catalogue stands to the working copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Catalogue {
    /// Nothing is answered: it was not complete yet, or became too old.
    NeverPublished,
    /// What is answered from is what an earlier process left on disk.
    Restored,
    Published,
    Changed,
}

/// What a task brings back.
enum Done {
    Found(u64, Result<Lists, NomadError>),
    /// The same, found out beside what is followed.
    Looked(u64, Result<Lists, NomadError>),
    Listed(u64, usize, Asked, Result<Listed, NomadError>),
    Read(Result<(u64, Converted), NomadError>),
    Demanded(Result<(u64, Converted), NomadError>),
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
        let catalogue = match writer.has_published() {
            true => Catalogue::Restored,
            false => Catalogue::NeverPublished,
        };
        Self {
            plan: Plan::new(settings.times),
            outage: Outage::new(&settings, catalogue),
            demands: Demands::new(settings.on_demand, now),
            demanding: HashMap::new(),
            asks: writer.asks(),
            coverage: Coverage::Complete,
            looked: now,
            moves: 0,
            narrowed: None,
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
            catalogue,
            housekeeping: now,
        }
    }

    /// Starts what is due, publishes what changed, and returns when there is more to do without any result.
    fn turn(&mut self) -> Instant {
        let now = Instant::now();
        let mut wake = self.keep_house(now);
        self.turn_to_the_chosen(now);
        match self.phase {
            Phase::Pausing(until) if until <= now => self.find(),
            Phase::Pausing(until) => wake = wake.min(until),
            Phase::Finding => {}
            Phase::OnDemand => wake = self.keep_health(now).map_or(wake, |due| wake.min(due)),
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
        self.start_demanded(now);
        self.publish();
        wake
    }

    /// Takes the results that are there already, so that a burst is published once.
    fn take_what_is_ready(&mut self) {
        for _ in 0..EVENTS_QUEUED {
            if let Ok(event) = self.events.try_recv() {
                self.streamed(event);
            } else if let Ok(ask) = self.asks.try_recv() {
                self.asked(ask);
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
            Ok((_, Done::Looked(session, found))) if session == self.session => self.looked(found),
            Ok((id, Done::Demanded(read))) => {
                if let Some(key) = self.demanding.remove(&id) {
                    self.demanded(&key, read);
                }
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
            Ok((_, Done::Found(..) | Done::Looked(..) | Done::Listed(..) | Done::Stream)) => {}
            Err(error) if error.is_cancelled() => {}
            Err(error) => self.panicked(&error),
        }
    }

    /// A task of ours has a bug: what it did is done again later.
    fn panicked(&mut self, error: &JoinError) {
        tracing::error!(%error, "a task of the synchronisation panicked");
        if let Some(key) = self.demanding.remove(&error.id()) {
            return self.demands.failed(&key, Instant::now());
        }
        match self.reading.remove(&error.id()) {
            Some(order) => self
                .plan
                .failed(&order, super::plan::Failure::Other, Instant::now()),
            None if self.health.is_over(error.id()) => {}
            None => self.lose(outage::Loss::List, "an internal error", None),
        }
    }
}
