//! A query with its client, and a limit on how much work its answer may take.
//!
//! Floor 2. `layers` creates it: first for a limited attempt, and if that is refused, for an attempt without limit
//! when it is this client's turn.

use crate::dns::Query;
use crate::fair_queue::ClientAddress;

/// A query, where it came from, and what its answer may cost.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The query.
    pub query: Query,
    /// Where it came from.
    pub client: ClientAddress,
    /// What its answer may cost.
    pub effort: Effort,
}

/// What an answer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// As much as the making of a few records; what is prepared counts as little.
    Bounded,
    /// What it takes: as much as the service has instances.
    Whole,
}
