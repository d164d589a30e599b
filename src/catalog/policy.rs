//! Which instances are returned, by their health.

use super::{Health, Instance};

/// Which instances are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HealthPolicy {
    /// All of them.
    Off,
    /// All that are not known to be bad; if that leaves none, all.
    #[default]
    Failing,
    /// Those that are known to be good, once any of them was looked at.
    Strict,
}

impl HealthPolicy {
    /// Keeps those instances that are answered.
    pub fn choose(self, instances: &mut Vec<&Instance>) {
        self.choose_among(instances, |it| it);
    }

    /// Keeps those items whose instances are answered.
    pub fn choose_among<T>(self, items: &mut Vec<T>, instance: impl Fn(&T) -> &Instance) {
        let health = |item: &T| instance(item).health;
        let is_looked_at = |item: &T| !matches!(health(item), Health::Unread | Health::Gone);
        match self {
            Self::Off => {}
            Self::Strict if items.iter().any(is_looked_at) => {
                items.retain(|it| health(it) == Health::Passing);
            }
            Self::Strict => items.retain(|it| health(it) != Health::Gone),
            Self::Failing if items.iter().all(|it| health(it).is_bad()) => {}
            Self::Failing => items.retain(|it| !health(it).is_bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::{Group, Id, Identity, InstanceAddress};

    fn chosen(policy: HealthPolicy, healths: &[Health]) -> Vec<Health> {
        let instances: Vec<_> = healths
            .iter()
            .map(|&health| Instance {
                address: InstanceAddress::Unusable,
                port: 0,
                health,
                identity: Identity::Task(uuid::Uuid::nil()),
                node: Id::from("n"),
                group: Arc::new(Group::default()),
            })
            .collect();
        let mut chosen: Vec<&Instance> = instances.iter().collect();
        policy.choose(&mut chosen);
        chosen.iter().map(|it| it.health).collect()
    }

    #[test]
    fn failing_ones_are_left_out_unless_that_leaves_none() {
        use Health::{Failing, Gone, Passing, Unproven, Unread};
        let choose = |healths: &[Health]| chosen(HealthPolicy::Failing, healths);
        assert_eq!(choose(&[Passing, Failing, Gone]), [Passing]);
        assert_eq!(choose(&[Unproven, Failing, Unread]), [Unproven, Unread]);
        assert_eq!(choose(&[Failing, Gone]), [Failing, Gone]);
        assert_eq!(chosen(HealthPolicy::Off, &[Failing, Gone]), [Failing, Gone]);
    }

    #[test]
    fn strict_takes_what_is_proven_once_anything_was_looked_at() {
        use Health::{Failing, Gone, Passing, Unproven, Unread};
        let choose = |healths: &[Health]| chosen(HealthPolicy::Strict, healths);
        assert_eq!(choose(&[Passing, Unproven, Unread, Failing]), [Passing]);
        assert_eq!(choose(&[Unread, Unread, Gone]), [Unread, Unread]);
        assert_eq!(choose(&[Failing, Unproven]), []);
        assert_eq!(choose(&[Gone]), []);
    }
}
