//! Allocations that have ended while their services are still registered.
//!
//! Floor 2, no I/O. One blocking query reports changes of the list, only while services are watched. If namespaces
//! are listed one by one, they take turns, without blocking. When an allocation ends or is collected, its
//! registrations may disappear without an event, so its services are read again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::catalog::Id;
use crate::nomad::{AllocationStub, Allocations, NomadError, QueryOptions, WaitMode};
use crate::sync::ask::{Commands, NomadRequest};
use crate::sync::rights::is_refusal;

/// Nomad's own filter for allocations that neither run nor are about to. A job of batches ends thousands and
/// registers nothing that is asked for. Nomad filters the allocation, not what it lists of it, which has a `JobType`.
pub(in crate::sync) const FILTER: &str = r#"ClientStatus != "running" and ClientStatus != "pending" and Job.Type != "batch" and Job.Type != "sysbatch""#;
/// The list may take one part in so many of Nomad's time.
const SHARE: u32 = 20;
/// When a list is asked for again that Nomad refused.
const DENIED_PAUSE: Duration = Duration::from_secs(60);

/// What is known of allocations that ended.
#[derive(Debug, Default)]
pub(super) struct EndedAllocations {
    lists: BTreeMap<Arc<str>, AllocationList>,
    asked: Option<(u64, Arc<str>)>,
}

/// The list of one namespace, or of all.
#[derive(Debug)]
struct AllocationList {
    index: u64,
    next: Instant,
    is_denied: bool,
    ended: HashSet<Id>,
}

impl EndedAllocations {
    /// Asks for the list that is due; returns when the next is.
    pub(super) fn turn<'a>(
        &mut self,
        lists: impl Iterator<Item = &'a Arc<str>>,
        wait: Duration,
        commands: &mut Commands,
        now: Instant,
    ) -> Option<Instant> {
        let names: BTreeSet<&Arc<str>> = lists.collect();
        self.lists.retain(|name, _| names.contains(name));
        for name in names {
            let list = || AllocationList {
                index: 0,
                next: now,
                is_denied: false,
                ended: HashSet::new(),
            };
            self.lists.entry(Arc::clone(name)).or_insert_with(list);
        }
        if self.asked.is_some() {
            return None;
        }
        let is_only = self.lists.len() == 1;
        let (name, list) = self.lists.iter().min_by_key(|(_, list)| list.next)?;
        if list.next > now {
            return Some(list.next);
        }
        let wait = match is_only && list.index > 0 {
            true => WaitMode::Over(list.index, wait),
            false => WaitMode::No,
        };
        let options = QueryOptions {
            wait,
            ..QueryOptions::default()
        };
        let namespace = Arc::clone(name);
        let question = NomadRequest::Allocations { namespace, options };
        self.asked = Some((commands.ask(question), Arc::clone(name)));
        None
    }

    /// Takes a list; says whether it is one of these, and whether it changed anything.
    pub(super) fn reply(
        &mut self,
        number: u64,
        took: Duration,
        found: Result<Allocations, NomadError>,
        every: Duration,
        now: Instant,
    ) -> Result<(), NomadError> {
        let Some((_, name)) = self.asked.take_if(|(asked, _)| *asked == number) else {
            return Ok(());
        };
        let lists = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        let Some(list) = self.lists.get_mut(&name) else {
            return Ok(());
        };
        // What waited took none of Nomad's time until then.
        let share = match list.index {
            0 => took * SHARE,
            _ => Duration::ZERO,
        };
        // However many there are, one is asked for in that time.
        list.next = now + every.max(share).saturating_mul(lists);
        match found {
            Ok(found) => {
                list.is_denied = false;
                list.index = found.meta.index;
                list.ended = ended(&found.allocations);
                Ok(())
            }
            Err(error) if is_refusal(&error.cause) => {
                list.is_denied = true;
                list.index = 0;
                list.next = now + DENIED_PAUSE;
                list.ended.clear();
                Ok(())
            }
            Err(error) => {
                list.index = 0;
                Err(error)
            }
        }
    }

    /// Notes that a question came to nothing.
    pub(super) fn is_over(&mut self, number: u64) {
        self.asked.take_if(|(asked, _)| *asked == number);
    }

    /// Stops to ask: nothing is watched.
    pub(super) fn stop(&mut self, commands: &mut Commands) {
        if let Some((number, _)) = self.asked.take() {
            commands.cancel(number);
        }
        self.lists.clear();
    }

    /// Returns all of them.
    pub(super) fn all(&self) -> HashSet<Id> {
        let ended = self.lists.values().flat_map(|list| &list.ended);
        ended.cloned().collect()
    }

    /// Names the lists that Nomad refuses.
    pub(super) fn denied(&self) -> BTreeSet<Arc<str>> {
        let denied = self.lists.iter().filter(|(_, list)| list.is_denied);
        denied.map(|(name, _)| Arc::clone(name)).collect()
    }
}

