//! Whose health is read, and what it means.
//!
//! Floor 2. `plan` decides whose turn it is, `driver` asks, `ended` follows the allocations that ended. Nothing here
//! is needed for answers: an error changes nothing, and while Nomad fails nothing is asked.

mod driver;
mod ended;
mod plan;

pub(super) use self::driver::{Findings, HealthDriver};
pub(super) use self::ended::FILTER as ENDED;
