//! The limits on work below the cache: how many queries may wait, for how long, and what happens to others.
//!
//! Floor 3. Cache hits do not come here. The layers are tower's own; here are their settings.

use std::time::Duration;

use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;

use crate::fair_queue::QueueCapacity;

/// Which part of all that may wait may wait for a turn, of one class of clients: the others find room.
const CLASS_SHARE: usize = 4;

/// The bounds of the work behind the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackLimits {
    /// How many queries may wait for an answer at once, over all workers.
    pub waiting: usize,
    /// How long one may wait.
    pub timeout: Duration,
    /// How many answers of many records are made at once.
    pub large_at_once: usize,
    /// How many queries of one client may wait for such an answer to be made.
    pub large_per_client: usize,
}

impl Default for StackLimits {
    fn default() -> Self {
        Self {
            waiting: 4096,
            timeout: Duration::from_secs(2),
            large_at_once: 1,
            large_per_client: 256,
        }
    }
}

impl StackLimits {
    /// How many queries may wait for their turn to have such an answer made.
    pub(super) fn large_room(&self) -> QueueCapacity {
        QueueCapacity {
            per_client: self.large_per_client,
            per_class: (self.waiting / CLASS_SHARE).max(1),
        }
    }

    /// The layers of these bounds, from the outside inwards.
    pub fn layers(self) -> (LoadShedLayer, GlobalConcurrencyLimitLayer, TimeoutLayer) {
        (
            LoadShedLayer::new(),
            GlobalConcurrencyLimitLayer::new(self.waiting),
            TimeoutLayer::new(self.timeout),
        )
    }
}
