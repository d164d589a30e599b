//! A query that waits for an upstream.
//!
//! Floor 2.

use super::flights::WaitingQuery;
use super::outcome::{ForwardError, ForwardedAnswer};

/// A query that waits for an upstream.
#[derive(Debug)]
pub struct ForwardWait(WaitingQuery);

impl ForwardWait {
    /// Waits for the answer.
    ///
    /// # Errors
    /// There is none.
    pub async fn answer(mut self) -> Result<ForwardedAnswer, ForwardError> {
        match self.0.result().await {
            // What is asked for again comes from the cache, and workers keep that: names that are asked for once, such as
            // random ones, cost them nothing.
            Some(Ok(answer)) => Ok(ForwardedAnswer::once(answer)),
            Some(Err(error)) => Err(error),
            None => Err(ForwardError::TimedOut),
        }
    }
}

impl From<WaitingQuery> for ForwardWait {
    fn from(waiting: WaitingQuery) -> Self {
        Self(waiting)
    }
}
