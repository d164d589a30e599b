//! What holds after every step of the model, and what a quiet Nomad costs.
//!
//! Floor 2, in tests only.

use std::collections::BTreeSet;

use tokio::time::{Duration, Instant};

use super::steps::BACK_MAX;
use super::{ListTiming, Model, numbers};
use crate::catalog::UnknownReason;
use crate::sync::follow::plan::scope::Resync;
use crate::sync::follow::plan::services::{FirstRead, NOT_LISTED, ReadState};
use crate::sync::settings::Times;

/// Reads that may be in flight.
pub(super) const READING_MAX: usize = 8;

impl Model {
    /// Checks what holds whatever happened before.
    pub(super) fn check(&mut self) {
        self.check_sums();
        self.check_unknowns();
        self.check_resyncs();
        let held: BTreeSet<_> = self.held.keys().copied().collect();
        let present: BTreeSet<_> = self.plan.present().iter().map(numbers).collect();
        assert_eq!(present, held, "what the catalogue has");
        let mut unfollowed: Vec<_> = self.plan.unfollowed();
        unfollowed.sort();
        let expected: BTreeSet<_> = held
            .iter()
            .filter(|it| !self.is_followed(it.0))
            .map(|it| it.0.to_string().into())
            .collect();
        assert_eq!(unfollowed, expected.into_iter().collect::<Vec<_>>());
    }

    fn is_followed(&self, namespace: usize) -> bool {
        let mut scopes = self.scopes.iter();
        scopes.any(|only| only.is_none_or(|it| it == namespace))
    }

    /// The numbers that are kept are those that a count gives.
    fn check_sums(&mut self) {
        let services = &mut self.plan.services;
        let (mut count, mut present, mut instances, mut open) = (0, 0, 0, 0);
        let mut reading = 0;
        for service in services.each(None) {
            count += 1;
            present += usize::from(service.instances > 0);
            instances += service.instances;
            open += usize::from(service.first_read == FirstRead::Open);
            reading += usize::from(service.work == ReadState::Reading);
        }
        assert!(reading <= self.reading.len(), "nobody reads them");
        assert_eq!(services.count(None), count, "services");
        assert_eq!(services.open, open, "open first reads");
        assert_eq!(self.plan.counts(), (present, instances));
        assert_eq!(instances, self.held.values().sum::<usize>());
    }

    /// The catalogue hears of each service that becomes known or unknown; what is listed and was never read is unknown.
    fn check_unknowns(&mut self) {
        for (key, reason) in self.plan.take_unknowns() {
            match reason {
                Some(reason) => self.unknown.insert(numbers(&key), reason),
                None => self.unknown.remove(&numbers(&key)),
            };
        }
        let mut unknown = self.unknown.clone();
        let mut found = Vec::new();
        for service in self.plan.services.each(None) {
            let it = numbers(&service.key);
            assert_eq!(service.unknown, unknown.remove(&it));
            let never_read = service.applied == 0 && service.instances == 0;
            found.push((
                it,
                service.list != NOT_LISTED && never_read,
                service.unknown,
            ));
        }
        for (it, is_open, reason) in found {
            let (namespace, name) = (it.0.to_string(), it.1.to_string());
            let is_held = self.held.contains_key(&it);
            assert_eq!(self.plan.is_present(&namespace, &name), is_held, "{it:?}");
            if is_open && self.is_followed(it.0) {
                assert!(reason.is_some(), "{it:?} exists");
            }
            if !is_open {
                assert_ne!(reason, Some(UnknownReason::Unread), "{it:?} was read");
            }
        }
        assert!(unknown.is_empty(), "{unknown:?} are forgotten");
    }

    /// Two resyncs do not begin shortly after each other.
    fn check_resyncs(&mut self) {
        let began = self.plan.resync_began();
        if let (Some(before), Some(began)) = (self.resync_began, began)
            && before != began
        {
            let gap = began.saturating_duration_since(before);
            assert!(gap >= Times::default().resync_gap, "after {gap:?}");
        }
        self.resync_began = began;
    }

    /// Returns when the plan says that it will have something to do.
    fn due(&self) -> Option<Instant> {
        let dues = [self.plan.tick_due(), self.plan.read_due()];
        dues.into_iter().flatten().min()
    }

    /// Lets time pass as the driver does: it wakes when something is due, and nothing is due before.
    pub(super) fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        self.turn();
        while self.reading.len() < READING_MAX {
            let due = self.due().filter(|due| *due <= end);
            let before = due.map_or(end, |due| due - Duration::from_nanos(1));
            if before > self.now {
                self.now = before;
                self.plan.tick(self.now);
                let early = self.plan.next_read(self.now);
                assert!(early.is_none(), "{early:?} was due later");
            }
            let Some(due) = due else { break };
            self.now = self.now.max(due);
            let begun = self.reading.len();
            self.turn();
            let is_busy = self.reading.len() > begun || self.due().is_none_or(|next| next > due);
            assert!(is_busy, "nothing was done when it was due");
        }
        self.now = end;
        self.turn();
    }

    /// Answers every read from the newest state, as soon as it is asked; returns how many.
    fn answer(&mut self) -> usize {
        let mut answered = 0;
        while let Some(order) = self.reading.pop() {
            self.read(&order, 0);
            answered += 1;
            self.turn();
        }
        answered
    }

    /// Checks what Nomad is asked while it is quiet: nothing but the routine, and one read for a change.
    pub(super) fn check_quiet(&mut self) {
        let times = Times::default();
        // As Nomad's index goes on: until it is where it was before a restore, what had changed then may be wanted still.
        self.index += BACK_MAX;
        let truth = self.truth().clone();
        self.history.push_back((self.index, truth));
        // What is still wanted is read by the next resync at the latest.
        self.now += times.resync_every;
        self.rest();
        self.check();
        assert!(self.unknown.is_empty(), "{:?}", self.unknown);
        assert!(self.plan.is_read());
        assert_eq!(self.plan.open(), 0);
        assert_eq!(self.plan.resync, Resync::NotNeeded);
        let routine = self.plan.resync_began().unwrap() + times.resync_every;
        assert_eq!(self.due(), Some(routine), "nothing else is due");
        let quiet = Duration::from_secs(60);
        self.list(0, ListTiming::Before);
        self.advance(quiet);
        assert!(self.reading.is_empty(), "read without a reason");
        // The frame comes first, or the list, or the answer to another read.
        for instances in [3, 4] {
            self.change((0, 0), instances, true);
            self.turn();
            assert_eq!(self.answer(), 1, "reads for one change");
            self.list(0, ListTiming::Before);
            self.plan.observe(self.index, self.now);
            // It is opened again for a namespace that is new, and tells the same once more.
            self.open_stream();
            self.advance(quiet);
            assert!(self.reading.is_empty(), "read without a reason");
        }
        assert_eq!(&self.held, self.truth());
        assert_eq!(self.plan.highest_index(), self.index);
        assert_eq!(self.plan.index(0), self.index);
    }
}
