//! Which upstream is asked next, and when: free of I/O, of clocks and of chance, which are arguments.
//!
//! Floor 2. `health` knows what real traffic and probes told of each upstream, `race` leads one question from the first
//! attempt to its end. `upstream` does what they say. A model drives both through failures (`model`).

mod health;
#[cfg(test)]
mod model;
mod pool;
mod race;
#[cfg(test)]
mod race_proofs;

pub(in crate::forward) use health::{CaseUse, EdnsUse};
pub use pool::UpstreamPolicy;
pub(in crate::forward) use pool::UpstreamPool;
pub(in crate::forward) use race::{
    AttemptId, AttemptOutcome, Carrier, RaceEnd, RaceStep, UpstreamRace,
};
