//! Services with more instances than some resolvers accept records of one set; each is logged once.
//!
//! Floor 2. It does not change answers. It remembers the large services that are registered, and a limited number of
//! logged ones.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use crate::sync::key::ServiceKey;
use crate::sync::report::LargeServices;

/// Services that are remembered as logged; more are only counted.
const LOGGED_MAX: usize = 1000;
/// Services that are named; of more only the number is told.
const NAMED_MAX: usize = 8;

/// The services that have more instances than `above` now.
#[derive(Debug)]
pub(super) struct Large {
    above: usize,
    services: BTreeMap<ServiceKey, usize>,
    logged: HashSet<ServiceKey>,
}

impl Large {
    /// Looks for none when `above` is none.
    pub(super) fn new(above: Option<usize>) -> Self {
        Self {
            above: above.unwrap_or(usize::MAX),
            services: BTreeMap::new(),
            logged: HashSet::new(),
        }
    }

    /// Notes how many instances a service has; tells what is large now, if that is something else.
    pub(super) fn note(&mut self, key: &ServiceKey, instances: usize) -> Option<LargeServices> {
        let before = if instances > self.above {
            self.services.insert(key.clone(), instances)
        } else {
            self.services.remove(key)
        };
        let now = self.services.get(key).copied();
        if before == now {
            return None;
        }
        let large = self.report();
        if now.is_some() && self.logged.len() < LOGGED_MAX && self.logged.insert(key.clone()) {
            let (namespace, service) = (&*key.namespace, &*key.name);
            tracing::info!(?namespace, ?service, instances, "{}", large.hint());
        }
        Some(large)
    }

    fn report(&self) -> LargeServices {
        let mut named: Vec<(&ServiceKey, usize)> =
            self.services.iter().map(|(key, it)| (key, *it)).collect();
        named.sort_by_key(|(_, instances)| Reverse(*instances));
        let named = named.into_iter().take(NAMED_MAX);
        LargeServices {
            above: self.above,
            count: self.services.len(),
            named: named
                .map(|(key, instances)| (format!("{}/{}", key.namespace, key.name), instances))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ServiceKey {
        ServiceKey {
            namespace: "default".into(),
            name: name.into(),
        }
    }

    #[test]
    fn what_is_large_is_told_when_it_changes_and_the_largest_is_named_first() {
        let mut large = Large::new(Some(100));
        assert_eq!(large.note(&key("small"), 100), None);
        let report = large.note(&key("some"), 101).map(|it| it.count);
        assert_eq!(report, Some(1));
        assert_eq!(large.note(&key("some"), 101), None);
        let report = large.note(&key("many"), 3000).expect("another one");
        assert_eq!(report.named[0], ("default/many".to_owned(), 3000));
        let report = large.note(&key("many"), 0).expect("it is gone");
        assert_eq!((report.count, report.named.len()), (1, 1));
        assert_eq!(Large::new(None).note(&key("many"), 3000), None);
    }

    #[test]
    fn of_many_some_are_named_and_no_more_are_remembered_than_a_limit() {
        let mut large = Large::new(Some(100));
        for number in 0..LOGGED_MAX + 10 {
            large.note(&key(&number.to_string()), 101);
        }
        let report = large.report();
        assert_eq!(
            (report.count, report.named.len()),
            (LOGGED_MAX + 10, NAMED_MAX)
        );
        assert_eq!(large.logged.len(), LOGGED_MAX);
        assert!(report.to_string().contains("and 1002 more"), "{report}");
    }
}
