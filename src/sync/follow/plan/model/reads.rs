//! What the plan makes of single reads: those that fail, that are older than what is known, and that were asked for.
//!
//! Floor 2, in tests only.

use tokio::time::Duration;

use super::{Apply, Model, Order, ReadFailure, ServiceKey};
use crate::nomad::Consistency;
use crate::sync::settings::Times;

#[test]
fn a_service_that_an_event_names_and_the_token_may_not_read_is_forgotten() {
    let mut model = Model::new();
    model.rest();
    model.change((2, 2), 1, true);
    model.turn();
    let order = model.reading.pop().unwrap();
    model.plan.failed(&order, ReadFailure::Denied, model.now);
    assert_eq!(model.plan.services.count(None), 2);
}

#[test]
fn a_read_that_failed_is_repeated_after_a_pause_that_doubles() {
    let (mut model, retry) = (Model::new(), Times::default().retry);
    model.rest();
    model.change((0, 0), 2, true);
    model.turn();
    for pause in [retry, 2 * retry, 4 * retry] {
        let order = model.reading.pop().unwrap();
        model.plan.failed(&order, ReadFailure::Outage, model.now);
        model.now += pause - Duration::from_millis(1);
        model.turn();
        assert!(model.reading.is_empty(), "before {pause:?}");
        model.now += Duration::from_millis(1);
        model.turn();
        assert_eq!(model.reading.len(), 1, "after {pause:?}");
    }
}

#[test]
fn only_a_lower_index_from_the_leader_has_all_lists_read_again() {
    let mut model = Model::new();
    model.rest();
    model.change((0, 0), 2, true);
    model.turn();
    let order = model.reading.pop().unwrap();
    let lower = model.index - 5;
    for (consistency, asks) in [(Consistency::Stale, false), (Consistency::Default, true)] {
        let order = Order {
            consistency,
            key: order.key.clone(),
            ..order
        };
        assert_eq!(model.plan.read(&order, lower, 1, model.now), Apply::No);
        assert_eq!(model.plan.take_leader_is_lower(), asks);
    }
}

#[test]
fn where_lists_are_followed_what_is_read_on_demand_is_never_older_than_what_is_known() {
    let mut model = Model::new();
    model.rest();
    let before = model.plan.counts();
    let key = ServiceKey {
        namespace: "1".into(),
        name: "1".into(),
    };
    let index = model.index;
    assert_eq!(model.plan.demanded(&key, index - 1, 7), Apply::No);
    assert_eq!(model.plan.counts(), before);
    assert_eq!(model.plan.demanded_index(&key), index);
    assert_eq!(model.plan.demanded(&key, index, 7), Apply::Yes);
    assert_eq!(model.plan.counts(), (before.0, before.1 + 5));
}

#[test]
fn a_resync_takes_a_quarter_of_the_time_at_most() {
    let mut model = Model::new();
    model.rest();
    let (index, began, took) = (model.index, model.now, Duration::from_secs(10));
    model.plan.frame(0, index + 1, &[], 1, began);
    assert!(model.plan.next_read(began).is_some());
    assert!(model.plan.next_read(began + took).is_some());
    model.plan.frame(0, index + 2, &[], 1, began + took);
    assert_eq!(model.plan.resync_due(), Some(began + 4 * took));
}

#[test]
fn a_service_with_many_events_is_read_once_in_a_debounce() {
    let mut model = Model::new();
    model.rest();
    model.change((0, 0), 2, true);
    model.turn();
    let order = model.reading.pop().unwrap();
    model.read(&order, 0);
    model.change((0, 0), 1, true);
    model.turn();
    assert!(model.reading.is_empty());
    model.now += Times::default().debounce;
    model.turn();
    assert_eq!(model.reading.len(), 1);
}
