//! What is said: the innermost service of the stack.
//!
//! Floor 2. A query comes here when no cache has its answer. The router picks who answers by the name;
//! nothing here waits, and nothing here speaks to Nomad: it reads the catalogue.

mod designated;
pub mod nomad;
mod router;

pub use designated::DesignatedResolver;
pub use nomad::{Descriptions, Zone, ZoneSettings, names};
pub use router::Router;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Nothing is known of the cluster yet, or no longer.
    #[error("nothing is known of the cluster")]
    NotReady,
}
