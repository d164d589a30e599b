//! The zones of a Nomad cluster: finds what a name means, and says it.
//!
//! `grammar` reads the name, `names` counts all of them out, `records` makes what exists, `negative` makes denials,
//! `demand` has read what is not listed. Each answer keeps the cells of the catalogue that it was made from, so that a
//! cache knows when it no longer holds.

mod address_labels;
mod demand;
mod grammar;
mod infrastructure;
mod names;
mod negative;
mod records;
mod zone;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::catalog::{Catalog, Cell, Coverage, HealthPolicy, Service, Snapshot};
use crate::dns::{Answer, AnswerBuilder, Labels, Lifetime, Query, Rcode};

pub(super) use infrastructure::push_address;
pub use names::names;
pub use zone::{Descriptions, Zone, ZoneSettings};

use self::grammar::{Found, Reading};
use super::AnswerError;

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
    snapshot: &'a Snapshot,
}

impl NomadZones {
    /// Makes it for the zones of `settings`.
    pub(super) fn new(settings: ZoneSettings, catalog: Arc<Catalog>) -> Self {
        Self { settings, catalog }
    }

    /// Answers a query; none when its name is in none of the zones.
    pub(super) fn answer(&self, query: &Query) -> Option<Result<Answer, AnswerError>> {
        let zone = self.settings.zone_for(query)?;
        let guard = self.catalog.snapshot();
        let Some(snapshot) = guard.as_ref().and_then(|guard| guard.as_ref()) else {
            return Some(Err(AnswerError::NotReady));
        };
        let context = Context {
            query,
            zone,
            settings: &self.settings,
            snapshot,
        };
        Some(Ok(context.answer()))
    }
}

impl Context<'_> {
    fn answer(&self) -> Answer {
        let labels = self.query.name.labels();
        let reading = self.read(&labels);
        match &reading.found {
            Found::Apex => infrastructure::apex(self),
            Found::NameServer => infrastructure::name_server(self),
            Found::Instances { service, selection } => {
                let mut lifetime =
                    self.lifetime(Some(&service.cell), reading.precedence_cell(self));
                self.note_asked(service, &mut lifetime);
                records::of_instances(self, service, selection, lifetime)
            }
            Found::Address { address, cell } => {
                let lifetime = self.lifetime(Some(cell), Some(self.snapshot.names()));
                records::of_address(self, *address, lifetime)
            }
            Found::Empty => negative::deny(self, Rcode::NOERROR, self.lifetime(None, None)),
            Found::Nothing { cell } => {
                negative::deny(self, Rcode::NXDOMAIN, self.lifetime(*cell, None))
            }
        }
    }

    /// Reads the name in its own zone, then in those around it.
    ///
    /// `web.service.nomad` is the namespace `web` of the zone `service.nomad`; it is also the service
    /// `web` of the namespace `service` in the zone `nomad`, and that is what has instances.
    fn read<'labels>(&'labels self, labels: &'labels Labels<'labels>) -> Reading<'labels> {
        let depth = self.zone.labels_below(&self.query.name);
        let own = grammar::read(self.snapshot, labels, depth);
        if own.is_positive() {
            return own;
        }
        let mut best = own;
        for zone in self.settings.zones_around(self.zone) {
            let depth = zone.labels_below(&self.query.name);
            let outer = grammar::read(self.snapshot, labels, depth);
            match (&outer.found, &best.found) {
                (Found::Instances { .. }, _) => return outer.after_another(),
                // There are names below it by that grammar, so it is not to be denied (RFC 8020).
                (Found::Empty, Found::Nothing { .. }) => best = outer.after_another(),
                _ => {}
            }
        }
        if matches!(best.found, Found::Nothing { .. })
            && self.settings.has_zone_within(&self.query.name)
        {
            best.found = Found::Empty;
        }
        best
    }

    /// The lifetime of an answer: its cells are those that must not be superseded.
    ///
    /// A denial, which carries the serial, is given the names' cell by `negative`.
    fn lifetime(&self, own: Option<&Cell>, other: Option<&Cell>) -> Lifetime {
        // Whoever reads on demand has to see every query, to know what is asked and what is not.
        if self.snapshot.coverage() == Coverage::OnDemand {
            return Lifetime::Once;
        }
        Lifetime::UntilSuperseded {
            marks: [own.map(Cell::mark), other.map(Cell::mark), None],
            asked: None,
        }
    }

    /// Notes that a service is asked for now, and has the answer note it when it is given out again.
    fn note_asked(&self, service: &Service, lifetime: &mut Lifetime) {
        if self.settings.health == HealthPolicy::Off {
            return;
        }
        let flag = service.asked.flag();
        flag.store(true, Ordering::Relaxed);
        if let Lifetime::UntilSuperseded { asked, .. } = lifetime {
            *asked = Some(flag);
        }
    }

    /// Starts an answer to the query.
    fn builder(&self) -> AnswerBuilder {
        AnswerBuilder::new(&self.query.name)
    }
}
