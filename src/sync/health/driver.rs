//! Sends the requests of `plan` and `ended`, and reports which services to judge again or to read again.
//!
//! Floor 2, no I/O. It reads the catalogue and never writes it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::ended::EndedAllocations;
use super::plan::{CheckTurn, ChecksRead, HealthPlan};
use crate::catalog::{Health, HealthPolicy, Id, Instance, Writer};
use crate::nomad::{Cause, Check, NomadError};
use crate::sync::ask::{Action, Commands, NomadReply, NomadRequest, Subject};
use crate::sync::key::ServiceKey;
use crate::sync::rights::{HealthAccess, is_refusal};
use crate::sync::settings::SyncSettings;
use crate::sync::status::Status;

/// Requests for checks that are under way at the same time.
const CHECKS_AT_ONCE: usize = 4;

/// What is known of health, and what is under way.
#[derive(Debug)]
pub(in crate::sync) struct HealthDriver {
    settings: Arc<SyncSettings>,
    status: Arc<Status>,
    plan: HealthPlan,
    ended: EndedAllocations,
    commands: Commands,
    reading: HashMap<u64, CheckTurn>,
    /// When it is next looked at what was asked for.
    next_look: Instant,
}

/// What became known.
#[derive(Debug, Default)]
pub(in crate::sync) struct Findings {
    /// Services whose instances are to be judged anew.
    pub(in crate::sync) judge: Vec<ServiceKey>,
    /// Services that may have lost an instance without a word.
    pub(in crate::sync) read_again: Vec<ServiceKey>,
}

impl HealthDriver {
    pub(in crate::sync) fn new(settings: Arc<SyncSettings>, status: Arc<Status>) -> Self {
        Self {
            plan: HealthPlan::new(settings.health),
            ended: EndedAllocations::default(),
            commands: Commands::new(Subject::Health),
            reading: HashMap::new(),
            next_look: Instant::now(),
            settings,
            status,
        }
    }

    /// Asks for what is due; returns when there is more, and what became known by looking.
    pub(in crate::sync) fn turn<'a>(
        &mut self,
        lists: impl Iterator<Item = &'a Arc<str>>,
        catalogue: &Writer,
        services: usize,
        now: Instant,
    ) -> (Option<Instant>, Findings) {
        let mut findings = Findings::default();
        if self.settings.health.policy == HealthPolicy::Off {
            return (None, findings);
        }
        if now >= self.next_look {
            let pause = self.settings.times.list_pause(services);
            self.next_look = now + pause.max(self.settings.health.look_every);
            findings.judge = self.look_what_was_asked(catalogue, now);
        }
        let mut next = self.next_look;
        if self.plan.counts().0 == 0 {
            self.ended.stop(&mut self.commands);
            self.take_ended(catalogue, &mut findings);
        } else {
            let due = self
                .ended
                .turn(lists, self.settings.wait, &mut self.commands, now);
            next = due.map_or(next, |due| next.min(due));
        }
        while self.reading.len() < CHECKS_AT_ONCE {
            let Some(turn) = self.plan.next_read(now) else {
                let due = self.plan.next_due(now);
                return (Some(due.map_or(next, |due| next.min(due))), findings);
            };
            let allocation = turn.allocation.to_string();
            let number = self.commands.ask(NomadRequest::Checks { allocation });
            self.reading.insert(number, turn);
            self.status.read_checks();
        }
        (Some(next), findings)
    }

    /// Takes a reply.
    pub(in crate::sync) fn reply(
        &mut self,
        number: u64,
        reply: NomadReply,
        catalogue: &Writer,
        now: Instant,
    ) -> Findings {
        let mut findings = Findings::default();
        match reply {
            NomadReply::Checks(checks) => {
                if let Some(turn) = self.reading.remove(&number) {
                    let read = self.checks_read(checks);
                    findings.judge = self.plan.read(turn, read, now);
                }
            }
            NomadReply::Allocations(took, found) => {
                let every = self.settings.health.check_every;
                if let Err(error) = self.ended.reply(number, took, found, every, now) {
                    // Nomad would refuse it each time: it must not stay hidden.
                    if matches!(error.cause, Cause::BadFilter(_)) {
                        tracing::warn!(%error, "Nomad rejected the filter for ended allocations");
                    } else {
                        tracing::debug!(%error, "ended allocations could not be listed");
                    }
                    self.status.erred(&error);
                }
                self.take_ended(catalogue, &mut findings);
            }
            _ => {
                self.ended.is_over(number);
                if let Some(turn) = self.reading.remove(&number) {
                    findings.judge = self.plan.read(turn, ChecksRead::Failed, now);
                }
            }
        }
        self.tell();
        findings
    }

    /// Judges the instances that a read brought, before they go into the catalogue.
    pub(in crate::sync) fn judge_new(&mut self, key: &ServiceKey, instances: &mut [Instance]) {
        if self.settings.health.policy == HealthPolicy::Off {
            return;
        }
        let allocations = instances.iter().map(Instance::allocation_id).collect();
        self.plan.changed(key, allocations);
        for instance in instances {
            instance.health = self.plan.judge(&key.name, instance);
        }
    }

    /// Judges one instance of a service.
    pub(in crate::sync) fn judge(&self, key: &ServiceKey, instance: &Instance) -> Health {
        self.plan.judge(&key.name, instance)
    }

    /// Takes the commands that were given.
    pub(in crate::sync) fn take_commands(&mut self) -> Vec<Action> {
        self.commands.take()
    }

    fn checks_read(&self, checks: Result<Vec<Check>, NomadError>) -> ChecksRead {
        match checks {
            Ok(checks) => ChecksRead::Checks(checks),
            Err(error) => {
                tracing::debug!(%error, "checks could not be read");
                match error.cause {
                    Cause::NotFound(_) => ChecksRead::NotFound,
                    cause if is_refusal(&cause) => ChecksRead::Denied,
                    _ => {
                        self.status.erred(&error);
                        ChecksRead::Failed
                    }
                }
            }
        }
    }

    /// Takes which allocations ended, and which are not in the list of those any more.
    fn take_ended(&mut self, catalogue: &Writer, findings: &mut Findings) {
        let changed: HashSet<Id> = self.plan.ended(self.ended.all());
        if changed.is_empty() {
            return;
        }
        let found = catalogue.services_with(|it| changed.contains(&it.allocation_id()));
        let keys: Vec<ServiceKey> = found.into_iter().map(key).collect();
        findings.read_again.extend(keys.iter().cloned());
        findings.judge.extend(keys);
    }

    fn look_what_was_asked(&mut self, catalogue: &Writer, now: Instant) -> Vec<ServiceKey> {
        for key in catalogue.take_asked().into_iter().map(key) {
            let instances = catalogue.instances(&key.namespace, &key.name);
            let allocations = instances.iter().map(Instance::allocation_id).collect();
            self.plan.asked(&key, allocations, now);
        }
        let over = self.plan.forget(now);
        self.tell();
        over
    }

    fn tell(&self) {
        let access = HealthAccess {
            policy: self.settings.health.policy,
            checks_denied: self.plan.denied(),
            allocations_denied: self.ended.denied(),
        };
        self.status.set_health(&access, self.plan.counts());
    }
}

fn key((namespace, name): (Arc<str>, Arc<str>)) -> ServiceKey {
    ServiceKey { namespace, name }
}
