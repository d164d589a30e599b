//! Which of the configured namespaces do not exist in Nomad.
//!
//! Floor 1. The list of services of a namespace that does not exist is empty, like that of an empty one. Only the
//! list of namespaces tells the difference, and it contains those that the token can see.

use std::collections::HashSet;
use std::fmt;

use super::client::Client;
use super::error::excerpt;

/// The most namespaces that are named.
const NAMED: usize = 8;
/// What stands for all namespaces.
const ALL: &str = "*";

/// Namespaces that are named and that Nomad does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentNamespaces {
    absent: Vec<String>,
    shown: Vec<String>,
}

impl Client {
    /// Finds those of `names` that Nomad does not have, or does not show to this token; none where it does not tell. Those
    /// in `seen` are there.
    pub async fn absent_namespaces(
        &self,
        names: &[String],
        seen: &HashSet<&str>,
    ) -> Option<AbsentNamespaces> {
        let unseen = names
            .iter()
            .filter(|name| *name != ALL && !seen.contains(name.as_str()));
        let mut absent: Vec<String> = unseen.cloned().collect();
        if absent.is_empty() {
            return None;
        }
        let shown = self.namespaces().await.ok()?.names;
        absent.retain(|name| !shown.contains(name));
        // A workload identity reads services, and is shown no namespace at all.
        let tells = !shown.is_empty() && !absent.is_empty();
        tells.then_some(AbsentNamespaces { absent, shown })
    }
}

impl fmt::Display for AbsentNamespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (absent, shown) = (named(&self.absent), named(&self.shown));
        write!(
            f,
            "nomad.namespaces (--namespace) names what Nomad does not have, or does not show to this token: {absent}; it \
             shows {shown}"
        )
    }
}

fn named(names: &[String]) -> String {
    let mut text: Vec<String> = names.iter().take(NAMED).map(|name| excerpt(name)).collect();
    if names.len() > NAMED {
        text.push(format!("{} more", names.len() - NAMED));
    }
    text.join(", ")
}
