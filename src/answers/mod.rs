//! Makes answers: the innermost service of the stack.
//!
//! Floor 2. A query arrives here if no cache has its answer. The router selects by name who answers. Nothing here
//! talks to Nomad: answers come from the catalogue, and wait only if that is filled on demand.

mod attempt;
mod designated;
mod local;
pub mod nomad;
mod reply;
mod reverse;
mod router;
mod served_zone;
mod service_binding;

pub use attempt::{Attempt, Effort};
pub use designated::DesignatedResolver;
pub use local::{ApplicationDns, HostRecordError, HostTable, LocalNames, LocalSettings};
pub use nomad::{
    ALIAS_CHAIN, Descriptions, HTTPS_TAG, InnerNameServers, ListFlow, Loops, NamespaceAddresses,
    PlacedAddress, SHARED_OCTETS, SoaTimers, Zone, ZoneContents, ZoneRecord, ZoneSettings, names,
};
pub use reply::{AnswerOrigin, SourcedAnswer};
pub use router::{OutsideZones, Router};

use crate::catalog::{NotRead, UnknownReason};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Nothing is known of the cluster yet, or no longer.
    #[error("nothing is known of the cluster")]
    NotReady,
    /// Nomad is read as it is asked, and more was asked than may be read.
    #[error("more services are asked for than may be read")]
    Overloaded,
    /// It costs more than may be done out of turn.
    #[error("the answer has to wait for its turn")]
    TooCostly,
    /// It is not known what is registered under the name.
    #[error("it is not known what is registered under the name: {}", .0.label())]
    Unknown(UnknownReason),
}

impl From<UnknownReason> for AnswerError {
    fn from(reason: UnknownReason) -> Self {
        Self::Unknown(reason)
    }
}

impl From<NotRead> for AnswerError {
    fn from(error: NotRead) -> Self {
        match error {
            NotRead::Unknown(reason) => Self::Unknown(reason),
            NotRead::Overloaded => Self::Overloaded,
        }
    }
}
