//! The open connections: how many there are, whose they are, which one is closed when there are too many, and what
//! their clients have not received. Listeners that share one registry share its limits.

mod activity;
mod open;
mod write_budget;

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

pub use self::activity::ConnectionActivity;
use self::open::{Holder, OpenConnections};
use self::write_budget::SharedWriteBudget;
pub use self::write_budget::WriteBudget;
pub(super) use self::write_budget::{WriteBudgetExceeded, WriteCharge};
use super::clients::client_network;
use super::limits::ConnectionLimits;

/// From how many of a hundred places on a new connection has an idle one make room.
const CROWDED_PERCENT: usize = 90;

/// How long a new connection waits for one that is to leave.
const LEAVING_AT_MOST: Duration = Duration::from_millis(500);

/// Counts the connections that are open; a clone counts the same.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Registry>);

#[derive(Debug, Default)]
struct Registry {
    open: Mutex<OpenConnections>,
    untaken: Arc<AtomicUsize>,
    left: Notify,
}

/// The place of one open connection, given back when it is dropped.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    connections: Connections,
    number: u64,
    holder: Holder,
    activity: Arc<ConnectionActivity>,
}

/// What a connection is to the others: whether it is idle, and what its client has not taken.
#[derive(Clone, Debug, Default)]
pub struct ConnectionHandle {
    /// Whether it is idle.
    pub activity: Arc<ConnectionActivity>,
    /// What is not taken.
    pub write_budget: Arc<WriteBudget>,
}

impl Connections {
    /// How many are open.
    pub fn open(&self) -> usize {
        self.with(|open| open.total())
    }

    /// How many octets of answers clients have not taken, as far as they are more than a few for a connection.
    pub fn untaken_octets(&self) -> usize {
        self.0.untaken.load(Ordering::Relaxed)
    }

    /// Takes a place that belongs to no client yet; none when all of `most` are taken and none is idle.
    ///
    /// When few are left, the connection of the client with most of them that is idle longest is asked to leave; when none
    /// is idle, one whose client takes its answers slowly.
    /// Its place is free at once.
    pub(super) fn enter(&self, most: usize) -> Option<ConnectionPermit> {
        let crowded = most.saturating_mul(CROWDED_PERCENT).div_ceil(100);
        let activity = Arc::new(ConnectionActivity::new());
        let entered = self.with(|open| {
            let leaving = (open.total() >= crowded)
                .then(|| open.take_idle(most))
                .flatten();
            let number = (open.total() < most).then(|| open.insert(&activity));
            (leaving, number)
        });
        if let Some(leaving) = entered.0 {
            leaving.leave();
        }
        entered.1.map(|number| ConnectionPermit {
            connections: self.clone(),
            number,
            holder: Holder::Nobody(number),
            activity,
        })
    }

    /// Takes a place as `enter` does, and waits a moment for those that were asked to leave and are there still.
    pub(super) async fn enter_soon(&self, most: usize) -> Option<ConnectionPermit> {
        let entering = async {
            loop {
                let left = self.0.left.notified();
                let place = self.enter(most);
                if place.is_some() || !self.with(|open| open.is_leaving()) {
                    return place;
                }
                left.await;
            }
        };
        timeout(LEAVING_AT_MOST, entering).await.unwrap_or(None)
    }

    fn with<T>(&self, change: impl FnOnce(&mut OpenConnections) -> T) -> T {
        change(&mut self.0.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ConnectionPermit {
    /// Says whose it is; false when the client has `most` already, or it is another's.
    pub(super) fn belongs_to(&mut self, client: IpAddr, most: usize) -> bool {
        let holder = Holder::Client(client_network(client));
        let (connections, number) = (self.connections.clone(), self.number);
        let entered = connections.with(|open| {
            let is_free = matches!(self.holder, Holder::Nobody(_));
            is_free && open.count(holder) < most && open.hand_over(number, self.holder, holder)
        });
        if entered {
            self.holder = holder;
        }
        entered
    }

    /// What the connection is to the others; of `most` octets that are untaken on it, its next answers wait.
    pub(super) fn connection_handle(
        &self,
        limits: &ConnectionLimits,
        most: usize,
    ) -> ConnectionHandle {
        let all = SharedWriteBudget {
            octets: Arc::clone(&self.connections.0.untaken),
            most: limits.untaken_octets,
        };
        let client = self.connections.with(|open| open.untaken(self.holder));
        let client = client.map(|octets| SharedWriteBudget {
            octets,
            most: limits.untaken_octets_per_client,
        });
        let activity = Arc::clone(&self.activity);
        ConnectionHandle {
            write_budget: Arc::new(WriteBudget::new(
                Arc::clone(&activity),
                most,
                limits,
                client,
                all,
            )),
            activity,
        }
    }

    /// Whether the connection is idle, and how it hears that it is to make room.
    pub(super) fn activity(&self) -> Arc<ConnectionActivity> {
        Arc::clone(&self.activity)
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let (number, holder) = (self.number, self.holder);
        self.connections.with(|open| open.remove(number, holder));
        self.connections.0.left.notify_waiters();
    }
}

#[cfg(test)]
mod proofs;
