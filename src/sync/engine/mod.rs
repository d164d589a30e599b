//! The one task that follows Nomad: starts what the plan and the time demand, and takes what comes back.
//!
//! Floor 2. Lists, reads and streams run in tasks of their own; every result comes back here, where the plan, the
//! catalogue's writer and the status are changed in turn and without a lock.

mod demand;
mod done;
mod guard;
mod health;
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
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep_until};

use self::done::Done;
use self::health::HealthReads;
use self::outage::Outage;
use self::streams::StreamEvent;
use self::watch::Watch;
use super::access::Access;
use super::demands::Demands;
use super::guard::Guard;
use super::oddities::Oddities;
use super::plan::{Key, Order, Plan};
use super::settings::Settings;
use super::status::Status;
use super::twins::Twins;
use crate::catalog::{Ask, Coverage, Outcome, Writer};
use crate::nomad::Client;

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
    if engine.coverage == Coverage::OnDemand {
        engine.inherit(Instant::now());
    }
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
            coverage: writer.coverage(),
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
            self.doubt_a_silent_nomad(now);
            self.show_staleness();
            self.show_counts();
            self.find_more(now);
            self.forget_demanded(now);
            self.forget_unfollowed(now);
        }
        self.housekeeping
    }
}
