//! `/v1/event/stream`: frames of events as they happen, with heartbeats in between.
//!
//! Where a stream begins is decided by the log (`state/log.rs`). Who may open one depends on the version.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::call::Call;
use super::read::refusal_text;
use super::reply::Reply;
use crate::demo::agent::{Agent, Version};
use crate::demo::faults::EventBroker;
use crate::demo::shared::{Entered, locked};
use crate::demo::state::Cluster;
use crate::demo::state::acl::Token;
use crate::demo::state::log::{Event, Step};

const HEARTBEAT: &[u8] = b"{}\n";

/// Opens a stream.
pub(crate) fn open(agent: &Arc<Agent>, call: &Call) -> Reply {
    let topics: Vec<Topic> = match call.all("topic").map(Topic::read).collect() {
        Ok(topics) => topics,
        Err(text) => return Reply::error(400, text),
    };
    let opened = match *locked(&agent.faults.broker) {
        EventBroker::Off => Err((500, "EventBroker not configured")),
        EventBroker::ClosesAtOnce => return Reply::stream(stream::empty().boxed()),
        EventBroker::On => allow(agent, call, &topics),
    };
    let is_early = matches!(agent.version, Version::V1_11_2 | Version::V2_0_5);
    match opened {
        Ok(()) => {
            let reply = Reply::stream(follow(Subscription::new(agent, call, topics)));
            if is_early { reply.closing() } else { reply }
        }
        // These versions have said 200 before they look at the token.
        Err(_) if is_early => Reply::stream(stream::empty().boxed()).closing(),
        Err((status, text)) => Reply::stream_error(status, text),
    }
}

fn allow(agent: &Agent, call: &Call, topics: &[Topic]) -> Result<(), (u16, &'static str)> {
    let token = agent
        .rights(call.secret.as_deref())
        .map_err(|refusal| refusal_text(agent.version, refusal))?;
    let is_allowed = match call.namespace.as_str() {
        // Without a topic it is every topic, nodes and tokens among them.
        _ if topics.iter().any(|topic| topic.name == "*") || topics.is_empty() => {
            token.is_management()
        }
        "*" if agent.version == Version::V1_6_5 => token.may_read_jobs_somewhere(),
        "*" => agent.read(|cluster| reads_all_namespaces(&token, cluster)),
        namespace => token.may_read_jobs(namespace),
    };
    if is_allowed {
        Ok(())
    } else {
        Err((500, "Permission denied"))
    }
}

fn reads_all_namespaces(token: &Token, cluster: &Cluster) -> bool {
    cluster
        .namespaces()
        .all(|(name, _, _)| token.may_read_jobs(name))
}

/// A topic and the key asked for, `*` for any.
#[derive(Debug)]
struct Topic {
    name: String,
    key: String,
}

impl Topic {
    fn read(text: &str) -> Result<Self, String> {
        let (name, key) = text.split_once(':').unwrap_or((text, "*"));
        if key.contains(':') {
            return Err(format!("invalid key value pair for topic, topic: {text}"));
        }
        Ok(Self {
            name: name.to_owned(),
            key: key.to_owned(),
        })
    }

    fn is_of(&self, event: &Event) -> bool {
        (self.name == "Service" || self.name == "*") && event.has_key(&self.key)
    }
}

/// Which namespaces a stream shows.
#[derive(Debug)]
enum Namespaces {
    Every,
    These(BTreeSet<String>),
}

/// A stream's place in the log, and what it waits for.
struct Subscription {
    agent: Arc<Agent>,
    topics: Vec<Topic>,
    namespaces: Namespaces,
    place: u64,
    changes: watch::Receiver<u64>,
    ends: watch::Receiver<u64>,
    heartbeat: Interval,
    _open: Entered,
}

impl Subscription {
    fn new(agent: &Arc<Agent>, call: &Call, topics: Vec<Topic>) -> Self {
        let mut heartbeat = interval(agent.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let namespaces = match call.namespace.as_str() {
            "*" if agent.version == Version::V1_6_5 => Namespaces::Every,
            "*" => Namespaces::These(agent.read(|cluster| {
                cluster
                    .namespaces()
                    .map(|(name, _, _)| name.to_string())
                    .collect()
            })),
            namespace => Namespaces::These(BTreeSet::from([namespace.to_owned()])),
        };
        // Watch first, then look: nothing can happen in between unseen.
        let replica = agent.replica();
        let (changes, ends) = (replica.changes(), replica.stream_ends());
        let place = replica.read_events(|events| events.place_of(call.known_index));
        let agent = Arc::clone(agent);
        let _open = agent.streams.enter();
        Self {
            agent,
            topics,
            namespaces,
            place,
            changes,
            ends,
            heartbeat,
            _open,
        }
    }

    fn wants(&self, event: &Event) -> bool {
        let is_namespace = match &self.namespaces {
            Namespaces::Every => true,
            Namespaces::These(names) => names.contains(&*event.namespace),
        };
        let is_topic = self.topics.is_empty() || self.topics.iter().any(|topic| topic.is_of(event));
        is_namespace && is_topic
    }

    /// Gives the next line, or the end.
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if self.ends.has_changed().unwrap_or(true) {
                return None;
            }
            let replica = self.agent.replica();
            match replica.read_events(|events| events.at(self.place)) {
                Step::Frame(frame) => {
                    self.place += 1;
                    if let Some(line) = frame.line(|event| self.wants(event)) {
                        return Some(line);
                    }
                }
                Step::Lost => return None,
                Step::Wait => tokio::select! {
                    _ = self.changes.changed() => {}
                    _ = self.ends.changed() => return None,
                    _ = self.heartbeat.tick() => return Some(HEARTBEAT.to_vec()),
                },
            }
        }
    }
}

fn follow(mut subscription: Subscription) -> super::reply::Chunks {
    // The first heartbeat is the one at the start.
    subscription.heartbeat.reset();
    let start = stream::once(async { HEARTBEAT.to_vec() });
    let lines = stream::unfold(subscription, |mut subscription| async move {
        let line = subscription.next().await?;
        Some((line, subscription))
    });
    start.chain(lines).boxed()
}
