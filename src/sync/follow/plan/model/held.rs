//! What the plan makes of services that the catalogue has and that no list tells: from before, on demand, or refused.
//!
//! Floor 2, in tests only.

use std::sync::Arc;

use super::{Apply, ListTiming, Model, ServiceKey};

fn key(namespace: &str, name: &str) -> ServiceKey {
    ServiceKey {
        namespace: namespace.into(),
        name: name.into(),
    }
}

#[test]
fn what_the_catalogue_has_from_before_is_taken_over_where_a_list_has_it() {
    let mut model = Model::new();
    assert!(model.plan.inherit("0", "0", 4), "it is listed");
    assert_eq!(model.plan.counts(), (1, 4));
    assert!(model.plan.inherit("0", "0", 7), "it is there");
    assert_eq!(model.plan.counts(), (1, 4));
    assert!(!model.plan.inherit("2", "2", 1), "no list has it");
    assert_eq!(model.plan.counts(), (1, 4));
    model.rest();
    model.change((2, 2), 1, true);
    assert!(
        !model.plan.inherit("2", "2", 1),
        "only an event has named it"
    );
}

#[test]
fn what_is_held_without_a_list_is_known_until_it_is_dropped() {
    let mut model = Model::new();
    model.rest();
    let before = (model.plan.counts(), model.plan.services.count(None));
    model.plan.hold("2", "2", 3);
    assert_eq!(model.plan.counts(), (3, 6));
    assert_eq!(model.plan.open(), 0, "nobody waits for it");
    model.plan.hold("2", "2", 5);
    assert_eq!(model.plan.counts(), (3, 6), "it is there");
    model.plan.drop_demanded(&key("2", "2"));
    let after = (model.plan.counts(), model.plan.services.count(None));
    assert_eq!(after, before);
    // What a list has stays known without an instance.
    model.plan.drop_demanded(&key("1", "1"));
    assert_eq!(model.plan.counts(), (1, 1));
    assert_eq!(model.plan.services.count(None), 2);
}

#[test]
fn what_nobody_lists_is_as_the_last_read_on_demand_says() {
    let mut model = Model::new();
    model.rest();
    model.plan.follow(&[]);
    let index = model.index;
    for (index, instances) in [(index + 5, 7), (index + 3, 2)] {
        let applied = model.plan.demanded(&key("1", "1"), index, instances);
        assert_eq!(applied, Apply::Yes);
        assert_eq!(model.plan.demanded_index(&key("1", "1")), index);
        assert_eq!(model.plan.counts(), (2, 1 + instances));
    }
    assert_eq!(model.plan.highest_index(), index + 5);
}

#[test]
fn a_namespace_is_dropped_as_a_whole_and_comes_back_by_a_state_that_is_as_new() {
    let mut model = Model::new();
    model.rest();
    model.plan.hold("1", "9", 1);
    let mut dropped = model.plan.drop_namespace("1");
    dropped.sort();
    assert_eq!(dropped, [key("1", "1"), key("1", "9")]);
    assert_eq!(model.plan.counts(), (1, 1), "another one stays");
    assert_eq!(model.plan.demanded_index(&key("1", "1")), model.index);
    assert!(model.plan.drop_namespace("1").is_empty(), "all is dropped");
}

#[test]
fn an_empty_namespace_keeps_what_was_read_later() {
    let mut model = Model::new();
    model.rest();
    let index = model.index;
    model.change((1, 2), 1, true);
    model.turn();
    let order = model.reading.pop().unwrap();
    model.read(&order, 0);
    assert_eq!(
        model.plan.namespace_is_empty("1", index),
        [key("1", "1")],
        "at the index of its last read it may be gone"
    );
    assert_eq!(model.plan.present().len(), 2);
    assert!(model.plan.is_present("1", "2") && model.plan.is_present("0", "0"));
}

#[test]
fn what_was_listed_before_and_vanished_is_kept_until_its_own_list_says_so() {
    let mut model = Model::new();
    model.rest();
    // The token may list one namespace no longer: the list of all has it not.
    model.plan.namespace_is_refused("1");
    assert!(!model.plan.is_listed("1") && model.plan.is_listed("0"));
    assert_eq!(model.plan.counts(), (2, 3));
    let names: [Arc<str>; 1] = ["0".into()];
    model.plan.follow(&names);
    assert_eq!(model.plan.unfollowed(), ["1".into()]);
}

#[test]
fn a_list_that_is_followed_on_keeps_its_index_and_a_new_one_has_none() {
    let mut model = Model::new();
    model.rest();
    let index = model.index;
    assert!(model.plan.is_complete());
    model.plan.follow_also(&"1".into());
    assert_eq!((model.plan.index(0), model.plan.index(1)), (index, 0));
    assert!(!model.plan.is_complete(), "one has not come");
    model.plan.unfollow(0);
    assert_eq!(model.plan.index(0), 0);
    let names: [Arc<str>; 2] = ["1".into(), "*".into()];
    model.plan.follow(&names);
    assert_eq!((model.plan.index(0), model.plan.index(1)), (0, 0));
    assert!(!Model::new().plan.is_complete(), "nothing is read");
    model.plan.follow(&[]);
    assert!(!model.plan.is_complete(), "nothing is listed");
}

#[test]
fn a_known_service_is_read_again_once_when_health_asks_for_it() {
    let mut model = Model::new();
    model.rest();
    model.plan.read_again(&key("2", "2"));
    assert!(model.plan.is_read());
    model.plan.read_again(&key("0", "0"));
    model.plan.read_again(&key("0", "0"));
    assert!(!model.plan.is_read(), "it waits to be read");
    model.turn();
    assert_eq!(model.reading.len(), 1);
    assert!(model.plan.is_read());
}

#[test]
fn a_list_of_one_namespace_says_nothing_of_the_others() {
    let mut model = Model::new();
    model.rest();
    let names: [Arc<str>; 2] = ["*".into(), "1".into()];
    model.plan.follow(&names);
    model.scopes = vec![None, Some(1)];
    // What has a list of its own is not the other's to take away: both lack one of the services.
    model.change((1, 1), 0, false);
    model.change((1, 2), 1, false);
    model.change((0, 0), 0, false);
    model.change((0, 1), 1, false);
    let listed_by = |model: &mut Model, scope| {
        let (index, table) = model.history.back().unwrap().clone();
        model.plan.list_asked(scope);
        model.take_list(scope, (index, &table), super::LEADERS);
    };
    listed_by(&mut model, 0);
    assert_eq!(model.plan.present(), [key("1", "1")]);
    listed_by(&mut model, 1);
    assert!(model.plan.present().is_empty());
    model.list(0, ListTiming::Before);
    model.turn();
    assert_eq!(model.reading.len(), 2);
}
