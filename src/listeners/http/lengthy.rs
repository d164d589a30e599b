//! Does the work of long responses on threads of its own, so that it holds up no connection.

use std::sync::Arc;
use std::thread::available_parallelism;

use axum::response::{IntoResponse as _, Response};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::activity::Queued;
use super::problem::Problem;

/// Work that makes a response and takes longer than others should wait.
pub(super) type Work = Box<dyn FnOnce() -> Response + Send>;

/// Does a few pieces of work at once, in the order in which they come.
#[derive(Clone, Debug)]
pub(super) struct Workshop(Arc<Semaphore>);

impl Workshop {
    /// One that leaves half of the cores to others.
    pub(super) fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((cores / 2).max(1))))
    }

    /// Does the work when it is the turn of its request on its connection.
    pub(super) async fn make(self, work: Work, queued: Option<Queued>) -> Response {
        let _turn = match &queued {
            Some(queued) => Some(queued.turn().await),
            None => None,
        };
        let Ok(permit) = self.0.acquire_owned().await else {
            return Problem::overloaded().into_response();
        };
        let made = spawn_blocking(move || {
            let made = work();
            drop(permit);
            made
        });
        match made.await {
            Ok(response) => response,
            // The connection counts it, and answers 500.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime ends.
            Err(_) => Problem::overloaded().into_response(),
        }
    }
}
