//! Odd registrations: counted by reason, and logged once each.
//!
//! Floor 2. The reasons are a fixed set and the number of remembered ones is limited, so a hostile catalogue grows
//! neither metrics nor memory. Nothing is rejected here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::key::ServiceKey;

/// Oddities that are remembered as logged; more are only counted.
const LOGGED_MAX: usize = 10_000;
/// The part of a name or value that is logged, in characters.
const SHOWN_CHARS: usize = 100;

/// Why a registration, or a whole service, is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Oddity {
    /// It has no address, or only white space.
    AddressEmpty,
    /// Its IPv6 address has a zone, which means something on its own node only.
    AddressZoned,
    /// Its address is the unspecified one.
    AddressUnspecified,
    /// Its address is neither an IP address nor a host name.
    AddressUnusable,
    /// The service's name is no DNS label.
    ServiceName,
    /// The namespace's name is no DNS label.
    NamespaceName,
    /// Another service has the same name in other letter case, so both answer as one.
    CaseTwin,
    /// A tag that no name can carry: it is empty, or longer than a label.
    Tag,
    /// A datacenter that no name can carry: it is empty, or longer than a label.
    Datacenter,
    /// Two registrations have the same id; the first one counts.
    Duplicate,
    /// The registration is of another service than the one that was asked for.
    Foreign,
    /// The record has wrong types.
    Unreadable,
}

impl Oddity {
    /// All of them, in the order of [`OddityCounts`].
    pub const ALL: [Self; 12] = [
        Self::AddressEmpty,
        Self::AddressZoned,
        Self::AddressUnspecified,
        Self::AddressUnusable,
        Self::ServiceName,
        Self::NamespaceName,
        Self::CaseTwin,
        Self::Tag,
        Self::Datacenter,
        Self::Duplicate,
        Self::Foreign,
        Self::Unreadable,
    ];

    /// Names it for a metric's label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::AddressEmpty => "address_empty",
            Self::AddressZoned => "address_zoned",
            Self::AddressUnspecified => "address_unspecified",
            Self::AddressUnusable => "address_unusable",
            Self::ServiceName => "service_name",
            Self::NamespaceName => "namespace_name",
            Self::CaseTwin => "case_twin",
            Self::Tag => "tag",
            Self::Datacenter => "datacenter",
            Self::Duplicate => "duplicate",
            Self::Foreign => "foreign",
            Self::Unreadable => "unreadable",
        }
    }
}

/// How many of each, in the order of [`Oddity::ALL`].
pub type OddityCounts = [usize; Oddity::ALL.len()];

/// One example of each that there is, in the order of [`Oddity::ALL`]; fit to be shown.
pub(super) type Examples = [Option<Arc<str>>; Oddity::ALL.len()];

/// The oddities of one service, with an example of each.
#[derive(Debug, Default)]
pub(super) struct ServiceOddities {
    pub(super) counts: OddityCounts,
    pub(super) examples: Vec<(Oddity, String)>,
}

impl ServiceOddities {
    /// Counts one; the first of each kind is kept as the example.
    pub(super) fn add(&mut self, oddity: Oddity, example: &str) {
        let count = &mut self.counts[oddity as usize];
        *count += 1;
        if *count == 1 {
            self.examples
                .push((oddity, example.chars().take(SHOWN_CHARS).collect()));
        }
    }
}

/// The oddities of all services now.
#[derive(Debug, Default)]
pub(super) struct Oddities {
    by_service: HashMap<ServiceKey, OddityCounts>,
    totals: OddityCounts,
    examples: Examples,
    logged: HashSet<u64>,
    hasher: ahash::RandomState,
}

impl Oddities {
    /// Sets what is odd about a service now, but for its twins.
    pub(super) fn set(&mut self, key: &ServiceKey, found: &ServiceOddities) {
        let mut counts = found.counts;
        counts[Oddity::CaseTwin as usize] = self.of(key)[Oddity::CaseTwin as usize];
        self.put(key, counts);
        for (oddity, example) in &found.examples {
            self.log(key, *oddity, example);
        }
    }

    /// Sets how many other services have the same name in other letter case.
    pub(super) fn set_twins(&mut self, key: &ServiceKey, twins: usize) {
        let mut counts = self.of(key);
        counts[Oddity::CaseTwin as usize] = twins;
        self.put(key, counts);
        if twins > 0 {
            self.log(key, Oddity::CaseTwin, &key.name);
        }
    }

    /// Returns how many there are of each.
    pub(super) fn totals(&self) -> OddityCounts {
        self.totals
    }

    /// Returns one example of each that there is.
    pub(super) fn examples(&self) -> &Examples {
        &self.examples
    }

    fn of(&self, key: &ServiceKey) -> OddityCounts {
        self.by_service.get(key).copied().unwrap_or_default()
    }

    fn put(&mut self, key: &ServiceKey, counts: OddityCounts) {
        let before = match counts.iter().any(|&count| count > 0) {
            true => self.by_service.insert(key.clone(), counts),
            false => self.by_service.remove(key),
        };
        let before = before.unwrap_or_default();
        for ((total, now), before) in self.totals.iter_mut().zip(counts).zip(before) {
            *total = *total + now - before;
        }
        for (example, total) in self.examples.iter_mut().zip(self.totals) {
            if total == 0 {
                *example = None;
            }
        }
    }

    fn log(&mut self, key: &ServiceKey, oddity: Oddity, example: &str) {
        let cut = |text: &str| text.chars().take(SHOWN_CHARS).collect::<String>();
        let (namespace, service) = (cut(&key.namespace), cut(&key.name));
        self.examples[oddity as usize].get_or_insert_with(|| {
            let (namespace, service) = (namespace.escape_debug(), service.escape_debug());
            format!("{example:?} in {namespace}/{service}").into()
        });
        // Tags are any text, and long ones are usual: they are no mistake of whoever wrote them.
        if oddity == Oddity::Tag {
            let reason = oddity.label();
            tracing::debug!(?namespace, ?service, reason, ?example, "odd registration");
            return;
        }
        let seen = self.hasher.hash_one((key, oddity));
        if self.logged.len() >= LOGGED_MAX || !self.logged.insert(seen) {
            return;
        }
        tracing::warn!(
            ?namespace,
            ?service,
            reason = oddity.label(),
            ?example,
            "odd registration"
        );
        if self.logged.len() == LOGGED_MAX {
            tracing::warn!("too many odd registrations: others are only counted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_oddity_has_its_own_place_and_label() {
        for (place, oddity) in Oddity::ALL.into_iter().enumerate() {
            assert_eq!(oddity as usize, place);
        }
        let labels: HashSet<_> = Oddity::ALL.into_iter().map(Oddity::label).collect();
        assert_eq!(labels.len(), Oddity::ALL.len());
    }

    #[test]
    fn counts_follow_what_is_there_now() {
        let key = ServiceKey {
            namespace: "default".into(),
            name: "redis".into(),
        };
        let mut oddities = Oddities::default();
        let mut found = ServiceOddities::default();
        found.add(Oddity::Tag, "");
        found.add(Oddity::Tag, "");
        oddities.set(&key, &found);
        assert_eq!(oddities.totals()[Oddity::Tag as usize], 2);
        oddities.set(&key, &ServiceOddities::default());
        assert_eq!(oddities.totals(), OddityCounts::default());
        assert!(oddities.by_service.is_empty());
    }
}
