//! Handles the outcomes of replies: through the guard into the catalogue, or to the queries that wait.
//!
//! Floor 2.

use tokio::time::Instant;

use super::Engine;
use crate::catalog::Coverage;
use crate::sync::apply::Converted;
use crate::sync::demand::ReadService as Demanded;
use crate::sync::follow::FollowOutcome;
use crate::sync::follow::plan::Apply;
use crate::sync::guard::{PendingRemoval, Ruling};
use crate::sync::health::Findings;
use crate::sync::key::{ServiceKey, Trigger};
use crate::sync::status::NomadAnswer;

impl Engine {
    /// Takes what `follow` found.
    pub(super) fn take_outcomes(&mut self, now: Instant) {
        for outcome in self.follow.take_outcomes() {
            match outcome {
                FollowOutcome::Read {
                    key,
                    trigger,
                    converted,
                } => self.take_read(&key, trigger, converted),
                FollowOutcome::Gone(keys) => self.take_gone(keys, now),
                FollowOutcome::TooOld(keys) => {
                    for key in keys {
                        self.guard.forget(&key);
                        self.apply(&key, Converted::none());
                    }
                }
                FollowOutcome::Listed(list) => self.guard.list_answered(&list),
                FollowOutcome::UnreadableRecords(list, count) => {
                    self.applier.note_unreadable(&list, count);
                }
                FollowOutcome::NamespaceUnknown(namespace, reason) => {
                    self.applier.mark_namespace_unknown(&namespace, reason);
                }
                FollowOutcome::OthersUnknown(reason) => self.applier.mark_others_unknown(reason),
                FollowOutcome::OnDemand => {
                    // Each service is read again when it is asked for: nothing is left to be marked as unknown.
                    drop(self.guard.give_up());
                    self.status.set_held(0);
                    if !self.demand.is_on() {
                        self.begin_on_demand(now);
                        self.applier.cover(Coverage::OnDemand);
                    }
                }
                FollowOutcome::Failed => self.demand.nomad_failed(now),
            }
        }
        for (key, reason) in self.follow.plan_mut().take_unknowns() {
            self.applier.mark_unknown(key, reason);
        }
    }

    /// Takes what became known of health.
    pub(super) fn take_findings(&mut self, findings: &Findings) {
        for key in &findings.read_again {
            self.follow.read_again(key);
        }
        let health = &self.health;
        let judge = |key: &ServiceKey, instance: &_| health.judge(key, instance);
        self.applier.judge(&findings.judge, judge);
    }

    /// Takes over what the catalogue has from before, be it of lists or of an earlier process.
    pub(super) fn begin_on_demand(&mut self, now: Instant) {
        let plan = self.follow.plan_mut();
        for (namespace, name, instances) in self.applier.writer().services() {
            plan.hold(namespace, name, instances);
        }
        let held = plan.present();
        self.demand.begin(held, now);
    }

    /// Takes a read on demand, and lets those who wait for it go on once it is published.
    pub(super) fn demanded(&mut self, answered: Demanded, now: Instant) {
        let Demanded { key, result } = answered;
        match result {
            Ok((meta, converted)) => {
                self.status.answered(NomadAnswer::Read);
                let count = converted.instances.len();
                let plan = self.follow.plan_mut();
                if plan.demanded(&key, meta.index, count) == Apply::Yes {
                    self.take_read(&key, Trigger::Event, converted);
                }
                let waiters = self.demand.taken(&key, count);
                self.publish(now);
                for waiter in waiters {
                    // Who asked may have given up.
                    let _ = waiter.send(Ok(()));
                }
            }
            Err(error) => {
                self.follow.demand_failed(&error, now);
                self.take_outcomes(now);
            }
        }
    }

    /// Forgets a service that was read on demand.
    pub(super) fn drop_demanded(&mut self, key: &ServiceKey) {
        self.follow.plan_mut().drop_demanded(key);
        self.take_read(key, Trigger::Event, Converted::none());
    }

