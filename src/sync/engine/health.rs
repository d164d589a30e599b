//! Reading checks and ended allocations, and writing what they mean into the catalogue.
//!
//! Floor 2. `sync::health` decides whose turn it is. Nothing here is needed for answers: an error changes nothing,
//! and while Nomad fails nothing is asked.

use std::collections::HashSet;
use std::time::Duration;

use tokio::task::Id as TaskId;
use tokio::time::Instant;

use super::{Done, Engine};
use crate::catalog::{HealthPolicy, Id, Instance, Outcome};
use crate::nomad::{AllocationStub, Cause, Check, NomadError, QueryOptions};
use crate::sync::health::{ChecksRead, HealthAccess, HealthPlan, Ticket};
use crate::sync::plan::Key;
use crate::sync::settings::Settings;

/// Requests for health that are under way at the same time.
const HEALTH_AT_ONCE: usize = 4;
/// The list of ended allocations may take one part in so many of Nomad's time.
const LIST_SHARE: u32 = 20;
/// Nomad's own filter for allocations that neither run nor are about to.
const ENDED: &str = r#"ClientStatus != "running" and ClientStatus != "pending""#;

/// What is read of health, and what is under way.
#[derive(Debug)]
pub(super) struct HealthReads {
    pub(super) plan: HealthPlan,
    tasks: HashSet<TaskId>,
    /// When it is next looked at what was asked for.
    next_look: Instant,
    /// When the ended allocations are listed next.
    next_list: Instant,
    listing: Option<TaskId>,
    listing_denied: bool,
}

impl HealthReads {
    pub(super) fn new(settings: &Settings, now: Instant) -> Self {
        Self {
            plan: HealthPlan::new(settings.health),
            tasks: HashSet::new(),
            next_look: now,
            next_list: now,
            listing: None,
            listing_denied: false,
        }
    }

    /// Counts the connections that it takes.
    pub(super) fn under_way(&self) -> usize {
        self.tasks.len()
    }

    /// Notes that a task is over, whatever came of it.
    pub(super) fn is_over(&mut self, task: TaskId) -> bool {
        let was_ours = self.tasks.remove(&task);
        if was_ours && self.listing == Some(task) {
            self.listing = None;
        }
        was_ours
    }
}

impl Engine {
    /// Starts what is due for health; returns when there is more.
    pub(super) fn keep_health(&mut self, now: Instant) -> Option<Instant> {
        if self.settings.health.policy == HealthPolicy::Off || self.outage.is_on() {
            return None;
        }
        if now >= self.health.next_look {
            self.look_what_was_asked(now);
        }
        let mut next = self.health.next_look;
        match self.health.listing {
            None if self.health.next_list <= now => self.list_ended(),
            None => next = next.min(self.health.next_list),
            Some(_) => {}
        }
        while self.health.under_way() < HEALTH_AT_ONCE {
            let Some(ticket) = self.health.plan.next_read(now) else {
                let due = self.health.plan.next_due(now);
                return Some(due.map_or(next, |due| next.min(due)));
            };
            let (client, id) = (self.client.clone(), ticket.allocation.to_string());
            let task = self
                .tasks
                .spawn(async move { Done::Checks(ticket, client.allocation_checks(&id).await) });
            self.health.tasks.insert(task.id());
            self.status.read_checks();
        }
        Some(next)
    }

    /// Judges the instances that a read brought, before they go into the catalogue.
    pub(super) fn judge_new(&mut self, key: &Key, instances: &mut [Instance]) {
        if self.settings.health.policy == HealthPolicy::Off {
            return;
        }
        let allocations = instances.iter().map(Instance::allocation_id).collect();
        self.health.plan.changed(key, allocations);
        for instance in instances {
            instance.health = self.health.plan.judge(&key.name, instance);
        }
    }

