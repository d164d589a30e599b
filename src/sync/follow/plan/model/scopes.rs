//! When a list or a stream means that everything is read again, one rule at a time.
//!
//! Floor 2, in tests only.

use tokio::time::{Duration, Instant};

use crate::sync::follow::plan::StreamAgain;
use crate::sync::follow::plan::scope::{Resync, Scope};

const GRACE: Duration = Duration::from_secs(1);
/// The index of the first list.
const FIRST: u64 = 100;

struct HeardScope {
    scope: Scope,
    now: Instant,
}

impl HeardScope {
    /// A list that was heard, without a stream.
    fn new(name: &str) -> Self {
        let (mut scope, now) = (Scope::new(&name.into()), Instant::now());
        assert_eq!(scope.listed(FIRST, false, now, GRACE), Resync::NotNeeded);
        Self { scope, now }
    }

    /// The same with a stream that is proven.
    fn with_stream(name: &str) -> Self {
        let mut followed = Self::new(name);
        followed.scope.stream_up(FIRST);
        assert_eq!(followed.scope.frame(FIRST), Resync::NotNeeded);
        followed
    }

    fn listed(&mut self, index: u64) -> bool {
        self.scope.listed(index, false, self.now, GRACE) == Resync::Needed
    }

    fn observed(&mut self, index: u64) -> bool {
        self.scope.observed(index, self.now, GRACE) == Resync::Needed
    }

    fn frame(&mut self, index: u64) -> bool {
        self.scope.frame(index) == Resync::Needed
    }

    fn tick(&mut self, after: Duration) -> bool {
        self.scope.tick(self.now + after) == Resync::Needed
    }
}

#[test]
fn without_a_stream_every_index_of_the_list_is_a_change() {
    for name in ["*", "one"] {
        let mut it = HeardScope::new(name);
        assert!(!it.scope.has_stream());
        assert!(!it.listed(FIRST));
        assert!(it.listed(FIRST + 1));
        assert!(!it.observed(FIRST + 2), "the list tells it");
        it.scope.stream_up(FIRST);
        assert!(it.scope.has_stream());
        it.scope.stream_down(StreamAgain::Soon);
        assert!(!it.scope.has_stream());
    }
}

#[test]
fn an_index_waits_for_its_frame_as_long_as_the_grace_and_then_all_is_read() {
    for in_list in [true, false] {
        let mut it = HeardScope::with_stream("*");
        let waits = |it: &mut HeardScope, index| match in_list {
            true => it.listed(index),
            false => it.observed(index),
        };
        assert!(!waits(&mut it, FIRST + 1));
        assert_eq!(it.scope.due(), Some(it.now + GRACE));
        assert!(!it.tick(GRACE - Duration::from_nanos(1)));
        assert!(it.tick(GRACE));
        assert!(!it.tick(GRACE), "it waits no longer");
        assert_eq!(it.scope.due(), None);
        // The frame of the index ends it, and one of a later index shows that there is none.
        assert!(!waits(&mut it, FIRST + 2));
        assert!(!it.frame(FIRST + 2));
        assert_eq!(it.scope.due(), None);
        assert!(!waits(&mut it, FIRST + 3));
        assert!(it.frame(FIRST + 4));
        assert_eq!(it.scope.due(), None);
        assert!(!waits(&mut it, FIRST + 4), "it has its frame");
        assert_eq!(it.scope.due(), None);
    }
}

#[test]
fn an_index_whose_frame_should_have_come_before_others_is_a_change_at_once() {
    let mut it = HeardScope::with_stream("*");
    it.frame(FIRST + 9);
    assert!(it.observed(FIRST + 8));
    assert!(it.listed(FIRST + 8));
    assert!(!it.listed(FIRST + 9));
    assert_eq!(it.scope.due(), None);
}

#[test]
fn where_one_namespace_is_listed_an_index_without_a_frame_is_one_of_another() {
    let mut it = HeardScope::with_stream("one");
    assert!(!it.listed(FIRST + 1) && !it.observed(FIRST + 2));
    assert_eq!(it.scope.due(), None);
}

#[test]
fn what_a_resync_has_reached_is_explained_and_nothing_waits_on() {
    let mut it = HeardScope::with_stream("*");
    assert!(!it.observed(FIRST), "the first list was read");
    assert_eq!(it.scope.due(), None);
    it.observed(FIRST + 3);
    assert_eq!(it.scope.resync_begins(), FIRST + 3);
    assert_eq!(it.scope.due(), None);
    assert!(!it.observed(FIRST + 3));
    assert_eq!(it.scope.due(), None, "it was read");
    it.observed(FIRST + 4);
    assert!(it.scope.due().is_some());
}

