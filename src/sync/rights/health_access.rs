//! Whether health can be read, as text.
//!
//! Floor 2.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::catalog::HealthPolicy;

/// Namespaces that are named; of more only the number is told.
const NAMED: usize = 4;

/// What of health is looked at, and what the token may not read of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthAccess {
    /// Which instances are answered.
    pub policy: HealthPolicy,
    /// Namespaces of which Nomad refuses to tell checks.
    pub checks_denied: BTreeSet<Arc<str>>,
    /// Namespaces of which Nomad refuses to list allocations; `*` for all.
    pub allocations_denied: BTreeSet<Arc<str>>,
}

impl HealthAccess {
    /// Whether something of it is refused.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        !self.checks_denied.is_empty() || !self.allocations_denied.is_empty()
    }
}

impl fmt::Display for HealthAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.policy {
            HealthPolicy::Off => return f.write_str("off"),
            HealthPolicy::Failing => "failing instances are left out",
            HealthPolicy::Strict => "only instances that are known to be healthy are returned",
        })?;
        for (what, namespaces) in [
            ("checks", &self.checks_denied),
            ("ended allocations", &self.allocations_denied),
        ] {
            if !namespaces.is_empty() {
                write!(f, "; {what} {} are not looked at", places(namespaces))?;
            }
        }
        if self.is_denied() {
            f.write_str(": the token may not read them; it needs the capability read-job there")?;
        }
        Ok(())
    }
}

/// Says where, without naming too many.
fn places(namespaces: &BTreeSet<Arc<str>>) -> String {
    if namespaces.contains("*") {
        return "of all namespaces".into();
    }
    let named = namespaces.iter().take(NAMED);
    let named: Vec<String> = named.map(|it| it.escape_debug().to_string()).collect();
    let more = match namespaces.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more namespaces"),
    };
    format!("of {}{more}", named.join(", "))
}
