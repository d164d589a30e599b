//! How the writer updates the health of instances, and lists the services that were queried.

use std::sync::Arc;

use super::labels::label_key;
use super::{Health, Instance, PutOutcome, Writer};

impl Writer {
    /// The instances of one service, named as Nomad spells it; none when it has no name.
    pub fn instances(&self, namespace: &str, service: &str) -> &[Instance] {
        let found = label_key(namespace)
            .and_then(|key| self.working.namespaces.get(&*key))
            .zip(label_key(service))
            .and_then(|(found, key)| found.services.get(&*key));
        let part = found.and_then(|found| Some(&found.parts[found.part(namespace, service)?]));
        part.map_or(&[], |part| &part.instances)
    }

    /// Judges the instances of one service anew.
    pub fn judge(
        &mut self,
        namespace: &str,
        service: &str,
        judge: impl Fn(&Instance) -> Health,
    ) -> PutOutcome {
        let instances = self.instances(namespace, service);
        if instances.iter().all(|it| judge(it) == it.health) {
            return PutOutcome::Unchanged;
        }
        let judged = instances.iter().map(|it| Instance {
            health: judge(it),
            ..it.clone()
        });
        let judged = judged.collect();
        self.put(namespace, service, judged)
            .unwrap_or(PutOutcome::Unchanged)
    }

    /// Names the services that have an instance of which something holds; looks at each.
    pub fn services_with(&self, holds: impl Fn(&Instance) -> bool) -> Vec<(Arc<str>, Arc<str>)> {
        let parts = self.working.iter().flat_map(|(_, _, found)| &found.parts);
        parts
            .filter(|part| part.instances.iter().any(&holds))
            .map(|part| (Arc::clone(&part.namespace), Arc::clone(&part.name)))
            .collect()
    }

    /// Names the services that were asked for since the last time; costs a look at each.
    pub fn take_asked(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let services = self.working.iter().map(|(_, _, service)| service);
        services
            .filter(|service| service.asked.take())
            .flat_map(|service| &service.parts)
            .map(|part| (Arc::clone(&part.namespace), Arc::clone(&part.name)))
            .collect()
    }
}
