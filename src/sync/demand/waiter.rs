//! Who waits until a service has been read.
//!
//! Floor 2, no I/O.

use tokio::sync::oneshot;

use crate::catalog::NotRead;

/// Tells a query that the catalogue has what it asked for, or why not.
pub(in crate::sync) type Waiter = oneshot::Sender<Result<(), NotRead>>;

/// Tells one; who asked may have given up.
pub(super) fn tell(waiter: Waiter, what: Result<(), NotRead>) {
    let _ = waiter.send(what);
}
