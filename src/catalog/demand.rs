//! How a query requests a service that no list contains, if Nomad is read on demand.
//!
//! Floor 1. `answers` requests and waits; `sync` reads, and replies once the catalogue has the service; neither knows
//! the other. The queue between them is bounded, and a request that does not fit is refused at once.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::UnknownReason;
use super::labels::keys;
use crate::fair_queue::ClientAddress;

/// Queries whose wish has not reached what follows Nomad.
const ASKS_QUEUED: usize = 1024;

/// Whether the catalogue has all that there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coverage {
    /// What is not in it does not exist.
    #[default]
    Complete,
    /// It has what was asked for, so each query has to ask.
    OnDemand,
}

/// Why it is not known whether a service exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// Nomad did not say.
    #[error("the service could not be read: {}", .0.label())]
    Unknown(UnknownReason),
    /// Too many ask for too much.
    #[error("too many services are asked for at once")]
    Overloaded,
}

/// A wish to have one service read, by its names in small letters.
#[derive(Debug)]
pub struct ReadRequest {
    /// The namespace.
    pub namespace: Box<str>,
    /// The service.
    pub service: Box<str>,
    /// Who asks.
    pub client: ClientAddress,
    /// Is told once the catalogue has it, or that it does not.
    pub done: oneshot::Sender<Result<(), NotRead>>,
}

/// The way from queries to what follows Nomad.
#[derive(Debug)]
pub(super) struct DemandChannel {
    sender: mpsc::Sender<ReadRequest>,
    receiver: Mutex<Option<mpsc::Receiver<ReadRequest>>>,
}

impl Default for DemandChannel {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(ASKS_QUEUED);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
        }
    }
}

impl DemandChannel {
    /// Has a service read, and waits for it; names that no service can have are not read.
    pub(super) async fn ask(
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
        let ask = ReadRequest {
            namespace,
            service,
            client,
            done,
        };
        self.sender.try_send(ask).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotRead::Overloaded,
            mpsc::error::TrySendError::Closed(_) => NotRead::Unknown(UnknownReason::Unreadable),
        })?;
        reply
            .await
            .unwrap_or(Err(NotRead::Unknown(UnknownReason::Unreadable)))
    }

    /// Hands out the end where the wishes arrive, once.
    pub(super) fn asks(&self) -> mpsc::Receiver<ReadRequest> {
        let mut held = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        // Who comes second gets a way on which nothing arrives.
        held.take().unwrap_or_else(|| mpsc::channel(1).1)
    }
}
