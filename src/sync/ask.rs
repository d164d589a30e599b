//! The commands of the subjects of `sync`, and the replies to them.
//!
//! Floor 2, no I/O. A subject hands out commands and gets replies, matched by number; `tasks` carries them out. So
//! every subject can be driven by a model.

use std::sync::Arc;
use std::time::Duration;

use super::apply::Converted;
use super::key::ServiceKey;
use super::rights::Rights;
use crate::nomad::{
    Allocations, Check, Consistency, Frame, Listed, NomadError, QueryMeta, QueryOptions,
};

/// From so many records of a reply on, other tasks do not wait until all are gone through.
pub(super) const MANY_RECORDS: usize = 1000;

/// Who asks, and its number for the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ticket {
    pub(super) subject: Subject,
    pub(super) number: u64,
}

/// A part of `sync` that asks Nomad by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Follow,
    Health,
    Demand,
}

/// What a subject wants done.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Ask(Ticket, NomadRequest),
    /// The answer is of no use any more.
    Cancel(Ticket),
}

/// What is asked of Nomad.
#[derive(Clone, Debug)]
pub(super) enum NomadRequest {
    /// What the token may list of the configured namespaces and of those that were missing, apart from what is followed.
    Rights {
        /// Whose word it has to be.
        consistency: Consistency,
        followed: Vec<Arc<str>>,
        missing: Vec<Arc<str>>,
    },
    List {
        namespace: Arc<str>,
        options: QueryOptions,
    },
    Service {
        key: ServiceKey,
        options: QueryOptions,
    },
    Stream {
        namespace: Arc<str>,
        from: u64,
    },
    /// Whether the server that is followed still has its leader, and keeps up with it.
    Contact {
        namespace: Arc<str>,
        options: QueryOptions,
    },
    Checks {
        allocation: String,
    },
    Allocations {
        namespace: Arc<str>,
        options: QueryOptions,
    },
}

/// What comes back. A stream replies with each frame, and with its end.
#[derive(Debug)]
pub(super) enum NomadReply {
    Rights(Result<Rights, NomadError>),
    List(Result<Listed, NomadError>),
    Service(Result<(QueryMeta, Converted), NomadError>),
    Frame(Frame),
    StreamEnd(Option<NomadError>),
    Contact(Result<QueryMeta, NomadError>),
    Checks(Result<Vec<Check>, NomadError>),
    /// With the time that Nomad took.
    Allocations(Duration, Result<Allocations, NomadError>),
    /// The task that asked has a bug.
    Panicked,
}

impl NomadReply {
    /// Counts what has to be gone through one by one.
    pub(super) fn records(&self) -> usize {
        match self {
            Self::List(Ok(listed)) => listed.services.len(),
            Self::Rights(Ok(rights)) => {
                let lists = rights.lists.iter();
                lists.map(|(_, listed)| listed.services.len()).sum()
            }
            Self::Service(Ok((_, converted))) => converted.instances.len(),
            Self::Frame(Frame::Events { changes, .. }) => changes.len(),
            Self::Allocations(_, Ok(found)) => found.allocations.len(),
            _ => 0,
        }
    }
}

/// The commands that a subject has given and that were not taken yet, and its numbers.
#[derive(Debug)]
pub(super) struct Commands {
    subject: Subject,
    last: u64,
    given: Vec<Action>,
}

impl Commands {
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject,
            last: 0,
            given: Vec::new(),
        }
    }

    /// Asks, and returns the number of the question.
    pub(super) fn ask(&mut self, question: NomadRequest) -> u64 {
        self.last += 1;
        let ticket = self.ticket(self.last);
        self.given.push(Action::Ask(ticket, question));
        self.last
    }

    /// Takes a question back.
    pub(super) fn cancel(&mut self, number: u64) {
        self.given.push(Action::Cancel(self.ticket(number)));
    }

    /// Takes what was given.
    pub(super) fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.given)
    }

    fn ticket(&self, number: u64) -> Ticket {
        Ticket {
            subject: self.subject,
            number,
        }
    }
}
