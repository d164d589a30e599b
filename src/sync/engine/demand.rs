//! Reading what is asked for, where the token may list nothing.
//!
//! Floor 2. It begins when no list is allowed but reads are, and goes on after a list is allowed again until all of
//! it has been read, so that no query is answered from half a catalogue.

use std::sync::Arc;

use tokio::time::Instant;

use super::outage::Loss;
use super::reads::read_service;
use super::{Done, Engine, Phase};
use crate::catalog::{Ask, Coverage};
use crate::nomad::{Cause, NomadError};
use crate::sync::access::Access;
use crate::sync::demands::{Known, Waiter};
use crate::sync::plan::{Apply, Key, Told};
use crate::sync::registration::Converted;
use crate::sync::status::Answered;

impl Engine {
    /// Reads on demand from now on; what the catalogue has stays, and counts once it was read again.
    pub(super) fn read_on_demand(&mut self, now: Instant) {
        self.stop_watches();
        self.plan.follow(&[]);
        self.phase = Phase::OnDemand;
        self.followed = now;
        self.set_access(Access::Reads);
        self.confirm(Loss::Read);
        // Each service is read again when it is asked for: nothing is left to be doubted.
        drop(self.guard.give_up());
        self.status.set_held(0);
        if self.coverage == Coverage::Complete {
            self.inherit(now);
            self.set_coverage(Coverage::OnDemand);
        }
    }

    /// Takes over what the catalogue has from before, be it of lists or of an earlier process.
    pub(super) fn inherit(&mut self, now: Instant) {
        for (namespace, name, instances) in self.writer.services() {
            self.plan.hold(namespace, name, instances);
        }
        for key in self.plan.present() {
            self.demands.inherit(key, now);
        }
    }

    /// Ends it once a list was read completely; returns who has to be told when that is published.
    pub(super) fn end_on_demand(&mut self) -> Vec<Waiter> {
        let complete = self.phase == Phase::Following && self.plan.is_complete();
        if self.coverage == Coverage::Complete || !complete || self.outage.is_on() {
            return Vec::new();
        }
        self.set_coverage(Coverage::Complete);
        self.demands.clear()
    }

    /// Takes a query's wish.
    pub(super) fn asked(&mut self, ask: Ask) {
        let key = Key {
            namespace: ask.namespace.into(),
            name: ask.service.into(),
        };
        if self.coverage == Coverage::Complete || !self.is_configured(&key.namespace) {
            // The catalogue has all of it, or nothing ever: who asked may have given up.
            let _ = ask.done.send(Ok(()));
        } else if matches!(self.phase, Phase::Pausing(_)) || self.outage.is_on() {
            self.demands.ask_without_nomad(&key, ask.done);
        } else if let Some(gone) = self.demands.ask(key, ask.done, Instant::now()) {
            self.drop_demanded(&gone);
        }
    }

    /// Starts the reads that are asked for.
    pub(super) fn start_demanded(&mut self, now: Instant) {
        while self.demanding.len() < self.settings.reads_in_flight
            && let Some(key) = self.demands.next_read(now)
        {
            let (client, settings) = (self.client.clone(), Arc::clone(&self.settings));
            let order = key.clone();
            let task = self
                .tasks
                .spawn(async move { Done::Demanded(read_service(&client, &settings, &key).await) });
            self.demanding.insert(task.id(), order);
        }
    }

    /// Takes a read, and lets those who wait for it go on once it is published.
    pub(super) fn demanded(&mut self, key: &Key, read: Result<(u64, Converted), NomadError>) {
        let now = Instant::now();
        match read {
            Ok((index, converted)) => {
                self.status.answered(Answered::Read);
                let count = converted.instances.len();
                if self.plan.demanded(key, index, count) == Apply::Yes {
                    self.take_read(key, Told::ByEvent, converted);
                }
                let known = if count == 0 {
                    Known::Absent
                } else {
                    Known::Here
                };
                let waiters = self.demands.read(key, known);
                self.publish();
                for waiter in waiters {
                    // Who asked may have given up.
                    let _ = waiter.send(Ok(()));
                }
            }
            Err(error) => {
                self.demands.failed(key, now);
                match &error.cause {
                    Cause::RateLimited { .. } => self.lose_by(Loss::List, &error),
                    cause if cause.is_outage() => self.lose_by(Loss::List, &error),
                    cause => {
                        self.status.erred(&error);
                        if cause.is_authorization() {
                            self.look_again(now);
                        }
                    }
                }
            }
        }
    }

    /// Forgets what nobody asks for, as long as it could be read again.
    pub(super) fn forget_demanded(&mut self, now: Instant) {
        if self.coverage == Coverage::OnDemand && !self.outage.is_on() {
            for key in self.demands.sweep(now) {
                self.drop_demanded(&key);
            }
        }
    }

    /// Forgets what the token may list no longer, once that is too old to be answered from.
    pub(super) fn forget_unfollowed(&mut self, now: Instant) {
        let too_old = self
            .narrowed
            .is_some_and(|since| now.duration_since(since) >= self.settings.max_stale);
        if too_old && self.phase == Phase::Following {
            self.narrowed = None;
            for key in self.plan.unfollowed() {
                self.drop_demanded(&key);
            }
        }
    }

    fn drop_demanded(&mut self, key: &Key) {
        self.plan.drop_demanded(key);
        self.take_read(key, Told::ByEvent, Converted::none());
    }

    fn set_coverage(&mut self, coverage: Coverage) {
        self.coverage = coverage;
        self.writer.cover(coverage);
        self.changed();
    }

    fn is_configured(&self, namespace: &str) -> bool {
        let mut names = self.settings.namespaces.iter();
        names.any(|name| name == "*" || **name == *namespace)
    }
}
