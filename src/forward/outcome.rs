//! What comes of a query that is forwarded: an answer, or why there is none.
//!
//! Floor 2. What is said to the client where there is none, `layers` knows.

use super::upstream::NoUpstreamAnswer;
use crate::catalog::Sources;
use crate::dns::Answer;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// Too many queries wait already.
    #[error("too many queries wait for upstreams")]
    Overloaded,
    /// What is forwarded comes back.
    #[error("an upstream forwards to this gateway")]
    Loop,
    /// Upstreams answered that there is no answer; the extended error of one, by its number.
    #[error("the upstreams have no answer")]
    Failed(Option<u16>),
    /// No upstream answered in time.
    #[error("no upstream has answered")]
    TimedOut,
    /// No upstream can be reached.
    #[error("no upstream can be reached")]
    Unreachable,
    /// The answer has an address that names of the zone may not have.
    #[error("the answer of an upstream has a private address")]
    PrivateAddress,
}

/// An answer, and how long a cache without a clock may keep it.
#[derive(Clone, Debug)]
pub struct ForwardedAnswer {
    /// The answer.
    pub answer: Answer,
    /// What ends its time there.
    pub sources: Sources,
}

impl ForwardedAnswer {
    /// One that no other cache may keep.
    pub(super) fn once(answer: Answer) -> Self {
        Self {
            answer,
            sources: Sources::once(),
        }
    }
}

impl From<NoUpstreamAnswer> for ForwardError {
    fn from(reason: NoUpstreamAnswer) -> Self {
        match reason {
            NoUpstreamAnswer::Failed(extended_error) => Self::Failed(extended_error),
            NoUpstreamAnswer::TimedOut => Self::TimedOut,
            NoUpstreamAnswer::Unreachable => Self::Unreachable,
            NoUpstreamAnswer::PrivateAddress => Self::PrivateAddress,
        }
    }
}