#[test]
fn no_more_than_64_indexes_wait_for_their_frames() {
    let mut it = HeardScope::with_stream("*");
    for index in 1..=64 {
        assert!(!it.observed(FIRST + index), "{index}");
    }
    assert!(it.observed(FIRST + 65));
}

#[test]
fn an_index_that_is_older_than_the_frames_that_are_remembered_was_looked_at_before() {
    let mut it = HeardScope::with_stream("*");
    // The first is forgotten with the last of them.
    for index in 0..1023 {
        it.frame(FIRST + 10 + index * 2);
    }
    assert!(it.observed(FIRST + 9), "it had no frame");
    it.frame(FIRST + 10 + 1023 * 2);
    assert!(!it.observed(FIRST + 9));
    assert!(it.observed(FIRST + 11), "no frame between two");
}

#[test]
fn a_frame_that_comes_again_takes_no_other_ones_place() {
    let mut it = HeardScope::with_stream("*");
    for _ in 0..2000 {
        it.frame(FIRST + 10);
    }
    assert!(it.observed(FIRST + 9), "it had no frame");
}

#[test]
fn a_stream_that_does_not_come_back_soon_leaves_what_waits_for_it_to_a_resync() {
    for (again, waits, resync) in [
        (StreamAgain::NotSoon, true, Resync::Needed),
        (StreamAgain::NotSoon, false, Resync::NotNeeded),
        (StreamAgain::Soon, true, Resync::NotNeeded),
    ] {
        let mut it = HeardScope::with_stream("*");
        if waits {
            it.observed(FIRST + 1);
        }
        assert_eq!(it.scope.stream_down(again), resync);
        let due = it.scope.due().is_some();
        assert_eq!(due, waits && again == StreamAgain::Soon);
        // Its next index may stand for many changes.
        it.frame(FIRST + 2);
        assert!(it.listed(FIRST + 2));
        it.frame(FIRST + 3);
        assert!(!it.listed(FIRST + 3));
    }
}

#[test]
fn a_list_that_is_followed_again_has_all_read_if_its_index_went_on() {
    let mut it = HeardScope::with_stream("*");
    it.scope.follow_again();
    assert!(!it.listed(FIRST));
    it.frame(FIRST + 1);
    assert!(!it.listed(FIRST + 1), "no list was missed");
    it.scope.follow_again();
    it.frame(FIRST + 2);
    assert!(it.listed(FIRST + 2));
    let mut new = Scope::new(&"*".into());
    new.follow_again();
    let first = new.listed(FIRST, false, it.now, GRACE);
    assert_eq!(first, Resync::NotNeeded, "all in it is read anyway");
}

#[test]
fn a_stream_resumes_behind_what_was_told_without_a_gap() {
    let mut it = HeardScope::new("*");
    assert_eq!(it.scope.resume_index, FIRST);
    assert!(!it.scope.is_new(FIRST) && it.scope.is_new(FIRST + 1));
    it.scope.stream_up(FIRST + 1);
    it.frame(FIRST + 3);
    assert_eq!(it.scope.resume_index, FIRST, "there may be a gap before");
    assert!(!it.scope.is_new(FIRST) && !it.scope.is_new(FIRST + 3));
    assert!(!it.scope.is_new(FIRST + 2) && it.scope.is_new(FIRST + 4));
    // Its first frame is the one that it was asked from.
    it.frame(FIRST + 1);
    assert_eq!(it.scope.resume_index, FIRST + 1);
    it.frame(FIRST + 4);
    assert_eq!(it.scope.resume_index, FIRST + 4);
    it.frame(FIRST + 2);
    assert_eq!(it.scope.resume_index, FIRST + 4, "it never goes back");
    it.scope.stream_down(StreamAgain::Soon);
    it.listed(FIRST + 5);
    assert_eq!(it.scope.resume_index, FIRST + 4);
    it.scope.resync_begins();
    assert_eq!(it.scope.resume_index, FIRST + 5, "all of it is read");
    it.scope.restart();
    let scope = &it.scope;
    assert_eq!((scope.index, scope.resume_index, scope.floor), (0, 0, 0));
    assert!(scope.is_new(1), "no frame of before counts");
}

#[test]
fn a_list_that_was_asked_after_the_stream_came_up_proves_the_stream() {
    let mut it = HeardScope::new("*");
    it.scope.stream_up(FIRST);
    let fresh = it.scope.listed(FIRST, true, it.now, GRACE);
    assert_eq!(fresh, Resync::NotNeeded);
    it.frame(FIRST + 1);
    assert_eq!(it.scope.resume_index, FIRST + 1);
}
