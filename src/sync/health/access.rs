//! Whether health can be looked at, in words.
//!
//! Floor 2.

use std::fmt;

use crate::catalog::HealthPolicy;

/// What of health is looked at, and what the token may not read of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HealthAccess {
    /// Which instances are answered.
    pub policy: HealthPolicy,
    /// Nomad refuses to tell checks.
    pub checks_denied: bool,
    /// Nomad refuses to list allocations.
    pub allocations_denied: bool,
}

impl HealthAccess {
    /// Whether something of it is refused.
    pub(crate) fn is_denied(self) -> bool {
        self.checks_denied || self.allocations_denied
    }
}

impl fmt::Display for HealthAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.policy, self.checks_denied, self.allocations_denied) {
            (HealthPolicy::Off, _, _) => "off",
            (_, true, true) => {
                "not looked at: the token may read neither checks nor allocations; it needs the capability read-job"
            }
            (_, true, false) => {
                "checks are not looked at: the token may not read them; it needs the capability read-job"
            }
            (_, false, true) => {
                "ended allocations are not looked at: the token may not list them; it needs the capability read-job"
            }
            (HealthPolicy::Failing, ..) => "failing instances are left out",
            (HealthPolicy::Strict, ..) => "only instances that are known to be healthy are answered",
        })
    }
}
