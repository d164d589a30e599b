//! An answer with its sources, from which a cache knows whether it is still valid.
//!
//! Floor 2. Answers that do not depend on the catalogue are not cached, because making them is as fast as finding
//! them.

use crate::catalog::{Sources, View};
use crate::dns::Answer;

/// An answer, and what it was made from.
#[derive(Clone, Debug)]
pub struct SourcedAnswer {
    answer: Answer,
    sources: Sources,
}

impl SourcedAnswer {
    /// Of an answer that was made from all that was looked up in `view`, and from nothing else.
    pub(super) fn from_view(answer: Answer, view: View) -> Self {
        Self {
            answer,
            sources: view.into_sources(),
        }
    }

    /// Of an answer to one query, which is not kept.
    pub(crate) fn once(answer: Answer) -> Self {
        Self {
            answer,
            sources: Sources::once(),
        }
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
