//! The requests of one HTTP/2 connection, answered in the task of the connection.
//!
//! hyper wants to spawn a task for each. Then the first that is ready has the connection written, and the
//! next again: a TLS record and a system call each. Here all that came together is written together.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use hyper::rt::Executor;

/// Where hyper puts a request that has come.
#[derive(Clone, Default)]
pub(super) struct Arrivals(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

/// The requests under way; the limit on a connection's streams is also theirs.
pub(super) struct Streams {
    arrivals: Arrivals,
    open: FuturesUnordered<BoxFuture<'static, ()>>,
}

impl Streams {
    pub(super) fn new(arrivals: Arrivals) -> Self {
        Self {
            arrivals,
            open: FuturesUnordered::new(),
        }
    }

    /// Polls the connection that has these arrivals, and its requests, until nothing goes on.
    pub(super) fn poll_with<Connection: Future>(
        &mut self,
        mut connection: Pin<&mut Connection>,
        context: &mut Context<'_>,
    ) -> Poll<Connection::Output> {
        loop {
            let ended = connection.as_mut().poll(context);
            if ended.is_ready() {
                return ended;
            }
            self.open.extend(self.arrivals.take());
            let mut finished = false;
            while let Poll::Ready(Some(())) = self.open.poll_next_unpin(context) {
                finished = true;
            }
            if !finished {
                return Poll::Pending;
            }
        }
    }
}

impl Arrivals {
    fn take(&self) -> Vec<BoxFuture<'static, ()>> {
        // What is in it is whole, whoever panicked.
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<Request> Executor<Request> for Arrivals
where
    Request: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, request: Request) {
        let mut arrived = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        arrived.push(Box::pin(request));
    }
}
