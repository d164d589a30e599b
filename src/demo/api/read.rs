//! What all reads of the cluster's tables share: rights, leadership, blocking, paging.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::call::{Call, Consistency};
use super::reply::{Meta, Reply};
use crate::demo::agent::{Agent, Refusal, Version};
use crate::demo::filter::{self, Expression};
use crate::demo::raft::Contact;
use crate::demo::replica::Replica;
use crate::demo::state::acl::Token;
use crate::demo::state::{Cluster, Table};

/// Nomad's longest wait, and the one of a query that names none.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// A wait is made longer by up to this part of it.
const JITTER_PART: u32 = 16;

/// Gives the rights of a call, or the answer that its token gets.
pub(crate) fn rights(agent: &Agent, call: &Call) -> Result<Token, Reply> {
    agent.rights(call.secret.as_deref()).map_err(|refusal| {
        let (status, text) = refusal_text(agent.version, refusal);
        Reply::error(status, text)
    })
}

/// Gives the filter of a call, or the answer that one gets which cannot be read.
pub(crate) fn filter_of(call: &Call) -> Result<Option<Expression>, Reply> {
    let parsed = call.filter.as_deref().map(filter::parse).transpose();
    parsed.map_err(|error| {
        let text = "failed to create result paginator: failed to read filter expression";
        Reply::error(400, format!("{text}: {error}"))
    })
}

/// Tells how a version refuses a token.
pub(crate) fn refusal_text(version: Version, refusal: Refusal) -> (u16, &'static str) {
    match (version, refusal) {
        (Version::V1_6_5, _) => (403, "Permission denied"),
        (_, Refusal::Unknown) => (403, "ACL token not found"),
        (_, Refusal::Expired) => (500, "ACL token expired"),
    }
}

/// The answer of who may not.
pub(crate) fn denied() -> Reply {
    Reply::error(403, "Permission denied")
}

/// Says where an answer stands.
pub(crate) fn meta(contact: Contact, index: u64) -> Meta {
    Meta {
        index,
        known_leader: contact.known_leader,
        last_contact_ms: contact.last_contact.as_millis(),
        next_token: None,
    }
}

/// Says how who answers a call stands to the leader: the agent itself, or the leader to whom it is passed on.
pub(crate) fn contact(agent: &Agent, call: &Call) -> Contact {
    match call.consistency {
        Consistency::Stale => agent.contact(),
        Consistency::Leader => Contact {
            known_leader: true,
            last_contact: Duration::ZERO,
        },
    }
}

/// Answers when the table has moved past the index that the caller knows, or his wait is over. As in Nomad a restored
/// state lets nobody go whose index is higher, and an answer says how its server stood when it looked last.
pub(crate) async fn blocking(
    agent: &Agent,
    call: &Call,
    table: Table,
    answer: impl Fn(&Cluster, Meta) -> Reply,
) -> Reply {
    let deadline = Instant::now() + wait(call.wait);
    let mut source = match source(agent, call).await {
        Ok(source) => source,
        Err(reply) => return reply,
    };
    let mut changes = source.changes();
    let mut looked = None;
    let mut waiting = None;
    let mut is_over = call.known_index == 0;
    loop {
        changes.mark_unchanged();
        match source_now(agent, call) {
            None => return no_leader(),
            Some(now) if Arc::ptr_eq(&now, &source) => {}
            Some(now) => {
                changes = now.changes();
                source = now;
            }
        }
        let contact = contact(agent, call);
        let reply = source.read(|cluster| {
            let (index, restores) = (cluster.index(table), cluster.restores());
            let contact = match looked {
                Some((at, of, before)) if (at, of) == (index, restores) => before,
                _ => contact,
            };
            looked = Some((index, restores, contact));
            let is_due = is_over || index > call.known_index;
            is_due.then(|| answer(cluster, meta(contact, index)))
        });
        if let Some(reply) = reply {
            return reply;
        }
        waiting.get_or_insert_with(|| agent.waiting.enter());
        is_over = timeout_at(deadline, changes.changed()).await.is_err();
    }
}

/// Finds whose state answers a call. As in Nomad a call that needs a leader is held a while, since one may come.
async fn source(agent: &Agent, call: &Call) -> Result<Arc<Replica>, Reply> {
    let deadline = Instant::now() + agent.hold;
    loop {
        if let Some(source) = source_now(agent, call) {
            return Ok(source);
        }
        if Instant::now() >= deadline {
            return Err(no_leader());
        }
        sleep(agent.hold / JITTER_PART).await;
    }
}

fn source_now(agent: &Agent, call: &Call) -> Option<Arc<Replica>> {
    match call.consistency {
        Consistency::Stale => Some(Arc::clone(agent.replica())),
        Consistency::Leader => agent.leader(),
    }
}

fn no_leader() -> Reply {
    Reply::error(500, "No cluster leader")
}

fn wait(asked: Duration) -> Duration {
    let wait = if asked.is_zero() {
        LONGEST_WAIT
    } else {
        asked.min(LONGEST_WAIT)
    };
    wait + (wait / JITTER_PART).mul_f64(rand::random::<f64>())
}

/// Cuts one page out of items in order. The token of the next page is its first item's.
pub(crate) fn page<T>(
    call: &Call,
    items: impl Iterator<Item = T>,
    token: impl Fn(&T) -> String,
    is_from: impl Fn(&T, &str) -> bool,
) -> (Vec<T>, Option<String>) {
    let start = call.next_token.as_deref();
    let mut items = items.skip_while(|item| start.is_some_and(|start| !is_from(item, start)));
    if call.per_page == 0 {
        return (items.collect(), None);
    }
    let page: Vec<T> = items.by_ref().take(call.per_page).collect();
    (page, items.next().as_ref().map(token))
}
