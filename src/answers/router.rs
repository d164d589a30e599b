//! Picks who answers: `resolver.arpa` if that is told, the zone that the name is in, or nobody.
//!
//! The longest zone wins (RFC 1034 §4.3.2). What is in no zone is refused, and so is the transfer of one.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use tower::Service;

use super::designated::DesignatedResolver;
use super::nomad::NomadZones;
use super::{AnswerError, Reply, ZoneSettings};
use crate::catalog::Catalog;
use crate::dns::{AnswerBuilder, ExtendedError, Query, Rcode, RecordType};

/// Answers queries from the catalogue.
#[derive(Clone, Debug)]
pub struct Router {
    nomad: Arc<NomadZones>,
    designated: Option<Arc<DesignatedResolver>>,
}

impl Router {
    /// Makes a router for the zones of `settings`.
    pub fn new(settings: ZoneSettings, catalog: Arc<Catalog>) -> Self {
        Self {
            nomad: Arc::new(NomadZones::new(settings, catalog)),
            designated: None,
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

    fn answer(&self, query: &Query) -> Result<Reply, AnswerError> {
        // RFC 5936 §2.2.1: no transfer is offered.
        if matches!(query.record_type, RecordType::AXFR | RecordType::IXFR) {
            return Ok(refuse(ExtendedError::NOT_SUPPORTED));
        }
        let designated = self.designated.as_ref();
        if let Some(answer) = designated.and_then(|designated| designated.answer(query)) {
            return Ok(Reply::once(answer));
        }
        let outside = || Ok(refuse(ExtendedError::NOT_AUTHORITATIVE));
        self.nomad.answer(query).unwrap_or_else(outside)
    }
}

fn refuse(error: ExtendedError) -> Reply {
    Reply::once(AnswerBuilder::error(Rcode::REFUSED, Some(error)))
}

impl Service<Query> for Router {
    type Response = Reply;
    type Error = AnswerError;
    /// Ready at once but where the catalogue is filled on demand.
    type Future = Either<
        Ready<Result<Reply, AnswerError>>,
        Pin<Box<dyn Future<Output = Result<Reply, AnswerError>> + Send>>,
    >;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), AnswerError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, query: Query) -> Self::Future {
        if !self.nomad.is_asked_for(&query) {
            return Either::Left(ready(self.answer(&query)));
        }
        let router = self.clone();
        Either::Right(Box::pin(async move {
            router.nomad.have_read(&query).await?;
            router.answer(&query)
        }))
    }
}
