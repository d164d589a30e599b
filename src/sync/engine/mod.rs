//! The single task that keeps the catalogue up to date: passes replies to the subject that asked, and their results
//! to the others.
//!
//! Floor 2. `follow`, `health`, `guard` and `demand` each own their state and decide; `tasks` sends requests to
//! Nomad; `apply` has the catalogue. Here they are connected, one reply at a time and without locks.

mod outcomes;
mod publish;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::apply::{Applier, Published};
use super::ask::{MANY_RECORDS, NomadReply, Subject, Ticket};
use super::demand::{Demand, Nomad};
use super::follow::{Failed, Follow};
use super::guard::Guard;
use super::health::HealthDriver;
use super::settings::SyncSettings;
use super::status::Status;
use super::tasks::Tasks;
use crate::blocking::in_place;
use crate::catalog::{Coverage, ReadRequest, Writer};
use crate::nomad::Client;

/// Replies that are taken before anything is published.
const BURST: usize = 256;
/// How often old addresses are forgotten and the status is refreshed without any other reason.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// Follows Nomad and keeps the catalogue true, until `shutdown` is done.
pub async fn run(
    settings: SyncSettings,
    client: Client,
    writer: Writer,
    status: Arc<Status>,
    shutdown: impl Future<Output = ()>,
) {
    let mut engine = Engine::new(settings, client, writer, status);
    let mut shutdown = pin!(shutdown);
    loop {
        let wake = engine.turn_beside_others();
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            reply = engine.tasks.next() => engine.reply(reply),
            request = engine.demand.next_request() => engine.requested(request),
            () = sleep_until(wake) => {}
        }
        engine.take_what_is_ready();
    }
}

struct Engine {
    settings: Arc<SyncSettings>,
    client: Client,
    status: Arc<Status>,
    tasks: Tasks,
    follow: Follow,
    health: HealthDriver,
    guard: Guard,
    demand: Demand,
    applier: Applier,
    housekeeping: Instant,
    /// How often the client has chosen another address.
    moves: Option<usize>,
    /// When the last read of everything began that is over.
    full_read: Option<Instant>,
    /// The records of the replies since the last turn.
    records: usize,
}

impl Engine {
    fn new(settings: SyncSettings, client: Client, writer: Writer, status: Arc<Status>) -> Self {
        let settings = Arc::new(settings);
        let (requests, coverage) = (writer.read_requests(), writer.coverage());
        let applier = Applier::new(writer, Arc::clone(&status), settings.large_services);
        let failed = match applier.published() {
            Published::Restored => Failed::Yes,
            _ => Failed::No,
        };
        let mut engine = Self {
            tasks: Tasks::new(Arc::clone(&settings), client.clone()),
            follow: Follow::new(Arc::clone(&settings), Arc::clone(&status), failed),
            health: HealthDriver::new(Arc::clone(&settings), Arc::clone(&status)),
            guard: Guard::new(settings.mass_loss_grace),
            demand: Demand::new(Arc::clone(&settings), requests, coverage),
            applier,
            client,
            status,
            housekeeping: Instant::now(),
            moves: None,
            full_read: None,
            records: 0,
            settings,
        };
        if coverage == Coverage::OnDemand {
            engine.begin_on_demand(Instant::now());
        }
        engine
    }

    /// The same as [`Self::turn`], apart from other tasks where much was told.
    fn turn_beside_others(&mut self) -> Instant {
        match std::mem::take(&mut self.records) {
            many if many >= MANY_RECORDS => in_place(|| self.turn()),
            _ => self.turn(),
        }
    }

    /// Commands what is due, publishes what changed, and returns when there is more to do without any reply.
    fn turn(&mut self) -> Instant {
        let now = Instant::now();
        let mut wake = self.keep_house(now);
        let moves = self.client.moves();
        if self.moves.replace(moves) != Some(moves) {
            self.status.set_address(self.client.address().to_string());
        }
        let due = self.follow.turn(now, moves);
        wake = due.map_or(wake, |due| wake.min(due));
        self.take_outcomes(now);
        let due = [self.keep_guard(now), self.keep_health(now)];
        wake = due.into_iter().flatten().fold(wake, Instant::min);
        let plan = self.follow.plan_mut();
        let due = self.demand.turn(now, |key| plan.demanded_index(key));
        wake = due.map_or(wake, |due| wake.min(due));
        for key in self.demand.take_gone() {
            self.drop_demanded(&key);
        }
        self.start_what_is_commanded();
        self.publish(now);
        wake
    }

    fn reply(&mut self, reply: Option<(Ticket, NomadReply)>) {
        let Some((ticket, reply)) = reply else {
            return;
        };
        let records = reply.records();
        self.records = self.records.saturating_add(records);
        match records {
            many if many >= MANY_RECORDS => in_place(|| self.take_reply(ticket, reply)),
            _ => self.take_reply(ticket, reply),
        }
    }

    fn take_reply(&mut self, Ticket { subject, number }: Ticket, reply: NomadReply) {
        let now = Instant::now();
        match subject {
            Subject::Follow => {
                self.follow.reply(number, reply, now);
                self.take_outcomes(now);
            }
            Subject::Health => {
                let writer = self.applier.writer();
                let findings = self.health.reply(number, reply, writer, now);
                self.take_findings(&findings);
            }
            Subject::Demand => {
                if let Some(answered) = self.demand.reply(number, reply, now) {
                    self.demanded(answered, now);
                }
            }
        }
    }

    /// Takes the replies and read requests that are there already, so that a burst is published once.
    fn take_what_is_ready(&mut self) {
        for _ in 0..BURST {
            if let Some(reply) = self.tasks.ready() {
                self.reply(Some(reply));
            } else if let Some(request) = self.demand.ready_request() {
                self.requested(request);
            } else {
                return;
            }
        }
    }

    /// Takes a query's read request.
    fn requested(&mut self, request: ReadRequest) {
        let nomad = match self.follow.is_connected() && !self.follow.is_failing() {
            true => Nomad::Here,
            false => Nomad::Away,
        };
        self.demand.requested(request, nomad, Instant::now());
    }

    fn start_what_is_commanded(&mut self) {
        let commands = self.follow.take_commands().into_iter();
        let commands = commands.chain(self.demand.take_commands());
        for command in commands.chain(self.health.take_commands()) {
            self.tasks.command(command);
        }
    }

    fn keep_house(&mut self, now: Instant) -> Instant {
        if now >= self.housekeeping {
            self.housekeeping = now + HOUSEKEEPING;
            self.applier.retire_addresses(self.settings.address_grace);
            if self.applier.published() == Published::Never && self.follow.is_following() {
                let open = self.follow.plan().open();
                self.status
                    .set_not_ready(format!("first sync: {open} services are still to be read"));
            }
            self.withdraw_what_is_too_old();
            self.follow.recheck_a_silent_nomad(now);
            self.follow.forget_what_is_too_old(now);
            self.take_outcomes(now);
            self.show_staleness();
            self.show_counts();
            if self.demand.is_on() && !self.follow.is_failing() {
                for key in self.demand.sweep(now) {
                    self.drop_demanded(&key);
                }
            }
        }
        self.housekeeping
    }

    fn keep_health(&mut self, now: Instant) -> Option<Instant> {
        if !self.follow.is_connected() || self.follow.is_failing() {
            return None;
        }
        let (services, _) = self.follow.plan().counts();
        let writer = self.applier.writer();
        let (due, findings) = self.health.turn(self.follow.lists(), writer, services, now);
        self.take_findings(&findings);
        due
    }
}
