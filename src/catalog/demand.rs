//! The channel by which a query has sync read a service, if Nomad is read on demand.
//!
//! Floor 1. `answers` requests and waits, `sync` reads, and replies once the catalogue has the service. They stand on
//! one floor and do not know each other. The channel is here because the catalogue is all that both have, and because a
//! request names a service as the catalogue's keys do. It is bounded: a request that does not fit is refused at once.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::UnknownReason;
use super::labels::keys;
use crate::fair_queue::ClientAddress;

/// Read requests that `sync` has not received yet.
const READ_REQUESTS_QUEUED: usize = 1024;

/// Why it is not known whether a service exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// Nomad could not be asked, or did not answer with it.
    #[error("the service could not be read: {}", .0.label())]
    Unknown(UnknownReason),
    /// Too many ask for too much.
    #[error("too many services are asked for at once")]
    Overloaded,
}

/// A request to read one service, by its keys in the catalogue.
#[derive(Debug)]
pub struct ReadRequest {
    /// The namespace.
    pub namespace: Box<str>,
    /// The service.
    pub service: Box<str>,
    /// The client of the query, for the order of reads.
    pub client: ClientAddress,
    /// Gets the reply once the catalogue has the service, or it is known to be absent.
    pub done: oneshot::Sender<Result<(), NotRead>>,
}

/// The two ends of the channel from queries to `sync`.
#[derive(Debug)]
pub(super) struct DemandChannel {
    sender: mpsc::Sender<ReadRequest>,
    receiver: Mutex<Option<mpsc::Receiver<ReadRequest>>>,
}

impl Default for DemandChannel {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(READ_REQUESTS_QUEUED);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
        }
    }
}

impl DemandChannel {
    /// Has a service read, and waits for it; names that no service can have are not read.
    pub(super) async fn request(
        &self,
        namespace: &[u8],
        service: &[u8],
        client: ClientAddress,
    ) -> Result<(), NotRead> {
        let text = |label| str::from_utf8(label).unwrap_or_default();
        let Ok((namespace, service)) = keys(text(namespace), text(service)) else {
            return Ok(());
        };
        let (done, reply) = oneshot::channel();
        let request = ReadRequest {
            namespace,
            service,
            client,
            done,
        };
        self.sender.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotRead::Overloaded,
            mpsc::error::TrySendError::Closed(_) => NotRead::Unknown(UnknownReason::Unreadable),
        })?;
        reply
            .await
            .unwrap_or(Err(NotRead::Unknown(UnknownReason::Unreadable)))
    }

    /// Hands out the receiving end, once.
    pub(super) fn requests(&self) -> mpsc::Receiver<ReadRequest> {
        let mut held = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        // The second caller gets a channel on which nothing arrives.
        held.take().unwrap_or_else(|| mpsc::channel(1).1)
    }
}
