//! Regularly checks that the server in use still has its leader and keeps up with it.
//!
//! Floor 2, no I/O. A server that is cut off still answers, and a blocking request would wait long on it, also when
//! Nomad's state was restored; so a small request is sent every few seconds. If its index is lower than a known one,
//! the leader is asked, and then the lists decide. A server that is always behind does not show it by itself. So the
//! leader is asked too, each time: soon afterwards the server must have the leader's index, or another one is used.

use std::sync::Arc;

use tokio::time::Instant;

use super::outage::FailingKind;
use super::{Follow, Pending};
use crate::nomad::{Cause, Consistency, NomadError, QueryMeta, QueryOptions};
use crate::sync::ask::NomadRequest;
use crate::sync::rights::ALL;

/// When the next question is due.
#[derive(Debug)]
pub(super) struct Contact {
    next: Instant,
    is_asked: bool,
    /// How the next question is asked.
    options: QueryOptions,
}

impl Contact {
    pub(super) fn new(next: Instant) -> Self {
        Self {
            next,
            is_asked: false,
            options: QueryOptions::STALE,
        }
    }

    /// Notes that the question is over, whatever came of it.
    pub(super) fn is_over(&mut self, next: Instant) {
        self.is_asked = false;
        self.next = next;
    }
}

impl Follow {
    /// Asks when it is due; returns when that is.
    pub(super) fn keep_contact(&mut self, now: Instant) -> Option<Instant> {
        if self.contact.is_asked {
            return None;
        }
        if self.contact.next > now {
            return Some(self.contact.next);
        }
        let namespace = self.a_namespace();
        let Some(namespace) = namespace else {
            // Nothing is registered that could be read, and a list of nothing is as small a question.
            self.contact
                .is_over(now + self.settings.times.contact_every);
            self.recheck(now);
            return Some(now);
        };
        let options = self.contact.options;
        let question = NomadRequest::Contact { namespace, options };
        self.ask(question, Pending::Contact);
        self.contact.is_asked = true;
        None
    }

    /// Names a namespace that the token may read, and that has a service where all are listed at once.
    fn a_namespace(&self) -> Option<Arc<str>> {
        let listed = self.watches.first().map(|watch| &watch.name);
        let mut known = self.plan.namespaces();
        listed
            .filter(|name| ***name != *ALL)
            .or_else(|| known.find(|name| !self.missing.contains_key(*name)))
            .cloned()
    }

    /// Takes the answer.
    pub(super) fn contacted(&mut self, contact: Result<QueryMeta, NomadError>, now: Instant) {
        self.contact
            .is_over(now + self.settings.times.contact_every);
        let asked = std::mem::replace(&mut self.contact.options, QueryOptions::STALE);
        match contact {
            Ok(meta) => {
                self.status.heard();
                match asked.consistency {
                    Consistency::Stale if asked.min_index > 0 => self.plan.observe(meta.index, now),
                    Consistency::Stale => self.contacted_any(meta, now),
                    Consistency::Default => self.contacted_leader(meta, now),
                }
            }
            // Every server is behind the leader: they are there, and what they say is all there is.
            Err(error) if matches!(error.cause, Cause::Behind { .. }) => self.erred(&error),
            Err(error) if error.cause.is_transport() => {
                self.fail_by(FailingKind::Lists, &error, now)
            }
            // It may list, and not read this: that proves nothing of the leader.
            Err(error) => self.erred(&error),
        }
    }

    fn contacted_any(&mut self, meta: QueryMeta, now: Instant) {
        self.plan.observe(meta.index, now);
        self.contact.options = QueryOptions::STALE.of_leader();
        self.contact.next = now;
    }

    fn contacted_leader(&mut self, meta: QueryMeta, now: Instant) {
        let known = self.plan.highest_index();
        if meta.index < known {
            self.ask_the_leader(now);
        } else if meta.index > known {
            // The client leaves a server that does not know it by then for one that does.
            self.contact.options = QueryOptions::STALE.at_least(meta.index);
            self.contact.next = now + self.settings.times.keep_up_within;
        }
    }
}
