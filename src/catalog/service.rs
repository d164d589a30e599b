//! What is registered under one DNS name.
//!
//! Nomad's names are case-sensitive, DNS names are not: `Redis` and `redis` are two services in Nomad and one here. A
//! `Service` keeps each of them as a part, so that a change of one does not affect the other.

use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::{Cell, Index, Instance, PlaceSet, ReferenceBit, UnknownReason};

/// How many instances are looked at one by one; of more there is an index.
const FEW: usize = 16;

/// All instances that one DNS name stands for.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// One part for each spelling in Nomad, at least one.
    pub parts: Vec<ServicePart>,
    /// Why it is not known whether the instances are still those.
    pub unknown: Option<UnknownReason>,
    /// Superseded when any part changes, or whether it is unknown.
    pub(super) cell: Cell,
    /// Whether somebody asked for it lately; stays the same when it changes.
    pub(super) asked: ReferenceBit,
    /// Made when it is wanted first.
    pub(super) index: OnceLock<Arc<Index>>,
}

/// One state of one service: no other state of it, nor another service, has an equal one.
#[derive(Clone, Debug)]
pub struct ServiceVersion(Cell);

/// The instances of one service as Nomad spells it.
#[derive(Clone, Debug)]
pub struct ServicePart {
    /// The namespace, in Nomad's letter case.
    pub namespace: Arc<str>,
    /// The service, in Nomad's letter case.
    pub name: Arc<str>,
    /// Its instances, at least one, in the order in which Nomad gave them.
    pub instances: Arc<[Instance]>,
}

impl Service {
    /// Goes through the instances of all parts.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> + Clone {
        instances_of(&self.parts)
    }

    /// How many instances there are.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.instances.len()).sum()
    }

    /// Whether there is no instance: never so in a catalogue.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The instance at a place, in the order of `instances`.
    pub fn instance(&self, mut place: usize) -> Option<&Instance> {
        for part in &self.parts {
            match part.instances.get(place) {
                Some(instance) => return Some(instance),
                None => place -= part.instances.len(),
            }
        }
        None
    }

    /// Which state of it this is.
    pub fn version(&self) -> ServiceVersion {
        ServiceVersion(self.cell.clone())
    }

    /// Whether what names can say costs little to find out: there are few instances, or the index is there.
    pub fn is_indexed(&self) -> bool {
        self.len() <= FEW || self.index.get().is_some()
    }

    /// What names can say of the instances, the other way round; none where they are so few that each is looked at.
    ///
    /// It is made if it is not there, which costs as much as there are tags.
    pub fn index(&self) -> Option<&Index> {
        let index = || {
            let name = self.parts.first().map_or("", |part| &part.name);
            Arc::new(Index::new(name, self.instances()))
        };
        (self.len() > FEW).then(|| &**self.index.get_or_init(index))
    }

    /// The index of another state of it, where names say the same of all instances: when their health alone has changed.
    pub(super) fn index_of(&self, parts: &[ServicePart]) -> OnceLock<Arc<Index>> {
        let kept = self.index.get().filter(|_| {
            let (now, then) = (self.instances(), instances_of(parts));
            let is_same = |(one, other): (&Instance, &Instance)| {
                Arc::ptr_eq(&one.group, &other.group) || one.group == other.group
            };
            now.clone().count() == then.clone().count() && now.zip(then).all(is_same)
        });
        kept.map_or_else(OnceLock::new, |index| OnceLock::from(Arc::clone(index)))
    }

    /// The set of those instances that `takes` takes, where there is no index.
    pub fn take_each(&self, takes: impl Fn(&Instance) -> bool) -> PlaceSet {
        let mut taken = PlaceSet::none(self.len());
        let places = self.instances().enumerate();
        let places = places.filter(|(_, instance)| takes(instance));
        places.for_each(|(place, _)| taken.insert(place));
        taken
    }

    /// Goes through the places of the instances that are taken, those that stand together at once.
    pub fn places<'a>(&'a self, taken: &'a PlaceSet) -> impl Iterator<Item = Range<usize>> + 'a {
        let all = taken.is_all().then(|| 0..self.len());
        let index = if taken.is_all() { None } else { self.index() };
        let of_index = index.map(|index| index.places(taken)).into_iter().flatten();
        let is_each = all.is_none() && index.is_none();
        let each = 0..if is_each { self.len() } else { 0 };
        let each = each.filter(|place| taken.has(*place));
        let each = each.map(|place| place..place + 1);
        all.into_iter().chain(of_index).chain(each)
    }

    /// Whether it has instances, and all of them are known to be of no use.
    pub(super) fn is_all_bad(&self) -> bool {
        self.instances().all(|instance| instance.health.is_bad())
    }

    pub(super) fn part(&self, namespace: &str, name: &str) -> Option<usize> {
        self.parts
            .iter()
            .position(|part| *part.namespace == *namespace && *part.name == *name)
    }
}

fn instances_of(parts: &[ServicePart]) -> impl Iterator<Item = &Instance> + Clone {
    parts.iter().flat_map(|part| part.instances.iter())
}

impl ServiceVersion {
    /// Whether it is still the state of the catalogue.
    pub fn is_current(&self) -> bool {
        !self.0.is_superseded()
    }
}

impl PartialEq for ServiceVersion {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }
}

impl Eq for ServiceVersion {}

impl Hash for ServiceVersion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
