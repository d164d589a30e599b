//! An answer with its sources, from which a cache knows whether it is still valid.
//!
//! Floor 2. Answers that do not depend on the catalogue are not cached, because making them is as fast as finding
//! them.

use crate::catalog::{Sources, View};
use crate::dns::wire::MessageError;
use crate::dns::{Answer, Query};

/// An answer, and what it was made from.
#[derive(Clone, Debug)]
pub struct SourcedAnswer {
    answer: Answer,
    sources: Sources,
    origin: AnswerOrigin,
}

/// Who has said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerOrigin {
    /// This gateway, of its own zones.
    Own,
    /// An upstream: it depends on more of the query, and is kept apart.
    Upstream,
}

impl SourcedAnswer {
    /// Of an answer that was made from all that was looked up in `view`, and from nothing else.
    pub(super) fn from_view(answer: Answer, view: View) -> Self {
        Self {
            answer,
            sources: view.into_sources(),
            origin: AnswerOrigin::Own,
        }
    }

    /// Of an answer to one query, which is not kept.
    pub(crate) fn once(answer: Answer) -> Self {
        Self {
            answer,
            sources: Sources::once(),
            origin: AnswerOrigin::Own,
        }
    }

    /// Of what an upstream has said, as long as `sources` hold.
    pub(crate) fn forwarded(answer: Answer, sources: Sources) -> Self {
        Self {
            answer,
            sources,
            origin: AnswerOrigin::Upstream,
        }
    }

    /// Of this answer to `query`, whose CNAMEs lead to the name that an upstream has answered `rest_query` for.
    ///
    /// # Errors
    /// One of them cannot be read again.
    pub(crate) fn joined(
        self,
        query: &Query,
        rest: Self,
        rest_query: &Query,
    ) -> Result<Self, MessageError> {
        let answer = self.answer.joined(query, &rest.answer, rest_query)?;
        let sources = self.sources.and(rest.sources);
        Ok(Self::forwarded(answer, sources))
    }

    /// Who has said it.
    pub fn origin(&self) -> AnswerOrigin {
        self.origin
    }

    /// The answer.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// What it was made from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }
}