    /// Takes out what is in the catalogue from before and in no list, together with what the reads put aside.
    ///
    /// Wants a complete plan.
    pub(super) fn drop_what_nomad_has_no_more(&mut self, now: Instant) {
        let plan = self.follow.plan_mut();
        for (namespace, name, instances) in self.applier.writer().services() {
            if plan.inherit(namespace, name, instances) {
                continue;
            }
            // The list of all does not say whether a namespace that it has not is empty: a list of it alone will.
            if !plan.is_listed(namespace) {
                plan.hold(namespace, name, instances);
            } else {
                let (namespace, name) = (namespace.into(), name.into());
                let key = ServiceKey { namespace, name };
                self.guard.weigh(key, PendingRemoval::whole(instances));
            }
        }
        self.rule_on_weighed(now);
    }

    /// Does what the time and the end of a resync demand of the guard; returns when the time demands more.
    pub(super) fn keep_guard(&mut self, now: Instant) -> Option<Instant> {
        if !self.follow.is_following() {
            return None;
        }
        let is_read = self.follow.plan().is_read() && !self.follow.reads_for_lists();
        self.time_full_read(is_read, now);
        // Before the first publication, what is in no list is weighed with it.
        if is_read && self.applier.is_live() && self.guard.has_weighed() {
            self.rule_on_weighed(now);
        }
        if self.follow.is_failing() {
            return None;
        }
        if self.guard.begins_to_ask(now) {
            self.guard.ask_again(self.follow.lists().cloned());
            self.follow.ask_all_lists(now);
            for key in self.guard.held() {
                self.follow.read_again(key);
            }
        } else if is_read && self.guard.is_confirmed(self.follow.lists()) {
            let lost = self.guard.held_instances();
            if lost > 0 {
                tracing::warn!(
                    instances = lost,
                    "Nomad still reports them as gone; they are removed"
                );
            }
            for (key, loss) in self.guard.give_up() {
                self.apply(&key, loss.converted);
            }
        }
        self.status.set_held(self.guard.held_instances());
        self.guard.due()
    }

    /// Notes how long it took to read everything, once for each time.
    fn time_full_read(&mut self, is_read: bool, now: Instant) {
        let began = self.follow.plan().resync_began();
        if is_read
            && let Some(at) = began
            && began != self.full_read
        {
            self.full_read = began;
            self.status.durations.full_read(now.duration_since(at));
        }
    }

    /// Takes services that a list has not any more.
    fn take_gone(&mut self, gone: Vec<ServiceKey>, now: Instant) {
        if gone.is_empty() {
            return;
        }
        let writer = self.applier.writer();
        let losses = gone.into_iter().map(|key| {
            let instances = writer.instances(&key.namespace, &key.name).len();
            (key, PendingRemoval::whole(instances))
        });
        let losses: Vec<_> = losses.collect();
        let total = writer.counts().1;
        let ruling = self.guard.rule(losses, total, now);
        self.follow_ruling(ruling);
    }

    /// Takes what was read of a service, or has the guard put it aside until the resync is over.
    fn take_read(&mut self, key: &ServiceKey, trigger: Trigger, converted: Converted) {
        let before = self.applier.writer();
        let before = before.instances(&key.namespace, &key.name).len();
        if let Some(converted) = self.guard.take(key, trigger, converted, before) {
            self.apply(key, converted);
        }
    }

    fn rule_on_weighed(&mut self, now: Instant) {
        let total = self.applier.writer().counts().1;
        let ruling = self.guard.rule_on_weighed(total, now);
        self.follow_ruling(ruling);
    }

    fn follow_ruling(&mut self, ruling: Ruling) {
        match ruling {
            Ruling::Take(losses) => {
                for (key, loss) in losses {
                    self.apply(&key, loss.converted);
                }
            }
            Ruling::Hold(instances) => {
                let total = self.applier.writer().counts().1;
                let grace_seconds = self.settings.mass_loss_grace.as_secs();
                tracing::error!(
                    instances,
                    total,
                    grace_seconds,
                    "most instances disappeared at once; they are kept for nomad.mass_loss_grace_seconds"
                );
            }
        }
    }

    fn apply(&mut self, key: &ServiceKey, mut converted: Converted) {
        self.health.judge_new(key, &mut converted.instances);
        let plan = self.follow.plan();
        let is_present = |namespace: &str, name: &str| plan.is_present(namespace, name);
        self.applier.apply(key, converted, is_present);
    }
}
