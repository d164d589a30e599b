//! What reads that fail or are silent mean for a service, and for the first publication.
//!
//! Floor 2, in tests only.

use tokio::time::Duration;

use super::{Apply, ListTiming, Model, Order, ReadFailure, numbers};
use crate::catalog::UnknownReason;
use crate::nomad::Consistency;
use crate::sync::follow::plan::Trigger;
use crate::sync::settings::Times;

const MILLI: Duration = Duration::from_millis(1);

impl Model {
    /// Changes a service, and returns the read of it that begins.
    fn order(&mut self, service: (usize, usize), instances: usize) -> Order {
        self.now += Times::default().debounce;
        self.change(service, instances, true);
        self.turn();
        let order = self.reading.pop().unwrap();
        assert_eq!((numbers(&order.key), self.reading.len()), (service, 0));
        order
    }

    fn unknown_of(&mut self, order: &Order) -> Option<UnknownReason> {
        let services = &mut self.plan.services;
        let service = services.find(&order.key.namespace, &order.key.name);
        service.unwrap().unknown
    }
}

#[test]
fn what_is_known_becomes_unknown_when_reads_have_failed_for_long_in_a_row() {
    for failure in [ReadFailure::Outage, ReadFailure::Behind, ReadFailure::Other] {
        let mut model = Model::new();
        model.rest();
        let (order, long) = (model.order((0, 0), 2), Times::default().unknown_after);
        let unreadable = Some(UnknownReason::Unreadable);
        let began = model.now;
        for (after, unknown) in [(Duration::ZERO, None), (long - MILLI, None)] {
            model.plan.failed(&order, failure, began + after);
            assert_eq!(model.unknown_of(&order), unknown, "{after:?}");
        }
        model.plan.failed(&order, failure, began + long);
        assert_eq!(model.unknown_of(&order), unreadable);
        let (index, now) = (model.index, began + long);
        assert_eq!(model.plan.read(&order, index, 2, now), Apply::Yes);
        assert_eq!(model.unknown_of(&order), None);
        // A new row of failures begins.
        model.plan.failed(&order, failure, now + MILLI);
        model.plan.failed(&order, failure, now + long);
        assert_eq!(model.unknown_of(&order), None);
    }
}

#[test]
fn what_was_never_read_is_unknown_and_why_is_what_its_last_read_says() {
    let mut model = Model::new();
    model.turn();
    let order = model.reading.pop().unwrap();
    assert_eq!(model.unknown_of(&order), Some(UnknownReason::Unread));
    for (failure, reason) in [
        (ReadFailure::Behind, UnknownReason::Unreadable),
        (ReadFailure::Denied, UnknownReason::Refused),
        (ReadFailure::Outage, UnknownReason::Unreadable),
    ] {
        model.plan.failed(&order, failure, model.now);
        assert_eq!(model.unknown_of(&order), Some(reason), "{failure:?}");
    }
}

#[test]
fn the_first_publication_waits_for_a_service_until_it_is_read_or_refused_or_failed_twice() {
    use ReadFailure::{Behind, Denied, Other, Outage};
    for (failures, waits) in [
        (&[][..], true),
        (&[Outage], true),
        (&[Behind], true),
        (&[Outage, Behind], false),
        (&[Denied], false),
        (&[Other], false),
    ] {
        let mut model = Model::new();
        model.turn();
        let order = model.reading.pop().unwrap();
        assert_eq!(model.plan.open(), 2);
        for &failure in failures {
            model.plan.failed(&order, failure, model.now);
        }
        assert_eq!(model.plan.open(), 1 + usize::from(waits), "{failures:?}");
        let other = model.reading.pop().unwrap();
        model.read(&other, 0);
        assert_eq!(model.plan.is_complete(), !waits, "{failures:?}");
    }
}

