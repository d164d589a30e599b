//! The options of a request, and what the headers of a response say about its server.
//!
//! Floor 1. The terms are those of Nomad's Go client (`QueryOptions`, `QueryMeta`) and documentation (consistency
//! modes). A response from any server (`stale`) is used only if that server is in contact with its leader and is not
//! behind a known index. A response from the leader is always used.

use std::time::Duration;

use http::HeaderMap;

use super::error::Cause;

/// Nomad adds up to this part of a wait, as jitter.
const JITTER_PART: u32 = 16;

/// Whose word counts: Nomad's consistency modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// Any server's, which may be behind its leader; it costs the leader nothing.
    #[default]
    Stale,
    /// The leader's, through whichever server is asked.
    Default,
}

/// Whether an answer is wanted at once or when something changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitMode {
    /// At once.
    #[default]
    No,
    /// When the index is over this one, or after the time: a blocking query.
    Over(u64, Duration),
}

/// How a question is asked; the default is any server's word, at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// Whose word counts.
    pub consistency: Consistency,
    /// A stale answer with a lower index is no answer ([`Cause::Behind`]); 0 takes any.
    pub min_index: u64,
    /// Whether the answer may wait for a change.
    pub wait: WaitMode,
}

/// What an answer's headers say of the server that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryMeta {
    /// Nomad's index of the table that was read; 0 from a list of all namespaces means that nothing may be listed.
    pub index: u64,
    /// Whether the server knows a leader; true where it does not say.
    pub known_leader: bool,
    /// How long ago the server heard from its leader; zero where it does not say.
    pub last_contact: Duration,
}

/// What a stale answer has to be to count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belief {
    pub(super) min_index: u64,
    /// The longest time since the server heard from its leader.
    pub(super) last_contact: Duration,
}

impl QueryOptions {
    /// Any server's word, at once; the default.
    pub const STALE: Self = Self {
        consistency: Consistency::Stale,
        min_index: 0,
        wait: WaitMode::No,
    };

    /// Asks for the leader's word.
    #[must_use]
    pub const fn of_leader(self) -> Self {
        Self {
            consistency: Consistency::Default,
            ..self
        }
    }

    /// Takes no stale answer with a lower index.
    #[must_use]
    pub const fn at_least(self, min_index: u64) -> Self {
        Self { min_index, ..self }
    }

    /// Lets the answer wait until the index is over this one, at most for this long.
    #[must_use]
    pub const fn over(self, index: u64, wait: Duration) -> Self {
        Self {
            wait: WaitMode::Over(index, wait),
            ..self
        }
    }
}

impl WaitMode {
    /// Returns the time that Nomad may take, its jitter included.
    pub(super) fn longest(self) -> Duration {
        match self {
            Self::No => Duration::ZERO,
            Self::Over(_, wait) => wait + wait / JITTER_PART,
        }
    }
}

impl QueryMeta {
    /// Makes what a leader says of itself with this index.
    #[must_use]
    pub const fn of_leader(index: u64) -> Self {
        Self {
            index,
            known_leader: true,
            last_contact: Duration::ZERO,
        }
    }

    /// Reads the headers; none when there is no index among them.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let header = |name| headers.get(name)?.to_str().ok();
        let ms = header("x-nomad-lastcontact").and_then(|text| text.parse().ok());
        Some(Self {
            index: header("x-nomad-index")?.parse().ok()?,
            known_leader: header("x-nomad-knownleader") != Some("false"),
            last_contact: Duration::from_millis(ms.unwrap_or(0)),
        })
    }

    /// Says why a stale answer with these headers is no word of Nomad, if it is none.
    pub(super) fn believed(&self, belief: Belief) -> Result<(), Cause> {
        if !self.known_leader {
            return Err(Cause::NoLeader);
        }
        if self.last_contact > belief.last_contact {
            return Err(Cause::LastContact {
                ms: millis(self.last_contact),
                most_ms: millis(belief.last_contact),
            });
        }
        // Index 0 says that the token may list nothing, and nothing about time.
        if self.index < belief.min_index && self.index != 0 {
            return Err(Cause::Behind {
                index: self.index,
                min_index: belief.min_index,
            });
        }
        Ok(())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BELIEF: Belief = Belief {
        min_index: 7,
        last_contact: Duration::from_secs(5),
    };

    fn meta(headers: &[(&'static str, &str)]) -> Option<QueryMeta> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        QueryMeta::read(&headers.collect())
    }

    #[test]
    fn a_server_that_hears_its_leader_and_is_not_behind_is_believed() {
        let judged = |headers: &[(&'static str, &str)]| meta(headers).unwrap().believed(BELIEF);
        assert_eq!(judged(&[("x-nomad-index", "7")]), Ok(()));
        assert_eq!(judged(&[("x-nomad-index", "0")]), Ok(()));
        let (index, min_index) = (6, 7);
        let behind = Cause::Behind { index, min_index };
        assert_eq!(judged(&[("x-nomad-index", "6")]), Err(behind));
        let ago = |ms| judged(&[("x-nomad-index", "7"), ("x-nomad-lastcontact", ms)]);
        assert_eq!(ago("5000"), Ok(()));
        let (ms, most_ms) = (5001, 5000);
        assert_eq!(ago("5001"), Err(Cause::LastContact { ms, most_ms }));
        let leader = |known| judged(&[("x-nomad-index", "9"), ("x-nomad-knownleader", known)]);
        assert_eq!(
            (leader("true"), leader("false")),
            (Ok(()), Err(Cause::NoLeader))
        );
    }

    #[test]
    fn an_index_is_needed() {
        assert_eq!(meta(&[("x-nomad-knownleader", "true")]), None);
        assert_eq!(meta(&[("x-nomad-index", "-1")]), None);
    }
}
