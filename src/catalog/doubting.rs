//! How the writer records doubts, and how they reach answers.
//!
//! Floor 1. A doubt changes no instance and no serial. It supersedes answers that depend on the set of names, because
//! they may not deny any more, and the services that it is about, because their answers must be marked.

use std::sync::Arc;

use super::labels::{ServiceNameError, keys, label_key};
use super::writer::Changed;
use super::{Doubt, Doubted, PutOutcome, Writer};

impl Writer {
    /// Sets why it is not known what is registered as a service, named as Nomad spells it; none when it is known.
    ///
    /// Its instances stay, and are answered as the last that is known. Without instances its name exists all the same.
    ///
    /// # Errors
    /// A name that can be no DNS label; nothing is changed then.
    pub fn doubt(
        &mut self,
        namespace: &str,
        service: &str,
        doubt: Option<Doubt>,
    ) -> Result<PutOutcome, ServiceNameError> {
        let (namespace_key, service_key) = keys(namespace, service)?;
        let doubts = &mut self.working.doubts;
        let named = (namespace, service);
        if !doubts.set_service((&namespace_key, &service_key), named, doubt) {
            return Ok(PutOutcome::Unchanged);
        }
        self.doubts = Changed::Yes;
        self.show_doubt(&namespace_key, &service_key);
        Ok(PutOutcome::Changed)
    }

    /// Sets why it is not known what all services of a namespace are; none when it is known.
    ///
    /// The doubts about its single services stay as they are.
    ///
    /// # Errors
    /// A name that can be no DNS label; nothing is changed then.
    pub fn doubt_namespace(
        &mut self,
        namespace: &str,
        doubt: Option<Doubt>,
    ) -> Result<PutOutcome, ServiceNameError> {
        let key = label_key(namespace).ok_or(ServiceNameError::Namespace)?;
        if !self.working.doubts.set_namespace(&key, namespace, doubt) {
            return Ok(PutOutcome::Unchanged);
        }
        self.doubts = Changed::Yes;
        let found = self.working.namespaces.get(&*key);
        let services = found.iter().flat_map(|found| found.services.keys());
        for service in services.cloned().collect::<Vec<_>>() {
            self.show_doubt(&key, &service);
        }
        Ok(PutOutcome::Changed)
    }

    /// Sets why it is not known whether there are other namespaces than the catalogue knows; none when there are not.
    ///
    /// A namespace is known that has a service or a doubt of its own.
    pub fn doubt_others(&mut self, doubt: Option<Doubt>) -> PutOutcome {
        if !self.working.doubts.set_others(doubt) {
            return PutOutcome::Unchanged;
        }
        self.doubts = Changed::Yes;
        PutOutcome::Changed
    }

    /// Goes through what is in doubt in the working copy; in no order.
    pub fn doubts(&self) -> impl Iterator<Item = (Doubted<'_>, Doubt)> {
        self.working.doubts.iter()
    }

    /// Writes into a service what doubt there is about it.
    fn show_doubt(&mut self, namespace: &str, service: &str) {
        let doubt = self.working.doubts.about_service(namespace, service);
        let held = self.working.namespaces.get(namespace);
        let held = held.and_then(|held| held.services.get(service));
        if held.is_none_or(|held| held.doubt == doubt) {
            return;
        }
        let namespace = self.working.namespaces.get_mut(namespace);
        let services = namespace.map(|found| &mut Arc::make_mut(found).services);
        if let Some(found) = services.and_then(|services| services.get_mut(service)) {
            let found = Arc::make_mut(found);
            found.doubt = doubt;
            self.superseded.push(std::mem::take(&mut found.cell));
        }
    }
}