    /// Takes the checks of an allocation.
    pub(super) fn checked(&mut self, ticket: Ticket, checks: Result<Vec<Check>, NomadError>) {
        let read = match checks {
            Ok(checks) => ChecksRead::Checks(checks),
            Err(error) => {
                tracing::debug!(%error, "checks could not be read");
                match error.cause {
                    Cause::PermissionDenied => ChecksRead::Denied,
                    Cause::NotFound(_) => ChecksRead::NotFound,
                    _ => {
                        self.status.erred(&error);
                        ChecksRead::Failed
                    }
                }
            }
        };
        let keys = self.health.plan.read(ticket, read, Instant::now());
        self.judge_again(&keys);
        self.tell_health();
    }

    /// Takes the allocations that ended.
    pub(super) fn listed_ended(
        &mut self,
        took: Duration,
        ended: Result<Vec<AllocationStub>, NomadError>,
    ) {
        let pause = self.settings.health.check_every.max(took * LIST_SHARE);
        self.health.next_list = Instant::now() + pause;
        let ended: HashSet<Id> = match ended {
            Ok(ended) => {
                self.health.listing_denied = false;
                let runs =
                    |it: &AllocationStub| matches!(&*it.client_status, "running" | "pending" | "");
                ended
                    .iter()
                    .filter(|it| !runs(it))
                    .map(|it| Id::from(&*it.id))
                    .collect()
            }
            Err(error) if error.cause == Cause::PermissionDenied => {
                self.health.listing_denied = true;
                HashSet::new()
            }
            Err(error) => {
                tracing::debug!(%error, "ended allocations could not be listed");
                return self.status.erred(&error);
            }
        };
        let changed = self.health.plan.ended(ended);
        if !changed.is_empty() {
            let keys = self
                .writer
                .services_with(|instance| changed.contains(&instance.allocation_id()));
            let keys: Vec<Key> = keys.into_iter().map(key).collect();
            self.judge_again(&keys);
        }
        self.tell_health();
    }

    fn look_what_was_asked(&mut self, now: Instant) {
        let (services, _) = self.plan.counts();
        let pause = self.settings.times.list_pause(services);
        self.health.next_look = now + pause.max(self.settings.health.look_every);
        for key in self.writer.take_asked().into_iter().map(key) {
            let instances = self.writer.instances(&key.namespace, &key.name);
            let allocations = instances.iter().map(Instance::allocation_id).collect();
            self.health.plan.asked(&key, allocations, now);
        }
        let over = self.health.plan.forget(now);
        self.judge_again(&over);
        self.tell_health();
    }

    fn list_ended(&mut self) {
        let client = self.client.clone();
        let names: Vec<String> = self.watches.iter().map(|it| it.name.clone()).collect();
        let task = self.tasks.spawn(async move {
            let begun = Instant::now();
            let mut ended = Ok(Vec::new());
            for name in names {
                let listed = client.allocations(&name, ENDED, QueryOptions::default());
                match (listed.await, &mut ended) {
                    (Ok(more), Ok(ended)) => ended.extend(more.allocations),
                    (Err(error), _) => {
                        ended = Err(error);
                        break;
                    }
                    (Ok(_), Err(_)) => break,
                }
            }
            Done::Ended(begun.elapsed(), ended)
        });
        self.health.tasks.insert(task.id());
        self.health.listing = Some(task.id());
        self.health.next_list = Instant::now() + self.settings.health.check_every;
    }

    fn judge_again(&mut self, keys: &[Key]) {
        for key in keys {
            let plan = &self.health.plan;
            let judge = |instance: &Instance| plan.judge(&key.name, instance);
            if self.writer.judge(&key.namespace, &key.name, judge) == Outcome::Changed {
                self.changed();
            }
        }
    }

    fn tell_health(&self) {
        let access = HealthAccess {
            policy: self.settings.health.policy,
            checks_denied: self.health.plan.is_denied(),
            allocations_denied: self.health.listing_denied,
        };
        self.status.set_health(access, self.health.plan.counts());
    }
}

fn key((namespace, name): (std::sync::Arc<str>, std::sync::Arc<str>)) -> Key {
    Key { namespace, name }
}
