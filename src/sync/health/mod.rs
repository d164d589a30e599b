//! Reads the health of instances.
//!
//! Floor 2. `plan` decides which checks are read next, `driver` requests them, `ended` follows allocations that have
//! ended. Answers do not depend on it: an error changes nothing, and while Nomad fails nothing is requested.

mod driver;
mod ended;
mod plan;

pub(super) use self::driver::{Findings, HealthDriver};
pub(super) use self::ended::FILTER as ENDED;
