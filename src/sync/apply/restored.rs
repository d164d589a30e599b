//! What was unknown in a restored snapshot, until this process knows better.
//!
//! Floor 2. A mark from the disk stays until the cluster has been read; then only what was found unknown again is.

use crate::catalog::{UnknownScope, Writer};

/// The marks that came from the disk, and that nobody has set since.
#[derive(Debug, Default)]
pub(super) struct RestoredUnknowns {
    services: Vec<(Box<str>, Box<str>)>,
    namespaces: Vec<Box<str>>,
    others: bool,
}

impl RestoredUnknowns {
    /// Those of a catalogue that was restored.
    pub(super) fn of(writer: &Writer) -> Self {
        let mut restored = Self::default();
        for (scope, _) in writer.unknowns() {
            match scope {
                UnknownScope::Service { namespace, service } => {
                    restored.services.push((namespace.into(), service.into()));
                }
                UnknownScope::Namespace(namespace) => restored.namespaces.push(namespace.into()),
                UnknownScope::Others => restored.others = true,
            }
        }
        restored
    }

    /// Notes that a mark of a namespace is this process's now.
    pub(super) fn forget_namespace(&mut self, namespace: &str) {
        self.namespaces.retain(|it| **it != *namespace);
    }

    /// Notes that the mark of all other namespaces is this process's now.
    pub(super) fn forget_others(&mut self) {
        self.others = false;
    }

    /// Takes them out of the catalogue.
    pub(super) fn clear(&mut self, writer: &mut Writer) {
        for (namespace, service) in std::mem::take(&mut self.services) {
            let _ = writer.mark_unknown(&namespace, &service, None);
        }
        for namespace in std::mem::take(&mut self.namespaces) {
            let _ = writer.mark_namespace_unknown(&namespace, None);
        }
        if std::mem::take(&mut self.others) {
            writer.mark_others_unknown(None);
        }
    }
}
