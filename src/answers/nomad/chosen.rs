//! The instances of a service that match a name and may be returned by their health.
//!
//! Floor 2. For small services they are selected for each answer; for large ones the selection is prepared once and
//! shared by all names that match the same instances.

use std::sync::Arc;

use super::prepared::{InstanceSet, PreparedKey, PreparedKind, PreparedSet};
use super::{Context, TooCostly};
use crate::answers::Effort;
use crate::catalog::{Instance, InstanceAddress, PlaceSet, Service};
use crate::dns::Name;

/// Of how many instances records are made by anybody at any time; those of more are prepared, in turn.
const FEW: usize = 64;

/// Instances that are answered.
pub(super) enum SelectedInstances<'a> {
    Few(Vec<&'a Instance>),
    Many(&'a Service, Arc<InstanceSet>),
}

impl Context<'_> {
    /// Chooses among the instances that a name takes.
    ///
    /// # Errors
    /// It costs more than may be done now.
    pub(super) fn choose<'s>(
        &self,
        service: &'s Service,
        taken: &PlaceSet,
    ) -> Result<SelectedInstances<'s>, TooCostly> {
        let count: usize = service.places(taken).map(|places| places.len()).sum();
        if count <= FEW {
            let places = service.places(taken).flatten();
            let mut instances = places.filter_map(|at| service.instance(at)).collect();
            self.settings.health.choose(&mut instances);
            return Ok(SelectedInstances::Few(instances));
        }
        let key = PreparedKey {
            version: service.version(),
            taken: taken.clone(),
            what: PreparedKind::Instances,
        };
        if let Some(PreparedSet::Instances(set)) = self.prepared.find(&key) {
            return Ok(SelectedInstances::Many(service, set));
        }
        if self.effort == Effort::Bounded {
            return Err(TooCostly);
        }
        let set = Arc::new(self.instance_set(service, taken));
        self.prepared
            .keep(key, PreparedSet::Instances(Arc::clone(&set)));
        Ok(SelectedInstances::Many(service, set))
    }

    fn instance_set(&self, service: &Service, taken: &PlaceSet) -> InstanceSet {
        let places = service.places(taken).flatten();
        let instances = places.filter_map(|at| Some((at, service.instance(at)?)));
        let mut chosen: Vec<(usize, &Instance)> = instances.collect();
        self.settings.health.choose_among(&mut chosen, |it| it.1);
        let host = only_host(chosen.iter().map(|it| it.1));
        let places = chosen.iter().filter_map(|it| u32::try_from(it.0).ok());
        InstanceSet {
            places: places.collect(),
            host,
        }
    }
}

impl<'a> SelectedInstances<'a> {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Few(instances) => instances.is_empty(),
            Self::Many(_, set) => set.places.is_empty(),
        }
    }

    /// All of them; costs as much as they are.
    pub(super) fn to_vec(&self) -> Vec<&'a Instance> {
        match self {
            Self::Few(instances) => instances.clone(),
            Self::Many(service, set) => {
                let places = set.places.iter();
                let instances = places.filter_map(|at| service.instance(*at as usize));
                instances.collect()
            }
        }
    }

    /// The host's name, when all usable addresses are that one name.
    pub(super) fn host(&self) -> Option<Name> {
        match self {
            Self::Few(instances) => only_host(instances.iter().copied()),
            Self::Many(_, set) => set.host,
        }
    }
}

/// The host's name, when all usable addresses are that one name.
pub(super) fn only_host<'a>(instances: impl Iterator<Item = &'a Instance>) -> Option<Name> {
    let mut only = None;
    for instance in instances {
        match &instance.address {
            InstanceAddress::Unusable => {}
            InstanceAddress::V4(_) | InstanceAddress::V6(_) => return None,
            InstanceAddress::Host(host) => {
                let host = host_name(host)?;
                if *only.get_or_insert(host) != host {
                    return None;
                }
            }
        }
    }
    only
}

pub(super) fn host_name(host: &str) -> Option<Name> {
    Name::from_labels(host.split('.').map(str::as_bytes)).ok()
}
