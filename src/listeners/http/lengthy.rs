//! Does the work of long responses on threads of its own, so that it holds up no connection.

use std::sync::Arc;
use std::thread::available_parallelism;

use axum::response::{IntoResponse as _, Response};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::problem::Problem;
use super::responding::Lengthy;

/// Does a few pieces of work at once, in the order in which they come.
#[derive(Clone, Debug)]
pub(super) struct Workshop(Arc<Semaphore>);

/// The work panicked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panicked;

impl Workshop {
    /// One that leaves half of the cores to others.
    pub(super) fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((cores / 2).max(1))))
    }

    /// Does it.
    ///
    /// # Errors
    /// It panicked.
    pub(super) async fn make(&self, work: Lengthy) -> Result<Response, Panicked> {
        let Ok(permit) = Arc::clone(&self.0).acquire_owned().await else {
            return Ok(Problem::overloaded().into_response());
        };
        let made = spawn_blocking(move || {
            let made = work();
            drop(permit);
            made
        });
        made.await.map_err(|_| Panicked)
    }
}
