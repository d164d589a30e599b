//! Equal queries of one client share one turn: the first has the answer made, the others wait for it.
//!
//! Floor 3, inside `fairness`. Equal queries of another client have their own turn, so that a client never waits
//! behind everything that another has queried. By then the expensive part is shared, and their turn costs little.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ahash::RandomState;
use tokio::sync::oneshot;

use crate::answers::{AnswerError, Attempt, SourcedAnswer};
use crate::dns::{Class, Name, RecordType};

/// The questions that wait for their turn or are answered in it.
#[derive(Debug)]
pub(super) struct Coalescer {
    asked: Mutex<HashMap<PendingQuery, Vec<Other>, RandomState>>,
    most_others: usize,
}

/// What one client asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct PendingQuery {
    client: IpAddr,
    is_proven: bool,
    name: Name,
    record_type: RecordType,
    class: Class,
}

type Other = oneshot::Sender<SourcedAnswer>;

/// Which of the equal queries one is.
pub(super) enum Role {
    /// It has the answer made.
    First(First),
    /// It waits; the sender ends where there is nothing to share.
    Other(oneshot::Receiver<SourcedAnswer>),
}

/// The first of equal queries: the others wait until it is dropped.
pub(super) struct First {
    equal: Arc<Coalescer>,
    asked: Option<Box<PendingQuery>>,
}

impl Coalescer {
    /// Makes it with room for so many of the others of one question.
    pub(super) fn new(most_others: usize) -> Self {
        Self {
            asked: Mutex::default(),
            most_others,
        }
    }

    /// Tells which of the equal queries this is.
    ///
    /// # Errors
    /// Too many wait already.
    pub(super) fn join(self: &Arc<Self>, attempt: &Attempt) -> Result<Role, AnswerError> {
        let asked = PendingQuery::of(attempt);
        let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(others) = all.get_mut(&asked) else {
            all.insert(asked.clone(), Vec::new());
            return Ok(Role::First(First {
                equal: Arc::clone(self),
                asked: Some(Box::new(asked)),
            }));
        };
        if others.len() >= self.most_others {
            // Who gave up takes no room.
            others.retain(|other| !other.is_closed());
        }
        if others.len() >= self.most_others {
            return Err(AnswerError::Overloaded);
        }
        let (sender, waiting) = oneshot::channel();
        others.push(sender);
        Ok(Role::Other(waiting))
    }
}

impl First {
    /// Gives the others the reply, if it still holds.
    pub(super) fn share(mut self, reply: &SourcedAnswer) {
        for other in self.end() {
            if reply.sources().are_current() {
                // It may have given up.
                let _ = other.send(reply.clone());
            }
        }
    }

    fn end(&mut self) -> Vec<Other> {
        let Some(asked) = self.asked.take() else {
            return Vec::new();
        };
        let all = self.equal.asked.lock();
        let mut all = all.unwrap_or_else(PoisonError::into_inner);
        all.remove(&*asked).unwrap_or_default()
    }
}

impl Drop for First {
    fn drop(&mut self) {
        drop(self.end());
    }
}

impl PendingQuery {
    fn of(Attempt { query, client, .. }: &Attempt) -> Self {
        Self {
            client: client.client(),
            is_proven: client.is_proven,
            name: query.name,
            record_type: query.record_type,
            class: query.class,
        }
    }
}
