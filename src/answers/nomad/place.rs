//! What exists at one name: how it is parsed, and the instances that may be returned by their health.
//!
//! Floor 2. The answer for a name and each step along CNAMEs start here.

use super::chosen::SelectedInstances;
use super::grammar::{Reading, Target};
use super::{Context, TooCostly, records};
use crate::catalog::{HealthPolicy, UnknownReason};
use crate::dns::{Labels, Name};

/// What is at a name.
pub(super) struct ZoneNode<'a> {
    pub(super) reading: Reading<'a>,
    /// The instances that are answered; none where it is something else.
    pub(super) chosen: SelectedInstances<'a>,
}

impl Context<'_> {
    /// Looks up what is at the name; a service there is asked for.
    ///
    /// # Errors
    /// It costs more than may be done now.
    pub(super) fn place<'labels>(
        &'labels self,
        labels: &'labels Labels<'labels>,
    ) -> Result<ZoneNode<'labels>, TooCostly> {
        let reading = self.read(labels);
        let chosen = match &reading.found {
            Target::Instances { service, taken, .. } => {
                if self.settings.health != HealthPolicy::Off {
                    self.view.ask_for(service);
                }
                if records::wants_index(self) && !service.is_indexed() {
                    return Err(TooCostly);
                }
                self.choose(service, taken)?
            }
            Target::TooCostly => return Err(TooCostly),
            _ => SelectedInstances::Few(Vec::new()),
        };
        Ok(ZoneNode { reading, chosen })
    }
}

impl ZoneNode<'_> {
    /// The name that this one is an alias of.
    ///
    /// A name of RFC 2782 is none: nothing could stand beside its CNAME, and it is there for SRV (RFC 2181 §10.1).
    pub(super) fn alias(&self) -> Option<Name> {
        match &self.reading.found {
            Target::Instances { selection, .. } if !selection.is_service_name() => {
                self.chosen.host()
            }
            _ => None,
        }
    }

    /// The same, where what is asked for is answered by it.
    pub(super) fn answering_alias(&self, context: &Context<'_>) -> Option<Name> {
        let Target::Instances {
            service, selection, ..
        } = &self.reading.found
        else {
            return None;
        };
        let is_asked = |_: &Name| records::are_answered_by_alias(context, service, selection);
        self.alias().filter(is_asked)
    }

    /// Why something else may be here.
    pub(super) fn unknown(&self) -> Option<UnknownReason> {
        let about = match self.reading.found {
            Target::Instances { service, .. } => service.unknown,
            Target::Unknown(reason) => Some(reason),
            _ => None,
        };
        self.reading.unknown.max(about)
    }
}
