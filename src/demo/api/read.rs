//! What all reads of the tables share: rights, leadership, blocking, paging.

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
/// What a server says that passes a read on to a leader who is gone.
const CONNECTION_REFUSED: &str =
    "rpc error: failed to get conn: dial tcp 127.0.0.1:4647: connect: connection refused";
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

/// Answers when the table has moved past the index that the caller knows, or his wait is over.
///
/// As in Nomad a query looks again only when what it watches has changed, and what it says, of itself and of its server,
/// is what it saw when it looked last. A restored state lets nobody go whose index is higher.
pub(crate) async fn blocking<W: PartialEq>(
    agent: &Agent,
    call: &Call,
    table: Table,
    watched: impl Fn(&Cluster) -> W,
    answer: impl Fn(&Cluster, Meta) -> Reply,
) -> Reply {
    let deadline = Instant::now() + wait(call.wait);
    let mut source = match source(agent, call.consistency).await {
        Ok(source) => source,
        Err(reply) => return reply,
    };
    let mut changes = source.changes();
    let mut waiting = None;
    let mut seen: Option<LastSeen<W>> = None;
    loop {
        changes.mark_unchanged();
        match source_now(agent, call.consistency) {
            None => return no_leader(),
            Some(now) if Arc::ptr_eq(&now, &source) => {}
            Some(now) => {
                changes = now.changes();
                source = now;
            }
        }
        let contact = contact(agent, call);
        source.read(|cluster| {
            let mark = (watched(cluster), cluster.restores());
            if seen.as_ref().is_none_or(|seen| seen.mark != mark) {
                let cluster = cluster.clone();
                seen = Some(LastSeen {
                    mark,
                    contact,
                    cluster,
                });
            }
        });
        if let Some(seen) = &seen {
            let index = seen.cluster.index(table);
            if index > call.known_index || call.known_index == 0 || Instant::now() >= deadline {
                return answer(&seen.cluster, meta(seen.contact, index));
            }
        }
        waiting.get_or_insert_with(|| agent.waiting.enter());
        let _ = timeout_at(deadline, changes.changed()).await;
    }
}

/// What a query saw when it looked last.
struct LastSeen<W> {
    mark: (W, u64),
    contact: Contact,
    cluster: Cluster,
}

/// Finds whose state answers a call. As in Nomad a call that needs a leader is held a while, since one may come.
pub(crate) async fn source(agent: &Agent, consistency: Consistency) -> Result<Arc<Replica>, Reply> {
    let deadline = Instant::now() + agent.hold;
    loop {
        if let Some(source) = source_now(agent, consistency) {
            return Ok(source);
        }
        if agent.leader_is_down() {
            return Err(Reply::error(500, CONNECTION_REFUSED));
        }
        if Instant::now() >= deadline {
            return Err(no_leader());
        }
        sleep(agent.hold / JITTER_PART).await;
    }
}

fn source_now(agent: &Agent, consistency: Consistency) -> Option<Arc<Replica>> {
    match consistency {
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
