//! Configured namespaces that cannot be listed: kept with the reason, logged once, and tried again.
//!
//! Floor 2, no I/O. The last known state of such a namespace is used for as long as in an outage; other names in it
//! are not denied.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::{Follow, FollowOutcome};
use crate::catalog::UnknownReason;
use crate::nomad::{Listed, NomadError};
use crate::sync::rights::ALL;

/// A namespace that cannot be listed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing {
    pub(super) reason: UnknownReason,
    since: Instant,
    /// Whether what was known of it is still answered from.
    is_answered: bool,
}

/// Why it cannot be listed.
pub(super) enum Reason<'a> {
    Error(&'a NomadError),
    /// The look at the rights says so.
    Rights,
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => error.fmt(f),
            Self::Rights => f.write_str("the token may not list it"),
        }
    }
}

impl Follow {
    /// Notes that a namespace cannot be listed.
    pub(super) fn miss(
        &mut self,
        name: &Arc<str>,
        reason: UnknownReason,
        why: &Reason<'_>,
        now: Instant,
    ) {
        let before = self.missing.get(name).copied();
        let since = before.map_or(now, |before| before.since);
        let is_answered = before.is_none_or(|before| before.is_answered);
        let missing = Missing {
            reason,
            since,
            is_answered,
        };
        self.missing.insert(Arc::clone(name), missing);
        if reason == UnknownReason::Refused {
            self.plan.namespace_is_refused(name);
        }
        if before.is_none_or(|before| before.reason != reason) {
            tracing::warn!(
                namespace = %name.escape_debug(),
                reason = %why,
                "a namespace cannot be read: known names in it are answered as stale, others get SERVFAIL"
            );
            let outcome = FollowOutcome::NamespaceUnknown(Arc::clone(name), Some(reason));
            self.outcomes.push(outcome);
            self.tell_missing();
        }
    }

    /// Notes which namespaces a list has.
    pub(super) fn found_namespaces(&mut self, list: &Arc<str>, listed: &Listed) {
        if self.missing.is_empty() {
            return;
        }
        let is_in = |name: &str| match &**list {
            ALL => listed.services.iter().any(|it| *it.namespace == *name),
            only => *only == *name,
        };
        let found: Vec<_> = self
            .missing
            .keys()
            .filter(|name| is_in(name))
            .cloned()
            .collect();
        for name in found {
            self.found_namespace(&name);
        }
    }

    /// Notes that a namespace can be listed again.
    pub(super) fn found_namespace(&mut self, name: &Arc<str>) {
        if self.missing.remove(name).is_some() {
            tracing::info!(namespace = %name.escape_debug(), "a namespace can be read again");
            let outcome = FollowOutcome::NamespaceUnknown(Arc::clone(name), None);
            self.outcomes.push(outcome);
            self.tell_missing();
        }
    }

    /// Forgets what was known of namespaces that could not be listed for too long.
    pub(in crate::sync) fn forget_what_is_too_old(&mut self, now: Instant) {
        let max_stale = self.settings.max_stale;
        for (name, missing) in &mut self.missing {
            let age = now.saturating_duration_since(missing.since);
            if missing.is_answered && age >= max_stale {
                missing.is_answered = false;
                let gone = self.plan.drop_namespace(name);
                self.outcomes.push(FollowOutcome::TooOld(gone));
            }
        }
    }

    /// Marks as unknown whether there are namespaces beside those that are followed, or not.
    pub(super) fn mark_others(&mut self) {
        let has_all = matches!(self.access, crate::sync::Access::All(_));
        let reason = (self.wants_all && !has_all).then_some(UnknownReason::Refused);
        self.outcomes.push(FollowOutcome::OthersUnknown(reason));
    }

    fn tell_missing(&self) {
        let missing = self.missing.iter();
        let missing = missing.map(|(name, it)| (Arc::clone(name), it.reason));
        self.status.set_missing(missing.collect());
    }
}
