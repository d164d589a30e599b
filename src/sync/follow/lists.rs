//! Requests the lists, and handles their responses.
//!
//! Floor 2, no I/O. If a list is older than what is known, the leader is asked for it. A list that cannot be read
//! does not affect the others.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::missing::Reason;
use super::plan::{ListProvenance, ListTiming, Removed, Verdict};
use super::watch::{ListState, NextList, Watch};
use super::{Follow, FollowOutcome, Pending};
use crate::catalog::UnknownReason;
use crate::nomad::{Cause, Consistency, Listed, ListedService, NomadError, QueryOptions, WaitMode};
use crate::sync::ask::NomadRequest;
use crate::sync::rights::{ALL, is_of_one_list, is_refusal, unknown_reason};
use crate::sync::status::NomadAnswer;

/// Lists that wait at Nomad at the same time; each has a connection.
pub(super) const LISTS_AT_ONCE: usize = 4;
/// How long each waits when there are more, so that they take turns.
const TURN: Duration = Duration::from_secs(1);
/// The pause before a list is asked of the leader because its index was lower than what is known.
const LOWER_INDEX_PAUSE: Duration = Duration::from_millis(50);

impl Follow {
    /// Asks the lists that are due, those first that have waited longest; returns when the next is.
    pub(super) fn ask_lists(&mut self, now: Instant) -> Option<Instant> {
        let turns = self.watches.len() > LISTS_AT_ONCE;
        let wait = if turns {
            self.settings.wait.min(TURN)
        } else {
            self.settings.wait
        };
        let mut waiting: Vec<_> = self.watches.iter().enumerate().filter_map(next).collect();
        waiting.sort();
        let free = LISTS_AT_ONCE.saturating_sub(self.watches.len() - waiting.len());
        for &(at, watch) in waiting.iter().take(free) {
            if at > now {
                return Some(at);
            }
            self.ask_list(watch, wait, now);
        }
        None
    }

    /// Has every list asked at once.
    pub(in crate::sync) fn ask_all_lists(&mut self, now: Instant) {
        for watch in 0..self.watches.len() {
            self.ask_list_at(watch, ListTiming::Before, now);
        }
    }

    /// Has every list asked of the leader: it answered a read with a lower index than is known.
    pub(super) fn ask_the_leader(&mut self, now: Instant) {
        for watch in 0..self.watches.len() {
            self.plan.list_was_behind(watch);
            self.ask_list_at(watch, ListTiming::Before, now);
        }
    }

    /// Has every list that only waits asked at once: something suggests that Nomad is gone.
    pub(super) fn recheck(&mut self, now: Instant) {
        for watch in 0..self.watches.len() {
            if let Some(number) = self.watches[watch].recheck(now) {
                self.cancel(number);
            }
        }
    }

    pub(super) fn ask_list_at(&mut self, watch: usize, asked: ListTiming, at: Instant) {
        if let Some(number) = self.watches[watch].ask_now(asked, at) {
            self.cancel(number);
        }
    }

    fn ask_list(&mut self, watch: usize, wait: Duration, now: Instant) {
        let index = self.plan.index(watch);
        let ListState::Next(_, ask) = self.watches[watch].list else {
            return;
        };
        let (consistency, min_index) = self.plan.list_asked(watch);
        // Without an index there is nothing to wait over, and the leader's word is wanted now.
        let ask = match ask {
            NextList::Blocking if index == 0 || consistency == Consistency::Default => {
                NextList::Now(ListTiming::Before)
            }
            ask => ask,
        };
        let (wait, asked) = ask.wait(index, wait);
        self.watches[watch].pace.asked(wait, now);
        let namespace = Arc::clone(&self.watches[watch].name);
        let options = QueryOptions {
            consistency,
            min_index,
            wait,
        };
        let pending = Pending::List {
            namespace: Arc::clone(&namespace),
            heard: ListProvenance { consistency, asked },
        };
        let number = self.ask(NomadRequest::List { namespace, options }, pending);
        self.watches[watch].list = ListState::Asked(number, ask);
    }

    /// Takes an answer of a list.
    pub(super) fn listed(
        &mut self,
        name: &Arc<str>,
        heard: ListProvenance,
        listed: Result<Listed, NomadError>,
        now: Instant,
    ) {
        let Some((at, _)) = self.watch(name) else {
            return;
        };
        let services = listed.as_ref().map_or(0, |listed| listed.services.len());
        self.watches[at].listed(services, &self.settings.times, now);
        match listed {
            Ok(listed) => {
                self.watches[at].pace.answered(listed.meta.index, now);
                self.worked(super::outage::FailingKind::Lists);
                self.take_list(at, heard, &listed, now);
            }
            Err(error) => self.list_failed(at, heard.asked, &error, now),
        }
    }

    fn list_failed(&mut self, watch: usize, asked: ListTiming, error: &NomadError, now: Instant) {
        let name = Arc::clone(&self.watches[watch].name);
        if let Cause::Behind { .. } = error.cause {
            self.erred(error);
            self.plan.list_was_behind(watch);
            return self.ask_list_at(watch, asked, now + LOWER_INDEX_PAUSE);
        }
        let others = self.watches.iter().filter(|it| it.name != name);
        let is_alone = others.into_iter().all(Watch::is_failing);
        if is_alone || !is_of_one_list(&error.cause) {
            return self.fail_by(super::outage::FailingKind::Lists, error, now);
        }
        self.erred(error);
        if *name == *ALL {
            return self.fail_by(super::outage::FailingKind::Lists, error, now);
        }
        let reason = unknown_reason(error);
        self.miss(&name, reason, &Reason::Error(error), now);
        match reason {
            // It is looked for again now and then.
            UnknownReason::Refused => self.unwatch(watch),
            _ => self.watches[watch].list_failed(now),
        }
    }

