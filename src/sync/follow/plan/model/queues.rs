//! In which order services are read, and when one that has changed is.
//!
//! Floor 2, in tests only.

use tokio::time::{Duration, Instant};

use crate::sync::follow::plan::queue::ReadQueue;
use crate::sync::follow::plan::services::Services;

const DEBOUNCE: Duration = Duration::from_millis(10);

/// A queue, and services by their names in one namespace.
struct QueuedReads {
    queue: ReadQueue,
    services: Services,
    begin: Instant,
}

impl QueuedReads {
    fn new() -> Self {
        Self {
            queue: ReadQueue::default(),
            services: Services::default(),
            begin: Instant::now(),
        }
    }

    /// Says that a read of a service was over, so many milliseconds after the beginning.
    fn tried(&mut self, name: &str, millis: u64) {
        let at = self.begin + Duration::from_millis(millis);
        self.services.ensure("default", name).tried_at = Some(at);
    }

    /// Says that a service has changed.
    fn changed(&mut self, name: &str, millis: u64) {
        let now = self.begin + Duration::from_millis(millis);
        let service = self.services.ensure("default", name);
        self.queue.changed(service, DEBOUNCE, now);
    }

    /// Puts a service aside.
    fn later(&mut self, name: &str, millis: u64) {
        let at = self.begin + Duration::from_millis(millis);
        self.queue.later(self.services.ensure("default", name), at);
    }

    fn bulk(&mut self, name: &str) {
        self.queue.bulk(self.services.ensure("default", name));
    }

    /// Takes all that is to be read now.
    fn all(&mut self, millis: u64) -> Vec<String> {
        let now = self.begin + Duration::from_millis(millis);
        let next = || self.queue.pop(&mut self.services, now);
        std::iter::from_fn(next)
            .map(|key| key.name.to_string())
            .collect()
    }
}

#[test]
fn what_changed_is_read_in_that_order_and_before_a_resync() {
    let mut it = QueuedReads::new();
    it.bulk("bulk");
    it.bulk("both");
    it.tried("two", 1);
    it.changed("one", 20);
    it.changed("two", 20);
    it.changed("both", 20);
    it.changed("one", 20);
    assert_eq!(it.all(20), ["one", "two", "both", "bulk"]);
    assert!(it.all(20).is_empty());
    it.changed("one", 20);
    assert!(it.all(20).is_empty(), "it is being read");
}

#[test]
fn what_changed_right_after_a_read_is_read_after_the_debounce_and_once() {
    let mut it = QueuedReads::new();
    it.tried("one", 100);
    it.changed("one", 101);
    it.changed("one", 105);
    assert_eq!(it.queue.due(), Some(it.begin + Duration::from_millis(110)));
    assert!(it.all(109).is_empty());
    it.changed("one", 109);
    it.bulk("one");
    assert_eq!(it.all(110), ["one"]);
    assert!(it.all(1000).is_empty());
    let mut it = QueuedReads::new();
    it.tried("one", 100);
    it.changed("one", 110);
    assert_eq!(it.all(110), ["one"], "the debounce is over");
}

#[test]
fn what_changed_does_not_wait_out_the_pause_after_a_failure() {
    let mut it = QueuedReads::new();
    it.tried("one", 100);
    it.later("one", 500);
    it.changed("one", 101);
    assert!(it.all(109).is_empty(), "the debounce still counts");
    assert_eq!(it.all(110), ["one"]);
    assert!(it.all(500).is_empty());
    let mut it = QueuedReads::new();
    it.tried("one", 100);
    it.later("one", 500);
    it.changed("one", 200);
    it.changed("two", 200);
    assert_eq!(it.all(200), ["one", "two"], "in its turn");
    assert!(it.all(500).is_empty());
}

#[test]
fn what_is_due_anyway_is_not_delayed_by_a_change() {
    for changed_at in [103, 105, 200] {
        let mut it = QueuedReads::new();
        it.tried("one", 100);
        it.later("one", 105);
        it.changed("one", changed_at);
        assert_eq!(it.all(changed_at.max(105)), ["one"], "{changed_at}");
        assert!(it.all(1000).is_empty());
    }
}

#[test]
fn what_is_put_aside_is_put_aside_once_and_a_resync_leaves_it_there() {
    let mut it = QueuedReads::new();
    it.later("one", 50);
    it.later("one", 20);
    it.bulk("one");
    assert!(it.queue.resync_has_all_begun() && it.all(49).is_empty());
    assert_eq!(it.all(50), ["one"]);
    it.bulk("two");
    assert!(!it.queue.resync_has_all_begun());
    it.later("two", 60);
    assert!(it.all(50).is_empty());
    assert!(it.queue.resync_has_all_begun());
    assert_eq!(it.all(60), ["two"]);
}
