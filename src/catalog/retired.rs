//! The addresses that no longer have instances, and since when. They are forgotten after a while.
//!
//! Floor 1. Only the writer uses it. Each address is in it once, however often it came and went.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// Addresses without an instance.
#[derive(Debug, Default)]
pub(super) struct Retired {
    since: HashMap<IpAddr, Instant>,
    by_age: BTreeSet<(Instant, IpAddr)>,
}

impl Retired {
    /// Adds an address whose last instance went.
    pub(super) fn add(&mut self, address: IpAddr, now: Instant) {
        self.remove(address);
        self.since.insert(address, now);
        self.by_age.insert((now, address));
    }

    /// Takes an address out which has an instance again.
    pub(super) fn remove(&mut self, address: IpAddr) {
        if let Some(since) = self.since.remove(&address) {
            self.by_age.remove(&(since, address));
        }
    }

    /// Takes out the one that had no instance for longest, if that is at least `grace`.
    pub(super) fn pop(&mut self, grace: Duration) -> Option<IpAddr> {
        let (since, address) = *self.by_age.first()?;
        if since.elapsed() < grace {
            return None;
        }
        self.remove(address);
        Some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn an_address_that_comes_and_goes_is_held_once_and_from_its_last_going_on() {
        let address: IpAddr = "10.0.0.1".parse().unwrap();
        let mut retired = Retired::default();
        for _ in 0..1000 {
            retired.add(address, Instant::now());
            tokio::time::advance(Duration::from_secs(1)).await;
            retired.remove(address);
            retired.add(address, Instant::now());
        }
        assert_eq!((retired.since.len(), retired.by_age.len()), (1, 1));
        tokio::time::advance(GRACE - Duration::from_secs(1)).await;
        assert_eq!(retired.pop(GRACE), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(retired.pop(GRACE), Some(address));
        assert_eq!(retired.pop(GRACE), None);
        assert_eq!((retired.since.len(), retired.by_age.len()), (0, 0));
    }
}
