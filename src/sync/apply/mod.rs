//! Writes what was read into the catalogue, and publishes it: first when it is complete, then with every change.
//!
//! Floor 2. Only this module has the catalogue's writer. `guard` decides what may be removed, `health` the health of
//! each instance. It sends nothing to Nomad.

mod large;
mod registration;
mod restored;
mod twins;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) use self::registration::{Converted, convert};

use self::large::Large;
use self::restored::RestoredUnknowns;
use self::twins::{ServicePresence, Twins, folded};
use super::key::ServiceKey;
use super::oddities::{Oddities, Oddity, ServiceOddities};
use super::status::Status;
use crate::catalog::{
    Coverage, Health, Instance, PutOutcome, ServiceNameError, UnknownReason, Writer,
};

/// The working copy of the catalogue, and how the published one stands to it.
#[derive(Debug)]
pub(super) struct Applier {
    writer: Writer,
    status: Arc<Status>,
    oddities: Oddities,
    twins: Twins,
    large: Large,
    published: Published,
    /// Why it is not known what services have; told to the catalogue once it is published.
    unknowns: HashMap<ServiceKey, UnknownReason>,
    restored_unknowns: RestoredUnknowns,
}

/// How the published catalogue stands to the working copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// Nothing is answered: it was not complete yet, or became too old.
    Never,
    /// What is answered from is what an earlier process left on disk.
    Restored,
    Current,
    Changed,
}

impl Applier {
    /// What has more instances than `large` is told of.
    pub(super) fn new(writer: Writer, status: Arc<Status>, large: Option<usize>) -> Self {
        let published = match writer.has_published() {
            true => Published::Restored,
            false => Published::Never,
        };
        Self {
            restored_unknowns: RestoredUnknowns::of(&writer),
            writer,
            status,
            oddities: Oddities::default(),
            twins: Twins::default(),
            large: Large::new(large),
            published,
            unknowns: HashMap::new(),
        }
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.writer
    }

    pub(super) fn published(&self) -> Published {
        self.published
    }

    /// Says whether this process has published what it read.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.published, Published::Current | Published::Changed)
    }

    /// Writes what was read of a service; `is_present` says whether one of another spelling is there.
    pub(super) fn apply(
        &mut self,
        key: &ServiceKey,
        converted: Converted,
        is_present: impl Fn(&str, &str) -> bool,
    ) {
        let Converted {
            instances,
            mut found,
        } = converted;
        let presence = if instances.is_empty() {
            ServicePresence::Gone
        } else {
            ServicePresence::Here
        };
        let count = instances.len();
        match self.writer.put(&key.namespace, &key.name, instances) {
            Ok(outcome) => {
                self.note(outcome);
                if let Some(large) = self.large.note(key, count) {
                    self.status.set_large(large);
                }
            }
            Err(_) if presence == ServicePresence::Gone => {}
            Err(ServiceNameError::Service) => found.add(Oddity::ServiceName, &key.name),
            Err(ServiceNameError::Namespace) => found.add(Oddity::NamespaceName, &key.namespace),
        }
        self.oddities.set(key, &found);
        self.note_twins(key, presence, is_present);
        if self.published != Published::Never {
            self.tell_oddities();
        }
    }

    /// Judges the instances of services anew.
    pub(super) fn judge(
        &mut self,
        keys: &[ServiceKey],
        judge: impl Fn(&ServiceKey, &Instance) -> Health,
    ) {
        for key in keys {
            let outcome = self
                .writer
                .judge(&key.namespace, &key.name, |it| judge(key, it));
            self.note(outcome);
        }
    }

    /// Notes whether it is known what a service has.
    pub(super) fn mark_unknown(&mut self, key: ServiceKey, reason: Option<UnknownReason>) {
        if self.is_live() {
            // What has no DNS name is not asked for.
            let outcome = self.writer.mark_unknown(&key.namespace, &key.name, reason);
            return self.note(outcome.unwrap_or(PutOutcome::Unchanged));
        }
        match reason {
            Some(reason) => self.unknowns.insert(key, reason),
            None => self.unknowns.remove(&key),
        };
    }

    /// Notes whether it is known what is in a namespace.
    pub(super) fn mark_namespace_unknown(
        &mut self,
        namespace: &str,
        reason: Option<UnknownReason>,
    ) {
        self.restored_unknowns.forget_namespace(namespace);
        let outcome = self.writer.mark_namespace_unknown(namespace, reason);
        self.note(outcome.unwrap_or(PutOutcome::Unchanged));
    }

    /// Notes whether namespaces that the catalogue does not have may exist.
    pub(super) fn mark_others_unknown(&mut self, reason: Option<UnknownReason>) {
        self.restored_unknowns.forget_others();
        let outcome = self.writer.mark_others_unknown(reason);
        self.note(outcome);
    }

    /// Sets whether the catalogue has all that there is.
    pub(super) fn cover(&mut self, coverage: Coverage) {
        if self.writer.coverage() != coverage {
            self.writer.cover(coverage);
            self.note(PutOutcome::Changed);
        }
    }

    /// Counts records of a list that could not be read.
    pub(super) fn note_unreadable(&mut self, list: &Arc<str>, unreadable: usize) {
        let mut found = ServiceOddities::default();
        for _ in 0..unreadable {
            found.add(Oddity::Unreadable, "a record of the list of services");
        }
        let key = ServiceKey {
            namespace: Arc::clone(list),
            name: "".into(),
        };
        self.oddities.set(&key, &found);
    }

    /// Forgets addresses whose last instance is gone for long enough.
    pub(super) fn retire_addresses(&mut self, grace: Duration) {
        let outcome = self.writer.retire_addresses(grace);
        self.note(outcome);
    }

    /// Publishes the working copy as the state at Nomad's index.
    pub(super) fn publish(&mut self, index: u64) {
        self.restored_unknowns.clear(&mut self.writer);
        for (key, reason) in std::mem::take(&mut self.unknowns) {
            let _ = self
                .writer
                .mark_unknown(&key.namespace, &key.name, Some(reason));
        }
        self.writer.publish(index);
        self.published = Published::Current;
    }

    /// Takes back what was published.
    pub(super) fn withdraw(&mut self) {
        self.writer.withdraw();
        self.published = Published::Never;
    }

    /// Tells the status what is odd.
    pub(super) fn tell_oddities(&self) {
        self.status
            .set_oddities(&self.oddities.totals(), self.oddities.examples());
    }

    fn note(&mut self, outcome: PutOutcome) {
        if outcome == PutOutcome::Changed && self.published == Published::Current {
            self.published = Published::Changed;
        }
    }

    fn note_twins(
        &mut self,
        key: &ServiceKey,
        presence: ServicePresence,
        is_present: impl Fn(&str, &str) -> bool,
    ) {
        if presence == ServicePresence::Gone {
            self.oddities.set_twins(key, 0);
        }
        let capitals = self.twins.note(key, presence);
        if capitals.is_empty() {
            return;
        }
        let (namespace, name) = folded(key);
        let small = usize::from(is_present(&namespace, &name));
        for key in capitals {
            self.oddities.set_twins(key, small + capitals.len() - 1);
        }
    }
}
