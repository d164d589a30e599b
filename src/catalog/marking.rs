//! How the writer marks services and namespaces as unknown, and how that reaches answers.
//!
//! Floor 1. A mark changes no instance and no serial. It supersedes answers that depend on the set of names, because
//! they may not deny any more, and the services that it is about, because their answers must be marked.

use std::sync::Arc;

use super::labels::{ServiceNameError, keys, label_key};
use super::writer::Changed;
use super::{PutOutcome, UnknownReason, UnknownScope, Writer};

impl Writer {
    /// Sets why it is not known what is registered as a service, named as Nomad spells it; none when it is known.
    ///
    /// Its instances stay, and are answered as the last that is known. Without instances its name exists all the same.
    ///
    /// # Errors
    /// A name that can be no DNS label; nothing is changed then.
    pub fn mark_unknown(
        &mut self,
        namespace: &str,
        service: &str,
        reason: Option<UnknownReason>,
    ) -> Result<PutOutcome, ServiceNameError> {
        let (namespace_key, service_key) = keys(namespace, service)?;
        let unknowns = &mut self.working.unknowns;
        let named = (namespace, service);
        if !unknowns.set_service((&namespace_key, &service_key), named, reason) {
            return Ok(PutOutcome::Unchanged);
        }
        self.unknowns = Changed::Yes;
        self.mark_service(&namespace_key, &service_key);
        Ok(PutOutcome::Changed)
    }

    /// Sets why it is not known what all services of a namespace are; none when it is known.
    ///
    /// The marks of its single services stay as they are.
    ///
    /// # Errors
    /// A name that can be no DNS label; nothing is changed then.
    pub fn mark_namespace_unknown(
        &mut self,
        namespace: &str,
        reason: Option<UnknownReason>,
    ) -> Result<PutOutcome, ServiceNameError> {
        let key = label_key(namespace).ok_or(ServiceNameError::Namespace)?;
        if !self.working.unknowns.set_namespace(&key, namespace, reason) {
            return Ok(PutOutcome::Unchanged);
        }
        self.unknowns = Changed::Yes;
        let found = self.working.namespaces.get(&*key);
        let services = found.iter().flat_map(|found| found.services.keys());
        for service in services.cloned().collect::<Vec<_>>() {
            self.mark_service(&key, &service);
        }
        Ok(PutOutcome::Changed)
    }

    /// Sets why it is not known whether there are other namespaces than the catalogue knows; none when there are not.
    ///
    /// A namespace is known that has a service, or is marked itself.
    pub fn mark_others_unknown(&mut self, reason: Option<UnknownReason>) -> PutOutcome {
        if !self.working.unknowns.set_others(reason) {
            return PutOutcome::Unchanged;
        }
        self.unknowns = Changed::Yes;
        PutOutcome::Changed
    }

    /// Goes through what is unknown in the working copy; in no order.
    pub fn unknowns(&self) -> impl Iterator<Item = (UnknownScope<'_>, UnknownReason)> {
        self.working.unknowns.iter()
    }

    /// Writes into a service why it is unknown, or that it is not.
    fn mark_service(&mut self, namespace: &str, service: &str) {
        let unknown = self.working.unknowns.service(namespace, service);
        let held = self.working.namespaces.get(namespace);
        let held = held.and_then(|held| held.services.get(service));
        if held.is_none_or(|held| held.unknown == unknown) {
            return;
        }
        let namespace = self.working.namespaces.get_mut(namespace);
        let services = namespace.map(|found| &mut Arc::make_mut(found).services);
        if let Some(found) = services.and_then(|services| services.get_mut(service)) {
            let found = Arc::make_mut(found);
            found.unknown = unknown;
            self.superseded.push(std::mem::take(&mut found.cell));
        }
    }
}
