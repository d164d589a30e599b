//! What is at one name: how it reads, and the instances that its health leaves.
//!
//! Floor 2. Both the answer for a name and the way along CNAMEs begin with it.

use super::grammar::{Found, Reading};
use super::{Context, records};
use crate::catalog::{Doubt, HealthPolicy, Instance};
use crate::dns::{Labels, Name};

/// What is at a name.
pub(super) struct Place<'a> {
    pub(super) reading: Reading<'a>,
    /// The instances that are answered; none where it is something else.
    pub(super) instances: Vec<&'a Instance>,
}

impl Context<'_> {
    /// Looks up what is at the name; a service there is asked for.
    pub(super) fn place<'labels>(
        &'labels self,
        labels: &'labels Labels<'labels>,
    ) -> Place<'labels> {
        let reading = self.read(labels);
        let mut instances = Vec::new();
        if let Found::Instances { service, selection } = &reading.found {
            let policy = self.settings.health;
            if policy != HealthPolicy::Off {
                self.view.ask_for(service);
            }
            instances.extend(service.instances().filter(|it| selection.takes(it)));
            policy.choose(&mut instances);
        }
        Place { reading, instances }
    }
}

impl Place<'_> {
    /// The name that this one is an alias of.
    pub(super) fn alias(&self) -> Option<Name> {
        match &self.reading.found {
            Found::Instances { selection, .. } => records::host_of(selection, &self.instances),
            _ => None,
        }
    }

    /// The same, where what is asked for is answered by it.
    pub(super) fn answering_alias(&self, context: &Context<'_>) -> Option<Name> {
        let Found::Instances { service, selection } = &self.reading.found else {
            return None;
        };
        let is_asked = |_: &Name| records::are_answered_by_alias(context, service, selection);
        self.alias().filter(is_asked)
    }

    /// Why something else may be here.
    pub(super) fn doubt(&self) -> Option<Doubt> {
        let about = match self.reading.found {
            Found::Instances { service, .. } => service.doubt,
            Found::InDoubt(doubt) => Some(doubt),
            _ => None,
        };
        self.reading.doubt.max(about)
    }
}
