//! What the token can read, as the log and the status report it.
//!
//! Floor 2, no I/O.

use super::Follow;
use crate::sync::rights::{Access, Events};

impl Follow {
    /// Notes what the token may see, and logs it when it is something else than before.
    pub(super) fn set_access(&mut self, access: Access) {
        if self.access == access {
            return;
        }
        // It is logged once it is known whether there are events.
        if access.knows_events() && access != self.access_logged {
            // Whoever starts the gateway tells the first one, with the rest about Nomad.
            match self.access_logged {
                Access::Unknown => tracing::debug!(tier = access.label(), "{access}"),
                _ => tracing::info!(tier = access.label(), "{access}"),
            }
            self.access_logged.clone_from(&access);
        }
        self.status.set_access(&access);
        self.access = access;
    }

    pub(super) fn set_events(&mut self, events: Events) {
        let access = match &self.access {
            Access::All(_) => Access::All(events),
            Access::Namespaces(names, _) => Access::Namespaces(names.clone(), events),
            Access::Unknown | Access::Reads | Access::None => return,
        };
        self.set_access(access);
    }

    /// Notes which namespaces are listed one by one.
    pub(super) fn tell_lists(&mut self) {
        if let Access::Namespaces(_, events) = &self.access {
            let events = *events;
            let names = self.lists().map(|name| name.to_string());
            let mut names: Vec<String> = names.collect();
            names.sort();
            self.set_access(Access::Namespaces(names, events));
        }
    }
}
