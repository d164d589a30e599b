//! The zones of a Nomad cluster: parses names and makes their answers.
//!
//! `grammar` parses the name, `selection` finds the instances that match it, `chosen` filters them by health,
//! `records` makes the records (`bindings` those of HTTPS), `sets` shares those of large services, `aliases` follows
//! CNAMEs, `negative` makes negative answers, `names` lists all names, `pointers` names
//! addresses, `demand` reads services that are not listed.
//! Each answer is made from one view, which notes every look-up, so that a cache knows when it is out of date.

mod address_labels;
mod aliases;
mod bindings;
mod chosen;
mod contents;
mod demand;
mod descriptions;
mod grammar;
mod infrastructure;
mod loops;
mod names;
mod negative;
mod no_answer;
mod place;
mod pointers;
mod prepared;
mod records;
mod selection;
mod sets;
mod zone;

use std::sync::Arc;

use crate::catalog::{Catalog, UnknownReason, View};
use crate::dns::{Answer, AnswerBuilder, ExtendedError, Labels, Name, Owner, Query, Rcode};

pub use contents::{ListFlow, NamespaceAddresses, PlacedAddress, ZoneContents, ZoneRecord};
pub(super) use infrastructure::push_address;
pub use loops::Loops;
pub use names::names;
pub use zone::{ALIAS_CHAIN, HTTPS_TAG, SHARED_OCTETS};
pub use zone::{Descriptions, InnerNameServers, SoaTimers, Zone, ZoneSettings};

use self::aliases::{Chain, ChainEnd};
use self::grammar::{Reading, Target};
use self::no_answer::{NoAnswer, TooCostly};
use self::place::ZoneNode;
use self::prepared::Prepared;
use super::{AnswerError, Effort, SourcedAnswer};

/// Answers for the zones of the cluster.
#[derive(Clone, Debug)]
pub struct NomadZones {
    settings: ZoneSettings,
    catalog: Arc<Catalog>,
    loops: Arc<Loops>,
    prepared: Arc<Prepared>,
}

/// What an answer is made of: one query, a name that is answered for in one zone, and one state of the catalogue.
#[derive(Clone, Copy)]
struct Context<'a> {
    query: &'a Query,
    /// The name asked for, or the last of those that its CNAMEs lead to.
    name: &'a Name,
    zone: &'a Zone,
    settings: &'a ZoneSettings,
    view: &'a View,
    prepared: &'a Prepared,
    effort: Effort,
}

impl NomadZones {
    /// Makes it for the zones of `settings`.
    pub(super) fn new(settings: ZoneSettings, catalog: Arc<Catalog>) -> Self {
        Self {
            prepared: Arc::new(Prepared::new(settings.shared_octets)),
            settings,
            catalog,
            loops: Arc::default(),
        }
    }

    /// Has it count them there.
    pub(super) fn counting_loops(self, loops: Arc<Loops>) -> Self {
        Self { loops, ..self }
    }

    /// The aliases that answers leave out since they lead back to themselves.
    pub(super) fn loops(&self) -> &Arc<Loops> {
        &self.loops
    }

    /// Whether a zone is below a name.
    pub(super) fn is_above_a_zone(&self, name: &Name) -> bool {
        self.settings.has_zone_within(name)
    }

    /// Answers a query; none when its name is in none of the zones.
    pub(super) fn answer(
        &self,
        query: &Query,
        effort: Effort,
    ) -> Option<Result<SourcedAnswer, AnswerError>> {
        self.settings.zone_of(&query.name)?;
        match self.catalog.view() {
            Some(view) => self.answer_from(query, view, effort),
            None => Some(Err(AnswerError::NotReady)),
        }
    }

    /// Answers a query from one state of the catalogue; none when its name is in none of the zones.
    pub(super) fn answer_from(
        &self,
        query: &Query,
        view: View,
        effort: Effort,
    ) -> Option<Result<SourcedAnswer, AnswerError>> {
        let context = self.context(query, &query.name, &view, effort)?;
        Some(match context.answer(&self.loops) {
            Ok(answer) => Ok(SourcedAnswer::from_view(answer, view)),
            Err(NoAnswer::Unknown(reason)) => Err(reason.into()),
            Err(NoAnswer::OutOfTurn) => Err(AnswerError::TooCostly),
        })
    }

    /// What an answer about a name is made of; none when it is in none of the zones.
    fn context<'a>(
        &'a self,
        query: &'a Query,
        name: &'a Name,
        view: &'a View,
        effort: Effort,
    ) -> Option<Context<'a>> {
        let settings = &self.settings;
        let zone = settings.zone_for(name, query.record_type)?;
        Some(Context {
            query,
            name,
            zone,
            settings,
            view,
            prepared: &self.prepared,
            effort,
        })
    }
}

