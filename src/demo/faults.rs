//! The faults that a script can cause: failing paths, no leader, no event broker.

use std::sync::Mutex;
use std::time::Duration;

use crate::demo::shared::locked;

/// What happens to a request instead of its answer, or before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A status with a text, as Nomad reports errors.
    Status(u16, String),
    /// The 429 of a client with too many connections; the connection is closed after it.
    TooManyConnections,
    /// `200` and `application/json` with these bytes as the body.
    Garbage(Vec<u8>),
    /// The true answer, later.
    Slow(Duration),
    /// No answer: the connection stays open.
    Hang,
    /// No answer: the connection is cut.
    Cut,
}

impl Fault {
    /// `500 No cluster leader`
    pub fn no_leader() -> Self {
        Self::Status(500, "No cluster leader".to_owned())
    }

    /// `403 Permission denied`
    pub fn permission_denied() -> Self {
        Self::Status(403, "Permission denied".to_owned())
    }
}

/// What the event stream does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventBroker {
    /// Streams work.
    #[default]
    On,
    /// `enable_event_broker = false`: every stream is refused.
    Off,
    /// Streams are accepted and end at once, without a frame.
    ClosesAtOnce,
}

/// Whether there is a leader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leader {
    /// There is one.
    #[default]
    Elected,
    /// There is none: only stale reads are answered.
    Lost,
}

/// What is broken now.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Rule>>,
    pub(crate) broker: Mutex<EventBroker>,
    pub(crate) leader: Mutex<Leader>,
    pub(crate) last_contact: Mutex<Duration>,
}

#[derive(Debug)]
struct Rule {
    path_prefix: String,
    fault: Fault,
    /// How many requests it still hits; without a number every one.
    left: Option<usize>,
}

impl Faults {
    pub(crate) fn add(&self, path_prefix: &str, fault: Fault, times: Option<usize>) {
        let path_prefix = path_prefix.to_owned();
        locked(&self.rules).push(Rule {
            path_prefix,
            fault,
            left: times,
        });
    }

    /// Takes the fault that hits a path, the first that was set for it.
    pub(crate) fn take(&self, path: &str) -> Option<Fault> {
        let mut rules = locked(&self.rules);
        let at = rules
            .iter()
            .position(|rule| path.starts_with(&rule.path_prefix))?;
        let rule = &mut rules[at];
        let fault = rule.fault.clone();
        if let Some(left) = &mut rule.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                rules.remove(at);
            }
        }
        Some(fault)
    }

    /// Mends everything.
    pub(crate) fn heal(&self) {
        locked(&self.rules).clear();
        *locked(&self.broker) = EventBroker::On;
        *locked(&self.leader) = Leader::Elected;
        *locked(&self.last_contact) = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_its_paths_as_often_as_it_was_set_for() {
        let faults = Faults::default();
        faults.add("/v1/service/", Fault::Hang, Some(2));
        assert_eq!(faults.take("/v1/services"), None);
        assert_eq!(faults.take("/v1/service/redis"), Some(Fault::Hang));
        assert_eq!(faults.take("/v1/service/redis"), Some(Fault::Hang));
        assert_eq!(faults.take("/v1/service/redis"), None);
    }
}
