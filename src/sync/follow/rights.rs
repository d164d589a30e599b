//! Finds out what the token can list: at the start, after a failure, and regularly while that is less than
//! configured.
//!
//! Floor 2, no I/O.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::missing::{Missing, Reason};
use super::outage::FailingKind;
use super::plan::{ListProvenance, ListTiming};
use super::watch::{StreamState, Watch};
use super::{Follow, FollowOutcome, FollowPhase, Pending};
use crate::catalog::UnknownReason;
use crate::nomad::{Consistency, Listed, NomadError};
use crate::sync::ask::NomadRequest;
use crate::sync::rights::{Access, Rights};

/// The shortest time between two looks at what the token may list.
const LOOK_GAP: Duration = Duration::from_secs(1);
/// How often a namespace is looked for again whose list could not be read.
const UNREADABLE_EVERY: Duration = Duration::from_secs(5);
/// The least pause after a refusal, for each namespace of the configuration beyond a few.
const REFUSED_PAUSE: Duration = Duration::from_millis(1500);
/// Namespaces that are asked for within the usual pauses.
const FEW_NAMESPACES: usize = 4;

impl Follow {
    /// Begins to find out what the token may list.
    pub(super) fn find_rights(&mut self) {
        self.phase = FollowPhase::Finding;
        // A server that has just started shows an empty state for a moment: where nothing is known to compare it with,
        // only the leader's word counts.
        let consistency = match self.plan.highest_index() {
            0 => Consistency::Default,
            _ => Consistency::Stale,
        };
        let question = NomadRequest::Rights {
            consistency,
            followed: Vec::new(),
            missing: self.missing.keys().cloned().collect(),
        };
        self.ask(question, Pending::Rights);
    }

    /// Finds out again, now and then, while the token may list less than the configuration asks for.
    pub(super) fn look_for_more(&mut self, now: Instant) -> Option<Instant> {
        let less = match self.access {
            Access::Namespaces(..) => self.wants_all,
            Access::Reads => true,
            Access::Unknown | Access::All(_) | Access::None => false,
        };
        if matches!(self.access, Access::Unknown | Access::None) {
            return None;
        }
        // What could not be read may be read again at any time, and no policy has to be edited for it.
        let is_unreadable = |it: &Missing| it.reason == UnknownReason::Unreadable;
        let every = match self.missing.values().any(is_unreadable) {
            true => self.settings.access_every.min(UNREADABLE_EVERY),
            false => self.settings.access_every,
        };
        let due = self.followed.max(self.looked) + every;
        if due > now {
            return Some(due);
        }
        if !less && self.missing.is_empty() {
            // A list that waits is not let go by a policy that is edited.
            self.looked = now;
            self.recheck(now);
            return Some(now + self.settings.access_every);
        }
        self.look(now);
        Some(now + self.settings.access_every)
    }

    /// Finds out again what the token may list, soon after a refusal.
    pub(super) fn look_again(&mut self, now: Instant) {
        // Each namespace that is asked for in vain is a request.
        let asked = u32::try_from(self.settings.namespaces.len()).unwrap_or(u32::MAX);
        if now >= self.looked + LOOK_GAP.saturating_mul(asked) {
            self.look(now);
        }
    }

    /// Finds out again what the token may list, beside what is followed.
    fn look(&mut self, now: Instant) {
        let is_looking = self
            .pending
            .values()
            .any(|it| matches!(it, Pending::MoreRights));
        if is_looking || !self.is_connected() {
            return;
        }
        self.looked = now;
        let question = NomadRequest::Rights {
            consistency: Consistency::Stale,
            followed: self.lists().cloned().collect(),
            missing: self.missing.keys().cloned().collect(),
        };
        self.ask(question, Pending::MoreRights);
    }

    /// Takes what the token may list beside what is followed.
    pub(super) fn found_more(&mut self, found: Result<Rights, NomadError>, now: Instant) {
        // What fails here fails for what is followed too, and is told there.
        let Ok(rights) = found else { return };
        let same_kind =
            std::mem::discriminant(&rights.access) == std::mem::discriminant(&self.access);
        if !same_kind {
            if rights.access != Access::None {
                self.found(Ok(rights), now);
            }
            return;
        }
        if rights.access == Access::Reads {
            // What cannot be listed is read as it is asked for.
            return;
        }
        for (name, listed) in rights.lists {
            self.watch_also(&name, &listed, now);
        }
        for (name, index) in &rights.empty {
            self.namespace_is_empty(name, *index);
        }
        for (name, reason) in &rights.missing {
            self.miss(name, *reason, &Reason::Rights, now);
        }
        // What is in the list of all, and is empty, is missing no longer; what has a list of its own is told by that one.
        let is_missing = |name: &Arc<str>| rights.missing.iter().any(|(other, _)| other == name);
        let has_list = |name: &Arc<str>| {
            rights.shown.contains(name) || self.lists().any(|other| other == name)
        };
        let found: Vec<_> = self
            .missing
            .keys()
            .filter(|it| !is_missing(it) && !has_list(it))
            .cloned()
            .collect();
        for name in found {
            self.found_namespace(&name);
        }
        // The list of all has what was missing: it tells what is there now.
        if self.missing.keys().any(|name| rights.shown.contains(name)) {
            self.recheck(now);
        }
    }

