//! Finding out what may be listed, and following the lists.
//!
//! Floor 2.

use std::time::Duration;

use tokio::time::Instant;

use super::outage::Loss;
use super::watch::{Ask, List, Watch};
use super::{Done, Engine, Phase};
use crate::nomad::{Listed, NomadError, QueryOptions};
use crate::sync::access::{self, Access, Lists};
use crate::sync::oddities::{Found, Oddity};
use crate::sync::plan::{Asked, Key, Verdict};
use crate::sync::status::Answered;

/// Lists that wait at Nomad at the same time; each has a connection.
pub(super) const LISTS_AT_ONCE: usize = 4;
/// How long each waits when there are more, so that they take turns.
const TURN: Duration = Duration::from_secs(1);
/// The shortest time between two looks at what the token may list.
const LOOK_GAP: Duration = Duration::from_secs(1);
/// The least pause after a refusal, for each namespace of the configuration beyond a few.
const REFUSED_PAUSE: Duration = Duration::from_millis(1500);
/// Namespaces that are asked for within the usual pauses.
const FEW_NAMESPACES: usize = 4;
/// The pause before a list is asked again whose index went back.
const LOWER_INDEX_PAUSE: Duration = Duration::from_millis(100);

impl Engine {
    /// Begins to find out what the token may list.
    pub(super) fn find(&mut self) {
        self.phase = Phase::Finding;
        self.session += 1;
        let (client, session) = (self.client.clone(), self.session);
        let configured = self.settings.namespaces.clone();
        self.tasks
            .spawn(async move { Done::Found(session, access::find(&client, &configured).await) });
    }

    /// Finds out again, now and then, when the token may list less than the configuration asks for.
    pub(super) fn find_more(&mut self, now: Instant) {
        let less = match self.access {
            Access::Namespaces(..) => self.settings.namespaces.iter().any(|name| name == "*"),
            Access::Reads => true,
            Access::Unknown | Access::All(_) | Access::None => false,
        };
        let last = self.followed.max(self.looked);
        if less && now >= last + self.settings.access_every {
            self.look(now);
        }
    }

    /// Finds out again what the token may list, soon after a refusal.
    pub(super) fn look_again(&mut self, now: Instant) {
        if now >= self.looked + LOOK_GAP {
            self.look(now);
        }
    }

    /// Finds out again what the token may list, beside what is followed.
    fn look(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Following | Phase::OnDemand) {
            return;
        }
        self.looked = now;
        let (client, session) = (self.client.clone(), self.session);
        let configured = self.settings.namespaces.clone();
        self.tasks
            .spawn(async move { Done::Looked(session, access::find(&client, &configured).await) });
    }

    /// Takes what the token may list, if that is something else than before.
    pub(super) fn looked(&mut self, found: Result<Lists, NomadError>) {
        match found {
            Ok(found) if !found.access.reaches_as(&self.access) => {
                self.session += 1;
                self.found(Ok(found));
            }
            // What fails here fails for what is followed too, and is told there.
            Ok(_) | Err(_) => {}
        }
    }

    /// Takes what the token may list, and follows it.
    pub(super) fn found(&mut self, found: Result<Lists, NomadError>) {
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.lose_by(Loss::List, &error),
        };
        if let Some(error) = &found.refusal {
            self.status.erred(error);
        }
        if found.access == Access::None {
            self.set_access(Access::None);
            let why = found
                .refusal
                .map_or_else(String::new, |error| format!(" ({error})"));
            // Each namespace that was asked for in vain is a request; a few do not matter.
            let many = self
                .settings
                .namespaces
                .len()
                .saturating_sub(FEW_NAMESPACES);
            let least = REFUSED_PAUSE.saturating_mul(u32::try_from(many).unwrap_or(u32::MAX));
            return self.lose(Loss::List, &format!("{}{why}", Access::None), Some(least));
        }
        let now = Instant::now();
        if found.access == Access::Reads {
            return self.read_on_demand(now);
        }
        self.stop_watches();
        let names: Vec<String> = found.lists.iter().map(|(name, _)| name.clone()).collect();
        self.plan.follow(&names);
        self.watches = names
            .iter()
            .map(|name| Watch::new(name, now, &self.settings))
            .collect();
        self.phase = Phase::Following;
        self.followed = now;
        if self.plan.unfollowed().is_empty() {
            self.narrowed = None;
        } else {
            self.narrowed.get_or_insert(now);
        }
        self.set_access(found.access);
        self.confirm(Loss::List);
        for (watch, (_, listed)) in found.lists.into_iter().enumerate() {
            if self.phase == Phase::Following {
                self.plan.list_asked(watch);
                self.take_list(watch, Asked::Before, &listed);
            }
        }
    }

    /// Takes an answer of a list.
    pub(super) fn listed(
        &mut self,
        watch: usize,
        asked: Asked,
        listed: Result<Listed, NomadError>,
    ) {
        match listed {
            Ok(listed) => {
                self.confirm(Loss::List);
                self.take_list(watch, asked, &listed);
            }
            Err(error) => self.lose_by(Loss::List, &error),
        }
    }

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
            self.ask_list(watch, wait);
        }
        None
    }

    fn ask_list(&mut self, watch: usize, wait: Duration) {
        let index = self.plan.index(watch);
        let List::Next(_, ask) = self.watches[watch].list else {
            return;
        };
        // Without an index there is nothing to wait over.
        let ask = if index == 0 {
            Ask::Now(Asked::Before)
        } else {
            ask
        };
        let (wait, asked) = ask.wait(index, wait);
        let options = QueryOptions {
            wait,
            ..QueryOptions::default()
        };
        self.plan.list_asked(watch);
        let (client, session) = (self.client.clone(), self.session);
        let name = self.watches[watch].name.clone();
        let task = self.tasks.spawn(async move {
            Done::Listed(
                session,
                watch,
                asked,
                client.list_services(&name, options).await,
            )
        });
        self.watches[watch].list = List::Asked(task, ask);
    }

    fn take_list(&mut self, watch: usize, asked: Asked, listed: &Listed) {
        let now = Instant::now();
        self.status.answered(Answered::List);
        match self
            .plan
            .listed(watch, listed.meta.index, &listed.services, asked, now)
        {
            Verdict::Taken(gone) => {
                self.note_unreadable(watch, listed.unreadable);
                self.take_gone(gone);
                self.confirm_list(watch);
                if self.plan.must_resubscribe(watch) {
                    self.reopen_stream(watch, now);
                }
            }
            Verdict::Lower => self.watches[watch].ask_now(asked, now + LOWER_INDEX_PAUSE),
            Verdict::Denied => {
                self.lose(Loss::List, "the token may not list services any more", None)
            }
        }
    }

    fn note_unreadable(&mut self, watch: usize, unreadable: usize) {
        let mut found = Found::default();
        for _ in 0..unreadable {
            found.add(Oddity::Unreadable, "a record of the list of services");
        }
        let namespace = self.watches[watch].name.as_str().into();
        self.oddities.set(
            &Key {
                namespace,
                name: "".into(),
            },
            &found,
        );
    }
}

fn next((watch, it): (usize, &Watch)) -> Option<(Instant, usize)> {
    match it.list {
        List::Next(at, _) => Some((at, watch)),
        List::Asked(..) => None,
    }
}
