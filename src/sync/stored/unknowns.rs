//! What a snapshot file says of what was unknown: what is not known is not denied after a restart either.
//!
//! Floor 2, no I/O.

use serde::{Deserialize, Serialize};

use crate::catalog::{UnknownReason, UnknownScope, Writer};

/// Why something was unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredUnknown {
    scope: StoredScope,
    #[serde(with = "UnknownReasonForm")]
    reason: UnknownReason,
}

/// What was unknown, as Nomad spells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum StoredScope {
    Service { namespace: String, service: String },
    Namespace(String),
    Others,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "UnknownReason")]
enum UnknownReasonForm {
    Unread,
    Unreadable,
    Refused,
}

impl StoredUnknown {
    pub(super) fn new((scope, reason): (UnknownScope<'_>, UnknownReason)) -> Self {
        let scope = match scope {
            UnknownScope::Service { namespace, service } => StoredScope::Service {
                namespace: namespace.to_owned(),
                service: service.to_owned(),
            },
            UnknownScope::Namespace(namespace) => StoredScope::Namespace(namespace.to_owned()),
            UnknownScope::Others => StoredScope::Others,
        };
        Self { scope, reason }
    }

    /// Marks it in the catalogue.
    pub(super) fn mark(&self, writer: &mut Writer) {
        let reason = Some(self.reason);
        // What has no DNS name is not asked for.
        let _ = match &self.scope {
            StoredScope::Service { namespace, service } => {
                writer.mark_unknown(namespace, service, reason)
            }
            StoredScope::Namespace(namespace) => writer.mark_namespace_unknown(namespace, reason),
            StoredScope::Others => Ok(writer.mark_others_unknown(reason)),
        };
    }
}