impl Context<'_> {
    /// Says what the name means.
    ///
    /// # Errors
    /// It is unknown what that is, and a denial could be wrong; or it costs more than may be done now.
    fn answer(&self, loops: &Loops) -> Result<Answer, NoAnswer> {
        let mut builder = AnswerBuilder::new(&self.query.name);
        let labels = self.name.labels();
        let place = self.place(&labels)?;
        match place.answering_alias(self) {
            Some(first) => {
                let chain = Chain::follow(self, first, loops)?;
                self.push_along(&chain, &place, &mut builder)?;
            }
            None => self.push_at(&place, &mut builder)?,
        }
        Ok(builder.finish())
    }

    /// Appends CNAMEs, and what is at the name that they lead to; its denial is the answer's (RFC 6604 §3).
    fn push_along(
        &self,
        chain: &Chain,
        first: &ZoneNode<'_>,
        builder: &mut AnswerBuilder,
    ) -> Result<(), NoAnswer> {
        mark(builder, first.unknown().max(chain.unknown));
        let mut owner = *self.name;
        for target in &chain.targets {
            let context = Context {
                name: &owner,
                ..*self
            };
            records::push_cname(&context, builder, target);
            if records::is_alias_itself(self.query.record_type) {
                return Ok(());
            }
            owner = *target;
        }
        if chain.end == ChainEnd::Elsewhere {
            return Ok(());
        }
        if chain.targets.is_empty() {
            return self.push_at(first, builder);
        }
        let Some(zone) = self.settings.zone_for(&owner, self.query.record_type) else {
            return Ok(());
        };
        let last = Context {
            name: &owner,
            zone,
            ..*self
        };
        let labels = owner.labels();
        last.push_at(&last.place(&labels)?, builder)
    }

    /// Appends what is at the name, as if it had no alias, or denies it.
    fn push_at(&self, place: &ZoneNode<'_>, builder: &mut AnswerBuilder) -> Result<(), NoAnswer> {
        let (before, unknown) = (builder.answer_count(), place.unknown());
        match &place.reading.found {
            Target::Apex => infrastructure::push_apex(self, builder),
            Target::NameServer => infrastructure::push_name_server(self, builder),
            Target::Instances {
                service,
                selection,
                taken,
            } => match unknown {
                // There may be others, which would be chosen.
                Some(reason) if place.chosen.is_empty() => return Err(reason.into()),
                _ => sets::push_instances(self, builder, service, selection, taken, &place.chosen)?,
            },
            Target::Address(address) => records::push_one_address(self, builder, *address),
            Target::Empty => {}
            Target::Nothing => match unknown.max(place.reading.unknown_below) {
                Some(reason) => return Err(reason.into()),
                None => builder.set_rcode(Rcode::NXDOMAIN),
            },
            Target::Unknown(reason) => return Err((*reason).into()),
            Target::TooCostly => return Err(NoAnswer::OutOfTurn),
        }
        mark(builder, unknown);
        if builder.answer_count() == before {
            negative::push_denial(self, builder);
        }
        Ok(())
    }

    /// Reads the name in its own zone, then in those around it.
    ///
    /// `web.service.nomad` is the namespace `web` of the zone `service.nomad`; it is also the service
    /// `web` of the namespace `service` in the zone `nomad`, and that is what has instances.
    ///
    /// An unknown service is not passed over: it may be what comes first. A namespace that nobody tells of
    /// is, but what is found after it is told as what may be old.
    fn read<'labels>(&'labels self, labels: &'labels Labels<'labels>) -> Reading<'labels> {
        let depth = self.zone.labels_below(self.name);
        let mut best = grammar::read(self.view, labels, depth, self.effort);
        for zone in self.settings.zones_around(self.zone) {
            if best.is_positive() || best.is_unknown() {
                return best;
            }
            let depth = zone.labels_below(self.name);
            let outer = grammar::read(self.view, labels, depth, self.effort);
            best = match (&outer.found, &best.found) {
                // There are names below it by that grammar, so it is not to be denied (RFC 8020).
                (
                    Target::Instances { .. }
                    | Target::Address(_)
                    | Target::Unknown(_)
                    | Target::TooCostly,
                    _,
                )
                | (Target::Empty, Target::Nothing) => best.then(outer),
                _ => Reading {
                    found: Target::Nothing,
                    ..outer
                }
                .then(best),
            };
        }
        if matches!(best.found, Target::Nothing) && self.settings.has_zone_within(self.name) {
            best.found = Target::Empty;
        }
        best
    }

    /// Whose the records of the name are.
    fn owner(&self) -> Owner<'_> {
        if *self.name == self.query.name {
            Owner::Question
        } else {
            Owner::Name(self.name)
        }
    }
}

/// Has an answer say that it may be old, where the state is unknown.
fn mark(builder: &mut AnswerBuilder, unknown: Option<UnknownReason>) {
    if unknown.is_some() {
        builder.set_extended_error(ExtendedError::LAST_KNOWN);
    }
}
