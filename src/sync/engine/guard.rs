//! Holding back a mass loss: what the guard rules is done here.
//!
//! Floor 2.

use std::collections::HashSet;

use tokio::time::Instant;

use super::{Catalogue, Engine};
use crate::sync::guard::{Loss, Ruling};
use crate::sync::plan::{Asked, Key, Order, Told};
use crate::sync::registration::Converted;

impl Engine {
    /// Takes services that a list has not any more.
    pub(super) fn take_gone(&mut self, gone: Vec<Key>) {
        if gone.is_empty() {
            return;
        }
        let losses = gone.into_iter().map(|key| {
            let instances = self.writer.instances(&key.namespace, &key.name).len();
            (key, Loss::whole(instances))
        });
        let losses: Vec<_> = losses.collect();
        let total = self.writer.counts().1;
        let ruling = self.guard.rule(losses, total, Instant::now());
        self.follow_ruling(ruling);
    }

    /// Takes out what is in the catalogue from before and in no list, together with what the reads put aside.
    ///
    /// Wants a complete plan.
    pub(super) fn drop_what_nomad_has_no_more(&mut self) {
        for (namespace, name, instances) in self.writer.services() {
            if !self.plan.inherit(namespace, name, instances) {
                let (namespace, name) = (namespace.into(), name.into());
                let key = Key { namespace, name };
                self.guard.weigh(key, Loss::whole(instances));
            }
        }
        self.rule_on_weighed(Instant::now());
    }

    /// Takes what was read of a service, or puts it aside until the full read is over.
    pub(super) fn take_read(&mut self, key: &Key, told: Told, converted: Converted) {
        let before = self.writer.instances(&key.namespace, &key.name).len();
        let after = converted.instances.len();
        if told == Told::ByEvent || !self.guard.must_weigh(before, after) {
            self.guard.forget(key);
            return self.apply(key, converted);
        }
        let instances = before - after;
        self.guard.weigh(
            key.clone(),
            Loss {
                converted,
                instances,
            },
        );
    }

    /// Does what the time and the end of a full read demand; returns when the time demands more.
    pub(super) fn keep_guard(&mut self, now: Instant) -> Option<Instant> {
        let is_listed = |order: &Order| order.told == Told::ByList;
        let is_read = self.plan.is_read() && !self.reading.values().any(is_listed);
        // Before the first publication, what is in no list is weighed with it.
        let published = matches!(self.catalogue, Catalogue::Published | Catalogue::Changed);
        if is_read && published && self.guard.has_weighed() {
            self.rule_on_weighed(now);
        }
        if self.outage.is_on() {
            return None;
        }
        if self.guard.begins_to_ask(now) {
            self.ask_again(now);
        } else if self.guard.is_asking() && is_read && self.is_confirmed() {
            let lost = self.guard.held_instances();
            if lost > 0 {
                tracing::warn!(instances = lost, "Nomad still says that they are gone");
            }
            for (key, loss) in self.guard.give_up() {
                self.apply(&key, loss.converted);
            }
        }
        self.status.set_held(self.guard.held_instances());
        self.guard.due()
    }

    /// Notes that a list has answered, which counts if it was asked after the grace.
    pub(super) fn confirm_list(&mut self, watch: usize) {
        let name = self.watches.get(watch).map(|it| it.name.as_str());
        self.unconfirmed
            .retain(|other| Some(other.as_str()) != name);
    }

    fn is_confirmed(&self) -> bool {
        let waits = |name: &String| self.unconfirmed.contains(name);
        !self.watches.is_empty() && !self.watches.iter().any(|it| waits(&it.name))
    }

    fn ask_again(&mut self, now: Instant) {
        let names: HashSet<String> = self.watches.iter().map(|it| it.name.clone()).collect();
        self.unconfirmed = names;
        for watch in &mut self.watches {
            watch.ask_now(Asked::Before, now);
        }
        for key in self.guard.held() {
            self.plan.read_again(key);
        }
    }

    fn rule_on_weighed(&mut self, now: Instant) {
        let total = self.writer.counts().1;
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
                let (total, grace) = (self.writer.counts().1, self.settings.mass_loss_grace);
                tracing::error!(
                    instances,
                    total,
                    grace_seconds = grace.as_secs(),
                    "most instances are gone at once; they are kept until Nomad has said so for longer"
                );
            }
        }
    }
}
