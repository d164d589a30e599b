//! Follows Nomad's services: the lists, the event streams and the reads, and what to do when they fail.
//!
//! Floor 2, no I/O: replies and the time go in, commands and outcomes come out. Lists are authoritative; an event
//! only says what to read again; `plan` decides which service is read next. It knows neither the catalogue nor DNS.

mod access;
mod backoff;
mod contact;
mod lists;
mod missing;
mod outage;
mod pace;
pub(super) mod plan;
#[cfg(test)]
mod proofs;
mod reads;
mod rights;
mod streams;
mod watch;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::time::Instant;

use self::contact::Contact;
use self::missing::Missing;
use self::outage::Outage;
use self::plan::{ListProvenance, Order, Plan};
use self::watch::Watch;
use super::apply::Converted;
use super::ask::{Action, Commands, NomadReply, NomadRequest, Subject};
use super::key::{ServiceKey, Trigger};
use super::rights::{ALL, Access};
use super::settings::SyncSettings;
use super::status::Status;
use crate::catalog::UnknownReason;
use crate::nomad::NomadError;

pub(super) use self::outage::Failed;

/// The state of what is followed.
#[derive(Debug)]
pub(super) struct Follow {
    settings: Arc<SyncSettings>,
    status: Arc<Status>,
    /// Whether all namespaces are to be answered for that the token may list.
    wants_all: bool,
    commands: Commands,
    pending: HashMap<u64, Pending>,
    outcomes: Vec<FollowOutcome>,
    plan: Plan,
    phase: FollowPhase,
    watches: Vec<Watch>,
    /// When the watches began.
    followed: Instant,
    outage: Outage,
    contact: Contact,
    access: Access,
    /// What the log says of it.
    access_logged: Access,
    /// When it was last looked whether the token may read more, or less.
    looked: Instant,
    /// Namespaces that are wanted and cannot be listed.
    missing: BTreeMap<Arc<str>, Missing>,
    /// Whether the log says that Nomad does not understand the filter.
    is_filter_logged: bool,
    /// How often the client has chosen another address.
    moves: usize,
}

/// A question under way.
#[derive(Debug)]
enum Pending {
    /// The first look at the rights.
    Rights,
    /// A look beside what is followed.
    MoreRights,
    List {
        namespace: Arc<str>,
        heard: ListProvenance,
    },
    /// The list of a namespace that vanished from the list of all.
    Vanished(Arc<str>),
    Read(Order),
    Stream(Arc<str>),
    Contact,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FollowPhase {
    /// Nothing is asked until then.
    Pausing(Instant),
    /// It is being found out what may be listed.
    Finding,
    /// Lists and streams are followed.
    Following,
    /// Nothing may be listed: services are read as they are asked for.
    OnDemand,
}

/// What a reply means for others.
#[derive(Debug)]
pub(super) enum FollowOutcome {
    /// A service was read.
    Read {
        key: ServiceKey,
        trigger: Trigger,
        converted: Converted,
    },
    /// Services are gone.
    Gone(Vec<ServiceKey>),
    /// They are too old to be answered from.
    TooOld(Vec<ServiceKey>),
    /// A list was taken; it may confirm what the guard holds back.
    Listed(Arc<str>),
    /// Records of a list could not be read.
    UnreadableRecords(Arc<str>, usize),
    /// It is known now, or not, what is in a namespace.
    NamespaceUnknown(Arc<str>, Option<UnknownReason>),
    /// Whether namespaces that the catalogue does not have may exist.
    OthersUnknown(Option<UnknownReason>),
    /// From now on services are read as they are asked for.
    OnDemand,
    /// Nomad cannot be read now.
    Failed,
}

impl Follow {
    pub(super) fn new(settings: Arc<SyncSettings>, status: Arc<Status>, failed: Failed) -> Self {
        let now = Instant::now();
        Self {
            plan: Plan::new(settings.plan_times()),
            outage: Outage::new(&settings, failed),
            contact: Contact::new(now + settings.times.contact_every),
            wants_all: settings.namespaces.iter().any(|name| name == ALL),
            commands: Commands::new(Subject::Follow),
            pending: HashMap::new(),
            outcomes: Vec::new(),
            phase: FollowPhase::Pausing(now),
            watches: Vec::new(),
            followed: now,
            access: Access::Unknown,
            access_logged: Access::Unknown,
            looked: now,
            missing: BTreeMap::new(),
            is_filter_logged: false,
            moves: 0,
            settings,
            status,
        }
    }

