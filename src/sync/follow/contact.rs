//! Asks the server that is followed, now and then, whether it still has its leader.
//!
//! Floor 2, no I/O. A server that is cut off answers on, and what waits there would wait for long, also when Nomad's
//! state was restored: this costs one small request in some seconds. An index that is lower than what is known is asked
//! of the leader, and then the lists tell.

use tokio::time::Instant;

use super::outage::Failing;
use super::{Follow, Pending};
use crate::nomad::{Consistency, NomadError, QueryMeta};
use crate::sync::ask::Question;
use crate::sync::rights::ALL;

/// When the next question is due.
#[derive(Debug)]
pub(super) struct Contact {
    next: Instant,
    is_asked: bool,
    /// Whose word the next answer has to be.
    consistency: Consistency,
}

impl Contact {
    pub(super) fn new(next: Instant) -> Self {
        Self {
            next,
            is_asked: false,
            consistency: Consistency::Stale,
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
        let listed = self.watches.first().map(|watch| &watch.name);
        let namespace = listed.filter(|name| ***name != *ALL);
        let namespace = namespace.or_else(|| self.plan.a_namespace()).cloned();
        let Some(namespace) = namespace else {
            // Nothing is registered that could be read, and a list of nothing is as small a question.
            self.contact
                .is_over(now + self.settings.times.contact_every);
            self.recheck(now);
            return Some(now);
        };
        let consistency = self.contact.consistency;
        let question = Question::Contact {
            namespace,
            consistency,
        };
        self.ask(question, Pending::Contact);
        self.contact.is_asked = true;
        None
    }

    /// Takes the answer.
    pub(super) fn contacted(&mut self, contact: Result<QueryMeta, NomadError>, now: Instant) {
        self.contact
            .is_over(now + self.settings.times.contact_every);
        let consistency = std::mem::replace(&mut self.contact.consistency, Consistency::Stale);
        match contact {
            Ok(meta) => {
                self.status.heard();
                self.plan.observe(meta.index, now);
                let is_lower = meta.index < self.plan.highest_index();
                match consistency {
                    Consistency::Stale if is_lower => {
                        self.contact.consistency = Consistency::Default;
                        self.contact.next = now;
                    }
                    Consistency::Default if is_lower => self.ask_the_leader(now),
                    _ => {}
                }
            }
            Err(error) if error.cause.is_transport() => self.fail_by(Failing::Lists, &error, now),
            // It may list, and not read this: that proves nothing of the leader.
            Err(error) => self.erred(&error),
        }
    }
}