#[test]
fn a_silent_first_read_is_waited_for_no_longer_than_its_patience_where_others_are_answered() {
    let (mut model, patience) = (Model::new(), Times::default().first_read_patience);
    model.turn();
    let due = model.now + patience;
    assert_eq!(model.plan.tick_due(), None, "nobody answers");
    model.plan.tick(due);
    assert_eq!(model.plan.open(), 2);
    let order = model.reading.pop().unwrap();
    model.read(&order, 0);
    assert_eq!(model.plan.tick_due(), Some(due));
    model.plan.tick(due - MILLI);
    assert_eq!((model.plan.open(), model.plan.is_complete()), (1, false));
    model.plan.tick(due);
    assert_eq!((model.plan.open(), model.plan.is_complete()), (0, true));
    assert_eq!(model.plan.tick_due(), None);
}

#[test]
fn what_is_refused_is_tried_again_where_a_list_has_it_and_else_once_a_list_has_it() {
    let (mut model, retry) = (Model::new(), Times::default().retry);
    model.rest();
    let order = model.order((0, 0), 2);
    model.plan.failed(&order, ReadFailure::Denied, model.now);
    model.now += retry;
    model.turn();
    assert_eq!(model.reading.len(), 1);
    model.plan.namespace_is_refused("0");
    model.plan.failed(&order, ReadFailure::Denied, model.now);
    model.reading.clear();
    model.now += 2 * Times::default().retry_max;
    model.turn();
    assert!(model.reading.is_empty());
    assert!(model.plan.is_present("0", "0"), "it is kept");
    model.list(0, ListTiming::Before);
    model.turn();
    assert_eq!(model.reading.len(), 1);
}

#[test]
fn an_answer_that_comes_too_old_is_asked_for_again_soon_and_ever_more_slowly() {
    let (mut model, times) = (Model::new(), Times::default());
    model.rest();
    let mut order = model.order((0, 0), 2);
    let (first, behind) = (times.reread, ReadFailure::Behind);
    for (at, tries) in [1, 2, 4, 8, 16, 32, 64, 128].into_iter().enumerate() {
        // An answer that is older than what is demanded, or a server that says itself that it is behind.
        if at % 2 == 0 && order.consistency == Consistency::Stale {
            let index = model.index - 1;
            assert_eq!(model.plan.read(&order, index, 1, model.now), Apply::Yes);
        } else {
            model.plan.failed(&order, behind, model.now);
        }
        let pause = (first * tries).min(times.reread_max);
        assert_eq!(model.plan.read_due(), Some(model.now + pause));
        model.now += pause;
        model.turn();
        order = model.reading.pop().unwrap();
        assert_eq!(order.trigger, Trigger::Event, "an event asked for it");
    }
}

#[test]
fn what_was_asked_before_the_index_went_back_counts_no_longer_and_is_asked_anew() {
    let mut model = Model::new();
    model.rest();
    let order = model.order((0, 0), 1);
    let before = model.index;
    model.restore(5);
    assert_eq!(model.plan.read(&order, before, 7, model.now), Apply::No);
    assert_eq!(model.plan.highest_index(), model.index);
    model.turn();
    let anew = |it: &&Order| it.key == order.key && it.trigger == Trigger::Event;
    assert_eq!(model.reading.iter().filter(anew).count(), 1);
    model.rest();
    assert_eq!(model.held.get(&(0, 0)), Some(&2));
}

#[test]
fn an_answer_has_to_be_as_new_as_what_is_known() {
    let mut model = Model::new();
    model.turn();
    let listed = model.index;
    assert!(model.reading.iter().all(|it| it.min_index == listed));
    model.rest();
    // One that no list has: as new as the list that has it not, then as what was read, then as when it was forgotten.
    let mut least = listed;
    for instances in [1, 2, 0, 1] {
        let order = model.order((2, 2), instances);
        assert_eq!(order.min_index, least);
        model.read(&order, 0);
        least = model.index;
    }
    // An index that went back counts for what nobody knows, too.
    model.restore(1);
    let unknown = super::ServiceKey {
        namespace: "1".into(),
        name: "9".into(),
    };
    assert_eq!(model.plan.demanded_index(&unknown), model.index);
}
