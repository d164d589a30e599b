//! The tower layers over `Query -> Answer`.
//!
//! Floor 3. A layer looks at the query and at what is below it, never at who is above.

use std::convert::Infallible;

use tower::Service;

use crate::dns::{Answer, Query};

/// The whole stack, as a listener sees it: it always has an answer.
///
/// It may be called without asking whether it is ready: it always is, and sheds what is too much. Its
/// future is ready at the first poll for all that needs no waiting.
pub trait Stack:
    Service<Query, Response = Answer, Error = Infallible, Future: Send + Unpin + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Stack for S where
    S: Service<Query, Response = Answer, Error = Infallible, Future: Send + Unpin + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}