    /// Commands what is due; returns when there is more without any reply. `moves` counts the client's changes of address.
    pub(super) fn turn(&mut self, now: Instant, moves: usize) -> Option<Instant> {
        self.turn_to_the_chosen(moves, now);
        match self.phase {
            FollowPhase::Pausing(until) if until <= now => {
                self.find_rights();
                None
            }
            FollowPhase::Pausing(until) => Some(until),
            FollowPhase::Finding => None,
            FollowPhase::OnDemand => self.look_for_more(now),
            FollowPhase::Following => {
                self.plan.tick(now);
                if self.plan.take_leader_is_lower() {
                    self.ask_the_leader(now);
                }
                let due = [
                    self.ask_lists(now),
                    self.open_streams(now),
                    self.start_reads(now),
                    self.keep_contact(now),
                    self.look_for_more(now),
                    self.plan.tick_due(),
                ];
                due.into_iter().flatten().min()
            }
        }
    }

    /// Takes a reply to one of its commands.
    pub(super) fn reply(&mut self, number: u64, reply: NomadReply, now: Instant) {
        if let NomadReply::Frame(frame) = reply {
            return self.frame(number, frame, now);
        }
        let Some(pending) = self.pending.remove(&number) else {
            return;
        };
        match (pending, reply) {
            (Pending::Rights, NomadReply::Rights(found)) => self.found(found, now),
            (Pending::MoreRights, NomadReply::Rights(found)) => self.found_more(found, now),
            (Pending::List { namespace, heard }, NomadReply::List(listed)) => {
                self.listed(&namespace, heard, listed, now);
            }
            (Pending::Vanished(namespace), NomadReply::List(listed)) => {
                self.looked_at_vanished(&namespace, listed, now);
            }
            (Pending::Read(order), NomadReply::Service(read)) => self.read(&order, read, now),
            (Pending::Read(order), _) => self.plan.failed(&order, plan::ReadFailure::Other, now),
            (Pending::Stream(namespace), NomadReply::StreamEnd(error)) => {
                self.stream_ended(&namespace, error.as_ref(), now);
            }
            (Pending::Contact, NomadReply::Contact(contact)) => self.contacted(contact, now),
            (Pending::Contact, _) => self
                .contact
                .is_over(now + self.settings.times.contact_every),
            // A task of ours has a bug: what it did is done again later.
            _ => self.fail("an internal error", None, now),
        }
    }

    /// Takes the commands that were given.
    pub(super) fn take_commands(&mut self) -> Vec<Action> {
        self.commands.take()
    }

    /// Takes what the replies meant, and which single services are unknown.
    pub(super) fn take_outcomes(&mut self) -> Vec<FollowOutcome> {
        std::mem::take(&mut self.outcomes)
    }

    /// What is known of each service.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The same, for what is read on demand and what the guard holds.
    pub(super) fn plan_mut(&mut self) -> &mut Plan {
        &mut self.plan
    }

    /// Names what is listed: `*`, or namespaces.
    pub(super) fn lists(&self) -> impl Iterator<Item = &Arc<str>> {
        self.watches.iter().map(|watch| &watch.name)
    }

    /// Says whether lists are followed now.
    pub(super) fn is_following(&self) -> bool {
        self.phase == FollowPhase::Following
    }

    /// Says whether services are read on demand now, or lists are followed.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self.phase, FollowPhase::Following | FollowPhase::OnDemand)
    }

    /// Says whether a read that a list asked for is under way.
    pub(super) fn reads_for_lists(&self) -> bool {
        let mut pending = self.pending.values();
        pending.any(|it| matches!(it, Pending::Read(order) if order.trigger == Trigger::List))
    }

    fn ask(&mut self, question: NomadRequest, pending: Pending) -> u64 {
        let number = self.commands.ask(question);
        self.pending.insert(number, pending);
        number
    }

    fn cancel(&mut self, number: u64) {
        if self.pending.remove(&number).is_some() {
            self.commands.cancel(number);
        }
    }

    fn watch(&mut self, name: &str) -> Option<(usize, &mut Watch)> {
        let mut watches = self.watches.iter_mut().enumerate();
        watches.find(|(_, watch)| *watch.name == *name)
    }

    fn erred(&self, error: &NomadError) {
        self.status.erred(error);
    }
}
