//! Opens connections a few at a time, and only as long as a request waits for one.
//!
//! Floor 1, around reqwest's connector. If no connection is free, a client's pool opens one, and uses it or one that
//! becomes free meanwhile, whichever comes first; the other continues in the background. That would make many more
//! connections than requests. Here opening a connection ends when its request no longer waits.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::limit::ConcurrencyLimitLayer;
use tower::{BoxError, Layer, Service};

/// Connections that are being opened at once, to one address.
const OPENING: usize = 2;

tokio::task_local! {
    /// Set while the future of a request is polled, and so not where the pool goes on without one.
    static WANTED: ();
}

/// Runs a request that may open a connection.
pub(super) async fn wanting<F: Future>(request: F) -> F::Output {
    WANTED.scope((), request).await
}

/// Returns the layer that bounds how many are opened at once.
pub(super) fn few_at_once() -> ConcurrencyLimitLayer {
    ConcurrencyLimitLayer::new(OPENING)
}

/// Ends the opening of a connection that no request waits for any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct CancelOnDropLayer;

/// A connector behind [`CancelOnDropLayer`].
#[derive(Clone, Debug)]
pub(super) struct CancelOnDrop<S>(S);

impl<S> Layer<S> for CancelOnDropLayer {
    type Service = CancelOnDrop<S>;

    fn layer(&self, inner: S) -> CancelOnDrop<S> {
        CancelOnDrop(inner)
    }
}

impl<S, Target> Service<Target> for CancelOnDrop<S>
where
    S: Service<Target, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        still_wanted()?;
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: Target) -> Self::Future {
        let opening = self.0.call(target);
        let mut opening = Box::pin(async move {
            // A connection whose answer was just read is given back by a task that is ready to run.
            tokio::task::yield_now().await;
            opening.await
        });
        Box::pin(poll_fn(move |context| {
            still_wanted()?;
            opening.as_mut().poll(context)
        }))
    }
}

fn still_wanted() -> Result<(), BoxError> {
    WANTED
        .try_with(|()| ())
        .map_err(|_| "no request waits for this connection any more".into())
}