    /// Takes what the token may list, and follows it.
    pub(super) fn found(&mut self, found: Result<Rights, NomadError>, now: Instant) {
        let rights = match found {
            Ok(rights) => rights,
            Err(error) => return self.fail_by(FailingKind::Lists, &error, now),
        };
        if let Some(error) = &rights.refusal {
            self.erred(error);
        }
        match rights.access {
            Access::None => return self.found_nothing(&rights, now),
            Access::Reads => return self.read_on_demand(now),
            _ => {}
        }
        self.stop_watches();
        let names: Vec<Arc<str>> = rights
            .lists
            .iter()
            .map(|(name, _)| Arc::clone(name))
            .collect();
        self.plan.follow(&names);
        let watch = |name| Watch::new(name, now, &self.settings);
        self.watches = names.iter().map(watch).collect();
        self.phase = FollowPhase::Following;
        self.followed = now;
        self.contact
            .is_over(now + self.settings.times.contact_every);
        self.set_access(rights.access);
        self.mark_others();
        for (name, reason) in &rights.missing {
            self.miss(name, *reason, &Reason::Rights, now);
        }
        // What was followed before, and is no more, may not be listed any more.
        for name in self.plan.unfollowed() {
            self.miss(&name, UnknownReason::Refused, &Reason::Rights, now);
        }
        for (name, index) in &rights.empty {
            self.namespace_is_empty(name, *index);
        }
        self.worked(FailingKind::Lists);
        let heard = ListProvenance {
            consistency: rights.consistency,
            asked: ListTiming::Before,
        };
        for (name, listed) in rights.lists {
            if self.phase == FollowPhase::Following
                && let Some((at, _)) = self.watch(&name)
            {
                self.plan.list_asked(at);
                self.take_list(at, heard, &listed, now);
            }
        }
    }

    /// Follows the list of one more namespace.
    pub(super) fn watch_also(&mut self, name: &Arc<str>, listed: &Listed, now: Instant) {
        if self.watch(name).is_some() {
            return;
        }
        self.watches.push(Watch::new(name, now, &self.settings));
        self.plan.follow_also(name);
        self.found_namespace(name);
        let last = self.watches.len() - 1;
        self.tell_lists();
        self.plan.list_asked(last);
        let heard = ListProvenance {
            consistency: Consistency::Stale,
            asked: ListTiming::Before,
        };
        self.take_list(last, heard, listed, now);
    }

    /// Follows the list of a namespace no longer; the last one takes its place.
    pub(super) fn unwatch(&mut self, at: usize) {
        let watch = self.watches.swap_remove(at);
        self.plan.unfollow(at);
        self.cancel_watch(&watch);
        self.tell_lists();
    }

    /// Stops all lists and streams.
    pub(super) fn stop_watches(&mut self) {
        for (at, watch) in std::mem::take(&mut self.watches).iter().enumerate() {
            if matches!(watch.stream, StreamState::Open { .. }) {
                self.plan.stream_down(at, super::plan::StreamAgain::Soon);
            }
            self.cancel_watch(watch);
        }
        let aside = |it: &Pending| {
            matches!(
                it,
                Pending::Vanished(_) | Pending::MoreRights | Pending::Contact
            )
        };
        let numbers: Vec<u64> = self
            .pending
            .iter()
            .filter(|(_, it)| aside(it))
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            self.cancel(number);
        }
    }

    fn cancel_watch(&mut self, watch: &Watch) {
        if let super::watch::ListState::Asked(number, _) = watch.list {
            self.cancel(number);
        }
        if let StreamState::Open { number, .. } = watch.stream {
            self.cancel(number);
        }
    }

    fn found_nothing(&mut self, rights: &Rights, now: Instant) {
        self.set_access(Access::None);
        let refusal = rights.refusal.as_ref();
        let why = refusal.map_or_else(String::new, |error| format!(" ({error})"));
        // Each namespace that was asked for in vain is a request; a few do not matter.
        let asked = self.settings.namespaces.len();
        let many = u32::try_from(asked.saturating_sub(FEW_NAMESPACES)).unwrap_or(u32::MAX);
        let least = REFUSED_PAUSE.saturating_mul(many);
        self.fail(&format!("{}{why}", Access::None), Some(least), now);
    }

    /// Reads on demand from now on; what the catalogue has stays, and counts once it was read again.
    fn read_on_demand(&mut self, now: Instant) {
        self.stop_watches();
        self.plan.follow(&[]);
        self.phase = FollowPhase::OnDemand;
        self.followed = now;
        self.set_access(Access::Reads);
        let missing: Vec<_> = self.missing.keys().cloned().collect();
        for name in missing {
            self.found_namespace(&name);
        }
        self.outcomes.push(FollowOutcome::OthersUnknown(None));
        self.worked(FailingKind::Reads);
        self.outcomes.push(FollowOutcome::OnDemand);
    }
}
