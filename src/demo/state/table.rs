//! The registrations of one namespace, by service. A look-up is one hash, a change costs one service, a copy is free.

use std::sync::Arc;

use ahash::RandomState;
use imbl::GenericHashMap;
use imbl::shared_ptr::DefaultSharedPtr;
use serde::Serialize;

use super::instance::Instance;
use crate::demo::model::Registration;

/// A map whose copies share what they have in common.
pub(super) type Shared<V> = GenericHashMap<Arc<str>, V, RandomState, DefaultSharedPtr>;

/// The services of one namespace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services {
    by_name: Shared<Arc<Service>>,
}

/// One service: its instances in the order of their IDs, never none.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    instances: Vec<Instance>,
    /// The service's entry in `/v1/services`, kept ready since that list may be long.
    entry: Box<str>,
}

/// What an upsert did.
#[derive(Debug)]
pub(crate) enum Upsert {
    Unchanged,
    Updated(Instance),
    Added(Instance),
}

impl Services {
    pub(crate) fn of(&self, name: &str) -> &[Instance] {
        self.by_name
            .get(name)
            .map_or(&[], |service| &service.instances)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &str> {
        self.by_name.values().map(|service| &*service.entry)
    }

    pub(crate) fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.by_name.values().flat_map(|service| &service.instances)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Inserts or updates one registration at an index. An update keeps the index of creation.
    pub(crate) fn upsert(
        &mut self,
        namespace: &Arc<str>,
        registration: &Registration,
        index: u64,
    ) -> Upsert {
        let name = match self
            .by_name
            .get_key_value(registration.service_name.as_str())
        {
            Some((name, _)) => Arc::clone(name),
            None => registration.service_name.as_str().into(),
        };
        let service = self
            .by_name
            .entry(Arc::clone(&name))
            .or_insert_with(|| Arc::new(Service::empty()));
        let service = Arc::make_mut(service);
        let neighbour = service.instances.first();
        let mut new = Instance::new(registration, namespace, &name, neighbour);
        new.modify_index = index;
        match service.position(&registration.id) {
            Ok(at) if service.instances[at].is_same_as(&new) => Upsert::Unchanged,
            Ok(at) => {
                new.create_index = service.instances[at].create_index;
                service.instances[at] = new.clone();
                service.refresh(&name, index);
                Upsert::Updated(new)
            }
            Err(at) => {
                new.create_index = index;
                service.instances.insert(at, new.clone());
                service.refresh(&name, index);
                Upsert::Added(new)
            }
        }
    }

    /// Puts a whole service in, as it is, in place of what was there.
    pub(crate) fn put(&mut self, name: &Arc<str>, mut instances: Vec<Instance>) {
        instances.sort_by_cached_key(Instance::id);
        let mut service = Service {
            instances,
            ..Service::empty()
        };
        service.refresh(name, 0);
        self.by_name.insert(Arc::clone(name), Arc::new(service));
    }

    /// Takes one registration out; a service without instances is no service.
    pub(crate) fn remove(&mut self, name: &str, id: &str, index: u64) -> Option<Instance> {
        let service = Arc::make_mut(self.by_name.get_mut(name)?);
        let at = service.position(id).ok()?;
        let removed = service.instances.remove(at);
        if service.instances.is_empty() {
            self.by_name.remove(name);
        } else {
            service.refresh(name, index);
        }
        Some(removed)
    }
}

impl Service {
    fn empty() -> Self {
        Self {
            instances: Vec::new(),
            entry: Box::default(),
        }
    }

    fn position(&self, id: &str) -> Result<usize, usize> {
        self.instances
            .binary_search_by(|instance| instance.compare_id(id))
    }

    /// Makes the list entry anew. Nomad's order of tags is random: here it moves with the index.
    fn refresh(&mut self, name: &str, index: u64) {
        let mut tags: Vec<&str> = Vec::new();
        for tag in self.instances.iter().flat_map(Instance::tags) {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        if !tags.is_empty() {
            let turn = index % tags.len() as u64;
            tags.rotate_left(usize::try_from(turn).unwrap_or_default());
        }
        let entry = ServiceEntry {
            service_name: name,
            tags: &tags,
        };
        self.entry = serde_json::to_string(&entry).unwrap_or_default().into();
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceEntry<'a> {
    service_name: &'a str,
    tags: &'a [&'a str],
}
