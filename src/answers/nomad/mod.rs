//! The zones of a Nomad cluster: finds what a name means, and says it.
//!
//! `grammar` reads the name, `names` counts all of them out, `records` makes what exists, `negative` makes denials,
//! `demand` has read what is not listed. Each answer is made from one view of the catalogue, which notes what was looked
//! up, so that a cache knows when it no longer holds.

mod address_labels;
mod demand;
mod grammar;
mod infrastructure;
mod names;
mod negative;
mod records;
mod zone;

use std::sync::Arc;

use crate::catalog::{Catalog, Doubt, HealthPolicy, View};
use crate::dns::{Answer, AnswerBuilder, ExtendedError, Labels, Query, Rcode};

pub(super) use infrastructure::push_address;
pub use names::names;
pub use zone::{Descriptions, Zone, ZoneSettings};

use self::grammar::{Found, Reading};
use super::{AnswerError, Reply};

/// Answers for the zones of the cluster.
#[derive(Debug)]
pub struct NomadZones {
    settings: ZoneSettings,
    catalog: Arc<Catalog>,
}

/// What an answer is made of: one query in one zone, at one state of the catalogue.
#[derive(Clone, Copy)]
struct Context<'a> {
    query: &'a Query,
    zone: &'a Zone,
    settings: &'a ZoneSettings,
    view: &'a View,
}

impl NomadZones {
    /// Makes it for the zones of `settings`.
    pub(super) fn new(settings: ZoneSettings, catalog: Arc<Catalog>) -> Self {
        Self { settings, catalog }
    }

    /// Answers a query; none when its name is in none of the zones.
    pub(super) fn answer(&self, query: &Query) -> Option<Result<Reply, AnswerError>> {
        let zone = self.settings.zone_for(query)?;
        let Some(view) = self.catalog.view() else {
            return Some(Err(AnswerError::NotReady));
        };
        let context = Context {
            query,
            zone,
            settings: &self.settings,
            view: &view,
        };
        Some(match context.answer() {
            Ok(answer) => Ok(Reply::from_view(answer, view)),
            Err(doubt) => Err(doubt.into()),
        })
    }
}

impl Context<'_> {
    /// Says what the name means.
    ///
    /// # Errors
    /// The doubt, where it is not known what that is and a denial could be wrong.
    fn answer(&self) -> Result<Answer, Doubt> {
        let labels = self.query.name.labels();
        let reading = self.read(&labels);
        let doubt = reading.doubt;
        match reading.found {
            Found::Apex => Ok(infrastructure::apex(self)),
            Found::NameServer => Ok(infrastructure::name_server(self)),
            Found::Instances { service, selection } => {
                if self.settings.health != HealthPolicy::Off {
                    self.view.ask_for(service);
                }
                records::of_instances(self, service, &selection, doubt.max(service.doubt))
            }
            Found::Address(address) => Ok(records::of_address(self, address, doubt)),
            Found::Empty => Ok(negative::deny(self, Rcode::NOERROR, doubt)),
            Found::Nothing => match doubt.max(reading.doubt_below) {
                Some(doubt) => Err(doubt),
                None => Ok(negative::deny(self, Rcode::NXDOMAIN, None)),
            },
            Found::InDoubt(doubt) => Err(doubt),
        }
    }

    /// Reads the name in its own zone, then in those around it.
    ///
    /// `web.service.nomad` is the namespace `web` of the zone `service.nomad`; it is also the service
    /// `web` of the namespace `service` in the zone `nomad`, and that is what has instances.
    ///
    /// A service that is in doubt is not passed over: it may be what comes first. A namespace that nobody tells of
    /// is, but what is found after it is told as what may be old.
    fn read<'labels>(&'labels self, labels: &'labels Labels<'labels>) -> Reading<'labels> {
        let depth = self.zone.labels_below(&self.query.name);
        let mut best = grammar::read(self.view, labels, depth);
        for zone in self.settings.zones_around(self.zone) {
            if best.is_positive() || matches!(best.found, Found::InDoubt(_)) {
                return best;
            }
            let depth = zone.labels_below(&self.query.name);
            let outer = grammar::read(self.view, labels, depth);
            best = match (&outer.found, &best.found) {
                // There are names below it by that grammar, so it is not to be denied (RFC 8020).
                (Found::Instances { .. } | Found::InDoubt(_), _)
                | (Found::Empty, Found::Nothing) => best.then(outer),
                _ => Reading {
                    found: Found::Nothing,
                    ..outer
                }
                .then(best),
            };
        }
        if matches!(best.found, Found::Nothing) && self.settings.has_zone_within(&self.query.name) {
            best.found = Found::Empty;
        }
        best
    }

    /// Starts an answer to the query, which says so when it may be old.
    fn builder(&self, doubt: Option<Doubt>) -> AnswerBuilder {
        let mut builder = AnswerBuilder::new(&self.query.name);
        if doubt.is_some() {
            builder.set_extended_error(ExtendedError::LAST_KNOWN);
        }
        builder
    }
}