    /// Takes what a list says.
    pub(super) fn take_list(
        &mut self,
        watch: usize,
        heard: ListProvenance,
        listed: &Listed,
        now: Instant,
    ) {
        self.status.answered(NomadAnswer::List);
        let services = self.wanted(&listed.services);
        let verdict = self
            .plan
            .listed(watch, listed.meta.index, &services, heard, now);
        match verdict {
            Verdict::Taken(taken) => self.take_taken(watch, taken, listed, now),
            Verdict::Lower => self.ask_list_at(watch, heard.asked, now + LOWER_INDEX_PAUSE),
            Verdict::Denied => {
                self.fail("the token may not list services any more", None, now);
            }
        }
    }

    /// Leaves out the services of namespaces that are not configured: the list of all may have more.
    fn wanted<'a>(&self, services: &'a [ListedService]) -> Cow<'a, [ListedService]> {
        if services
            .iter()
            .all(|it| self.settings.is_configured(&it.namespace))
        {
            return Cow::Borrowed(services);
        }
        let wanted = services
            .iter()
            .filter(|it| self.settings.is_configured(&it.namespace));
        Cow::Owned(wanted.cloned().collect())
    }

    fn take_taken(&mut self, watch: usize, taken: Removed, listed: &Listed, now: Instant) {
        let name = Arc::clone(&self.watches[watch].name);
        self.watches[watch].list_backoff.succeeded();
        self.found_namespaces(&name, listed);
        let unreadable = FollowOutcome::UnreadableRecords(Arc::clone(&name), listed.unreadable);
        self.outcomes.push(unreadable);
        self.outcomes.push(FollowOutcome::Gone(taken.gone));
        self.outcomes.push(FollowOutcome::Listed(name));
        self.look_at_vanished(taken.vanished);
        if taken.went_back {
            let index = self.plan.highest_index();
            tracing::warn!(
                index,
                "Nomad's index went backwards; everything is read again"
            );
            for other in (0..self.watches.len()).filter(|other| *other != watch) {
                self.ask_list_at(other, ListTiming::Before, now);
            }
        }
        if self.plan.must_resubscribe(watch) {
            self.reopen_stream(watch, now);
        }
        if *self.watches[watch].name == *ALL {
            self.unwatch_what_all_has(listed);
        }
    }

    /// Follows the list of a namespace by itself no longer once the list of all has it.
    fn unwatch_what_all_has(&mut self, listed: &Listed) {
        let has = |name: &str| listed.services.iter().any(|it| *it.namespace == *name);
        let others = self.lists().filter(|name| ***name != *ALL && has(name));
        for name in others.cloned().collect::<Vec<_>>() {
            if let Some((at, _)) = self.watch(&name) {
                self.unwatch(at);
            }
        }
    }

    /// Has each namespace that vanished from the list of all looked at by itself.
    fn look_at_vanished(&mut self, vanished: Vec<Arc<str>>) {
        for namespace in vanished {
            let missing = self.missing.get(&namespace);
            let is_looked_at = missing.is_some_and(|it| it.reason == UnknownReason::Refused)
                || self
                    .pending
                    .values()
                    .any(|it| matches!(it, Pending::Vanished(other) if *other == namespace));
            if !is_looked_at {
                let options = QueryOptions {
                    consistency: Consistency::Stale,
                    min_index: self.plan.highest_index(),
                    wait: WaitMode::No,
                };
                let question = NomadRequest::List {
                    namespace: Arc::clone(&namespace),
                    options,
                };
                self.ask(question, Pending::Vanished(namespace));
            }
        }
    }

    /// Takes it that a namespace may be listed and has no service.
    pub(super) fn namespace_is_empty(&mut self, namespace: &Arc<str>, index: u64) {
        let gone = self.plan.namespace_is_empty(namespace, index);
        self.outcomes.push(FollowOutcome::Gone(gone));
        self.found_namespace(namespace);
    }

    /// Takes the list of a namespace that vanished from the list of all.
    pub(super) fn looked_at_vanished(
        &mut self,
        namespace: &Arc<str>,
        listed: Result<Listed, NomadError>,
        now: Instant,
    ) {
        match listed {
            Ok(listed) if listed.services.is_empty() => {
                self.namespace_is_empty(namespace, listed.meta.index);
            }
            // It may be listed by itself alone, as a workload identity may.
            Ok(listed) => self.watch_also(namespace, &listed, now),
            // What fails here fails for the list of all too, which is asked again.
            Err(error) if !is_of_one_list(&error.cause) && !is_refusal(&error.cause) => {
                self.erred(&error);
                self.recheck(now);
            }
            // Nobody knows whether it is empty; it is looked for again now and then.
            Err(error) => {
                self.erred(&error);
                let reason = unknown_reason(&error);
                self.miss(namespace, reason, &Reason::Error(&error), now);
            }
        }
    }
}

fn next((watch, it): (usize, &Watch)) -> Option<(Instant, usize)> {
    match it.list {
        ListState::Next(at, _) => Some((at.max(it.pace.next()), watch)),
        ListState::Asked(..) => None,
    }
}
