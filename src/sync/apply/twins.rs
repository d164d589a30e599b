//! Services whose names differ only in letter case: two for Nomad, one for DNS (RFC 4343).
//!
//! Floor 2. Only names with capital letters are stored, and finding a twin costs one look-up.

use std::collections::HashMap;

use crate::sync::key::ServiceKey;

/// The names with capital letters, by what they fold to.
#[derive(Debug, Default)]
pub(in crate::sync) struct Twins {
    capitals: HashMap<(String, String), Vec<ServiceKey>, ahash::RandomState>,
}

impl Twins {
    /// Notes that a service is there or not; returns the names with capital letters that fold to the same one.
    pub(in crate::sync) fn note(
        &mut self,
        key: &ServiceKey,
        presence: ServicePresence,
    ) -> &[ServiceKey] {
        let folded = folded(key);
        let is_folded = *folded.0 == *key.namespace && *folded.1 == *key.name;
        if is_folded {
            return self.capitals.get(&folded).map_or(&[], Vec::as_slice);
        }
        match presence {
            ServicePresence::Here => {
                let keys = self.capitals.entry(folded).or_default();
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
                keys
            }
            ServicePresence::Gone => {
                let Some(keys) = self.capitals.get_mut(&folded) else {
                    return &[];
                };
                keys.retain(|other| other != key);
                if keys.is_empty() {
                    self.capitals.remove(&folded);
                    return &[];
                }
                self.capitals.get(&folded).map_or(&[], Vec::as_slice)
            }
        }
    }
}

/// Whether the catalogue has a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync) enum ServicePresence {
    Here,
    Gone,
}

/// Folds the letters of both names.
pub(in crate::sync) fn folded(key: &ServiceKey) -> (String, String) {
    (
        key.namespace.to_ascii_lowercase(),
        key.name.to_ascii_lowercase(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fold_to_one_are_found_from_each_of_them() {
        let key = |name: &str| ServiceKey {
            namespace: "default".into(),
            name: name.into(),
        };
        let mut twins = Twins::default();
        assert!(twins.note(&key("redis"), ServicePresence::Here).is_empty());
        assert_eq!(
            twins.note(&key("Redis"), ServicePresence::Here),
            [key("Redis")]
        );
        assert_eq!(
            twins.note(&key("REDIS"), ServicePresence::Here),
            [key("Redis"), key("REDIS")]
        );
        assert_eq!(
            twins.note(&key("redis"), ServicePresence::Gone),
            [key("Redis"), key("REDIS")]
        );
        assert_eq!(
            twins.note(&key("Redis"), ServicePresence::Gone),
            [key("REDIS")]
        );
        assert!(twins.note(&key("REDIS"), ServicePresence::Gone).is_empty());
        assert!(twins.capitals.is_empty());
    }
}
