//! Selects who answers: `resolver.arpa` if configured, the zone of the name, local names, or nobody.
//!
//! The longest zone wins (RFC 1034 §4.3.2). Names outside the zones are refused or denied. Transfers that are
//! not offered are refused.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use tower::Service;

use super::designated::{self, DesignatedResolver};
use super::local::LocalNames;
use super::nomad::{Loops, NomadZones};
use super::{AnswerError, Attempt, Effort, SourcedAnswer, ZoneSettings};
use crate::catalog::Catalog;
use crate::dns::{AnswerBuilder, ExtendedError, Name, Query, Rcode, RecordType};
use crate::fair_queue::ClientAddress;

/// Answers queries from the catalogue.
#[derive(Clone, Debug)]
pub struct Router {
    nomad: Arc<NomadZones>,
    local: Arc<LocalNames>,
    designated: Option<Arc<DesignatedResolver>>,
    outside: OutsideZones,
}

/// What is said of names in none of the zones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutsideZones {
    /// REFUSED: somebody else is to be asked.
    #[default]
    Refused,
    /// NXDOMAIN, without authority: for clients that have nobody else to ask.
    Nxdomain,
}

impl Router {
    /// Makes a router for the zones of `settings`.
    pub fn new(settings: ZoneSettings, catalog: Arc<Catalog>) -> Self {
        Self {
            nomad: Arc::new(NomadZones::new(settings, catalog)),
            local: Arc::default(),
            designated: None,
            outside: OutsideZones::default(),
        }
    }

    /// Has it count aliases that lead back to themselves where another router has counted them.
    #[must_use]
    pub fn counting_loops(self, loops: Arc<Loops>) -> Self {
        let nomad = Arc::unwrap_or_clone(self.nomad).counting_loops(loops);
        Self {
            nomad: Arc::new(nomad),
            ..self
        }
    }

    /// Has it tell where it is reached encrypted; not when none.
    #[must_use]
    pub fn designating(self, resolver: Option<DesignatedResolver>) -> Self {
        Self {
            designated: resolver.map(Arc::new),
            ..self
        }
    }

    /// Has it answer these names too.
    #[must_use]
    pub fn with_local_names(self, local: Arc<LocalNames>) -> Self {
        Self { local, ..self }
    }

    /// Has it say this of names in none of the zones.
    #[must_use]
    pub fn outside(self, outside: OutsideZones) -> Self {
        Self { outside, ..self }
    }

    /// The aliases that answers leave out since they lead back to themselves.
    pub fn alias_loops(&self) -> &Arc<Loops> {
        self.nomad.loops()
    }

    /// Whether a query is answered here and by nobody else: in a zone of ours, of `resolver.arpa` (RFC 9462 §6), for an
    /// address of ours or a local name, or for a transfer.
    pub fn is_own(&self, query: &Query) -> bool {
        let is_transfer = matches!(query.record_type, RecordType::AXFR | RecordType::IXFR);
        is_transfer
            || self.nomad.has(&query.name)
            || designated::is_within(&query.name)
            || self.nomad.has_pointer(query)
            || self.local.has(query)
    }

    /// Whether a query is answered here from something other than the cluster's zones: for a local name, or an address of
    /// ours.
    pub fn has_local(&self, query: &Query) -> bool {
        !self.nomad.has(&query.name) && (self.local.has(query) || self.nomad.has_pointer(query))
    }

    fn answer(&self, query: &Query, effort: Effort) -> Result<SourcedAnswer, AnswerError> {
        if let Some(answer) = self.answer_itself(query) {
            return Ok(answer);
        }
        let answer = self.nomad.answer(query, effort);
        answer.unwrap_or_else(|| self.answer_other(query))
    }

    async fn have_answer(self, attempt: Attempt) -> Result<SourcedAnswer, AnswerError> {
        let Attempt {
            query,
            client,
            effort,
        } = attempt;
        if let Some(answer) = self.answer_itself(&query) {
            return Ok(answer);
        }
        let view = self.nomad.have_read(&query, client, effort).await?;
        let answer = self.nomad.answer_from(&query, view, effort);
        answer.unwrap_or_else(|| self.answer_other(&query))
    }

    /// Answers what needs no catalogue.
    fn answer_itself(&self, query: &Query) -> Option<SourcedAnswer> {
        // RFC 5936 §2.2.1: none is offered; those that are do not come here.
        if matches!(query.record_type, RecordType::AXFR | RecordType::IXFR) {
            return Some(fail(Rcode::REFUSED, ExtendedError::NOT_SUPPORTED));
        }
        let designated = self.designated.as_ref()?;
        designated.answer(query).map(SourcedAnswer::once)
    }

    /// Answers for a name in none of the zones.
    fn answer_other(&self, query: &Query) -> Result<SourcedAnswer, AnswerError> {
        if let Some(answer) = self.local.answer_host(query) {
            return Ok(answer);
        }
        if let Some(answer) = self.nomad.answer_pointer(query) {
            return answer;
        }
        let is_denied = |name: &Name| !self.is_above_ours(name);
        let special = self.local.answer_special(query, is_denied);
        Ok(special.unwrap_or_else(|| self.answer_outside(query)))
    }

    /// Whether a name of ours is below a name, which so exists (RFC 8020 §2).
    fn is_above_ours(&self, name: &Name) -> bool {
        self.nomad.is_above_a_zone(name)
            || self.nomad.has_pointers_near(name)
            || self.local.has_host_within(name)
    }

    fn answer_outside(&self, query: &Query) -> SourcedAnswer {
        let rcode = match self.outside {
            // RFC 8020 §2: what is above a name of ours is not denied, or that would be.
            OutsideZones::Nxdomain if !self.is_above_ours(&query.name) => Rcode::NXDOMAIN,
            OutsideZones::Nxdomain | OutsideZones::Refused => Rcode::REFUSED,
        };
        fail(rcode, ExtendedError::NOT_AUTHORITATIVE)
    }
}

fn fail(rcode: Rcode, error: ExtendedError) -> SourcedAnswer {
    SourcedAnswer::once(AnswerBuilder::error(rcode, Some(error)))
}

impl Service<Attempt> for Router {
    type Response = SourcedAnswer;
    type Error = AnswerError;
    /// Ready at once but where the catalogue is filled on demand.
    type Future = Either<
        Ready<Result<SourcedAnswer, AnswerError>>,
        Pin<Box<dyn Future<Output = Result<SourcedAnswer, AnswerError>> + Send>>,
    >;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), AnswerError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        if !self.nomad.is_asked_for(&attempt.query) {
            return Either::Left(ready(self.answer(&attempt.query, attempt.effort)));
        }
        Either::Right(Box::pin(self.clone().have_answer(attempt)))
    }
}

/// Answers a query of our own, whatever it costs.
impl Service<Query> for Router {
    type Response = SourcedAnswer;
    type Error = AnswerError;
    type Future = <Self as Service<Attempt>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), AnswerError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, query: Query) -> Self::Future {
        self.call(Attempt {
            client: ClientAddress::proven(query.client),
            query,
            effort: Effort::Whole,
        })
    }
}