fn ended(allocations: &[AllocationStub]) -> HashSet<Id> {
    let runs = |it: &&AllocationStub| matches!(&*it.client_status, "running" | "pending" | "");
    let ended = allocations.iter().filter(|it| !runs(it));
    ended.map(|it| Id::from(&*it.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nomad::{Cause, QueryMeta};
    use crate::sync::ask::{Action, Subject};

    const EVERY: Duration = Duration::from_secs(5);

    fn found() -> Result<Allocations, NomadError> {
        Ok(Allocations {
            meta: QueryMeta::of_leader(7),
            allocations: Vec::new(),
            unreadable: 0,
        })
    }

    fn refused() -> Result<Allocations, NomadError> {
        Err(NomadError {
            url: String::new(),
            cause: Cause::PermissionDenied,
        })
    }

    /// Asks for the list of all, which is due, and answers after so long; returns when it is due again.
    fn answered(
        ended: &mut EndedAllocations,
        took: Duration,
        reply: Result<Allocations, NomadError>,
        now: Instant,
    ) -> Option<Instant> {
        let all: [Arc<str>; 1] = ["*".into()];
        let mut commands = Commands::new(Subject::Health);
        ended.turn(all.iter(), EVERY, &mut commands, now);
        let Some(Action::Ask(ticket, _)) = commands.take().pop() else {
            panic!("it is not due");
        };
        assert!(ended.reply(ticket.number, took, reply, EVERY, now).is_ok());
        ended.turn(all.iter(), EVERY, &mut commands, now)
    }

    #[test]
    fn the_list_is_asked_for_no_more_often_than_every_so_long_and_in_a_share_of_the_time() {
        let (now, took) = (Instant::now(), Duration::from_secs(1));
        let mut ended = EndedAllocations::default();
        let next = answered(&mut ended, Duration::ZERO, found(), now);
        assert_eq!(next, Some(now + EVERY));
        // What took long without waiting is asked for again after twenty times as long.
        let mut ended = EndedAllocations::default();
        let next = answered(&mut ended, took, found(), now);
        assert_eq!(next, Some(now + 20 * took));
        // A blocking query waits, and that costs nothing.
        let now = now + 20 * took;
        let next = answered(&mut ended, took, found(), now);
        assert_eq!(next, Some(now + EVERY));
    }

    #[test]
    fn one_list_that_is_known_is_waited_for_and_of_several_none() {
        let now = Instant::now();
        let mut ended = EndedAllocations::default();
        answered(&mut ended, Duration::ZERO, found(), now);
        let mut wait_for = |names: &[Arc<str>], now| {
            let mut commands = Commands::new(Subject::Health);
            ended.turn(names.iter(), EVERY, &mut commands, now);
            let asked = commands.take().pop();
            let Some(Action::Ask(ticket, NomadRequest::Allocations { options, .. })) = asked else {
                panic!("it is not due");
            };
            ended.is_over(ticket.number);
            options.wait
        };
        let later = now + EVERY;
        assert_eq!(wait_for(&["*".into()], later), WaitMode::Over(7, EVERY));
        assert_eq!(wait_for(&["*".into(), "one".into()], later), WaitMode::No);
    }

    #[test]
    fn a_list_that_is_refused_is_asked_for_again_after_a_pause() {
        let now = Instant::now();
        let mut ended = EndedAllocations::default();
        let next = answered(&mut ended, Duration::ZERO, refused(), now);
        assert_eq!(next, Some(now + DENIED_PAUSE));
        assert_eq!(ended.denied().len(), 1);
    }

    #[test]
    fn what_neither_runs_nor_is_about_to_has_ended_until_nothing_is_watched() {
        let (now, all) = (Instant::now(), ["*".into()]);
        let mut ended = EndedAllocations::default();
        let stub = |status: &str| AllocationStub {
            id: status.into(),
            namespace: "default".into(),
            node_id: String::new(),
            client_status: status.into(),
            desired_status: "run".into(),
        };
        let statuses = ["running", "pending", "", "complete", "failed", "lost"];
        let listed = found().map(|found| Allocations {
            allocations: statuses.map(stub).into(),
            ..found
        });
        answered(&mut ended, Duration::ZERO, listed, now);
        let expected = ["complete", "failed", "lost"].map(Id::from);
        assert_eq!(ended.all(), expected.into());
        let mut commands = Commands::new(Subject::Health);
        ended.turn(all.iter(), EVERY, &mut commands, now + EVERY);
        ended.stop(&mut commands);
        let cancelled = commands.take().pop();
        assert!(matches!(cancelled, Some(Action::Cancel(_))));
        assert!(ended.all().is_empty());
    }

    #[test]
    fn a_list_that_failed_is_asked_for_again_without_waiting_and_keeps_what_it_had() {
        let (now, all) = (Instant::now(), ["*".into()]);
        let mut ended = EndedAllocations::default();
        answered(&mut ended, Duration::ZERO, found(), now);
        let ask = |ended: &mut EndedAllocations, now| {
            let mut commands = Commands::new(Subject::Health);
            ended.turn(all.iter(), EVERY, &mut commands, now);
            let asked = commands.take().pop();
            let Some(Action::Ask(ticket, NomadRequest::Allocations { options, .. })) = asked else {
                panic!("it is not due");
            };
            (ticket.number, options.wait)
        };
        let (number, _) = ask(&mut ended, now + EVERY);
        let failed = Err(NomadError {
            url: String::new(),
            cause: Cause::NoLeader,
        });
        let reply = ended.reply(number, Duration::ZERO, failed, EVERY, now + EVERY);
        assert!(reply.is_err() && ended.denied().is_empty());
        let (_, wait) = ask(&mut ended, now + 2 * EVERY);
        assert_eq!(wait, WaitMode::No);
    }
}
