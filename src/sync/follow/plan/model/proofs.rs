//! Property tests: once the model is quiet, the plan holds the true state, whatever happened before.

use proptest::prelude::*;
use tokio::time::Duration;

use super::steps::{Step, step};
use super::{Consistency, LEADERS, ListProvenance, ListTiming, Model, Order, numbers};
use crate::sync::follow::plan::{Trigger, Verdict};
use crate::sync::settings::Times;

pub(super) fn is_true(steps: Vec<Step>, silence: Duration) -> Result<(), TestCaseError> {
    let mut model = Model::new();
    for step in steps {
        model.step(step);
    }
    model.rest();
    model.now += silence;
    model.rest();
    prop_assert_eq!(&model.held, model.truth());
    prop_assert!(model.plan.is_complete());
    let instances = model.held.values().sum();
    prop_assert_eq!(model.plan.counts(), (model.held.len(), instances));
    model.check_quiet();
    Ok(())
}

/// Runs for each of proptest's cases, which `PROPTEST_CASES` raises, as CI does.
const RUNS_OF_A_CASE: u32 = 4;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: RUNS_OF_A_CASE * ProptestConfig::default().cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn after_quiet_what_is_held_is_the_truth(steps in prop::collection::vec(step(0.0), 1..120)) {
        is_true(steps, Duration::ZERO)?;
    }

    // A silent change between two lists hides behind one that has a frame, until the routine resync.
    #[test]
    fn silent_changes_are_found_by_the_routine_resync(steps in prop::collection::vec(step(0.2), 1..120)) {
        is_true(steps, Times::default().resync_every)?;
    }
}

#[test]
fn a_silent_change_is_found_when_no_frame_comes_for_the_index_of_the_list() {
    let mut model = Model::new();
    model.rest();
    model.change((1, 1), 1, false);
    model.step(Step::List { lag: 0 });
    assert!(model.reading.is_empty());
    model.step(Step::Advance { millis: 1001 });
    assert!(
        model
            .reading
            .iter()
            .any(|order| numbers(&order.key) == (1, 1))
    );
}

#[test]
fn a_changed_service_is_read_at_once_and_once_for_a_burst_of_events() {
    let mut model = Model::new();
    model.rest();
    let before = model.now;
    model.change((0, 0), 2, true);
    model.change((0, 0), 1, true);
    model.turn();
    assert_eq!((model.reading.len(), model.now), (1, before));
    let order = model.reading.pop().unwrap();
    model.read(&order, 0);
    model.turn();
    assert!(model.reading.is_empty());
}

#[test]
fn a_read_that_is_older_than_its_hint_is_repeated() {
    let mut model = Model::new();
    model.rest();
    model.change((0, 0), 2, true);
    model.turn();
    let order = model.reading.pop().unwrap();
    model.read(&order, 1);
    model.now += Times::default().reread;
    model.turn();
    assert_eq!(model.reading.len(), 1);
}

#[test]
fn an_empty_list_with_index_0_takes_nothing_away() {
    let mut model = Model::new();
    model.rest();
    assert_eq!(
        model.plan.listed(0, 0, &[], LEADERS, model.now),
        Verdict::Denied
    );
    assert_eq!(model.plan.counts(), (2, 3));
}

#[test]
fn only_a_new_frame_counts_as_what_an_event_tells() {
    let mut model = Model::new();
    model.rest();
    model.change((1, 1), 1, true);
    model.turn();
    let order = model.reading.pop().unwrap();
    assert_eq!(order.trigger, Trigger::Event);
    model.read(&order, 0);
    // The list forgets the service, and then its old frame comes again.
    let index = model.index;
    model.plan.list_asked(0);
    model.plan.listed(0, index, &[], LEADERS, model.now);
    model.plan.namespace_is_empty("1", index);
    model.frame(index, (1, 1));
    model.now += Duration::from_secs(1);
    model.turn();
    assert!(
        model.reading.is_empty(),
        "what it announced is known already"
    );
}

#[test]
fn what_was_demanded_is_never_lowered_and_in_the_end_the_leader_is_asked() {
    let mut model = Model::new();
    model.rest();
    model.change((0, 0), 2, true);
    model.turn();
    let mut stale = 0;
    let order = loop {
        let order = model.reading.pop().unwrap();
        if order.consistency == Consistency::Default {
            break order;
        }
        stale += 1;
        // However long the followers lag, they are not believed.
        model.read(&order, 1);
        model.now += Times::default().retry_max;
        model.turn();
    };
    assert_eq!(stale, 3, "stale reads");
    model.read(&order, 1);
    assert_eq!(model.held.get(&(0, 0)), Some(&2));
}

#[test]
fn an_index_that_no_frame_tells_is_owed_a_resync_wherever_it_is_seen() {
    let mut model = Model::new();
    model.rest();
    // A silent change right behind one that has a frame: the read for that frame shows its index.
    model.change((0, 0), 2, true);
    model.turn();
    model.change((1, 1), 1, false);
    let order = model.reading.pop().unwrap();
    model.read(&order, 0);
    assert!(model.reading.is_empty());
    model.now += Times::default()
        .resync_gap
        .max(Times::default().event_grace);
    model.turn();
    let reads = |order: &Order| numbers(&order.key) == (1, 1);
    assert!(model.reading.iter().any(reads));
}

#[test]
fn an_index_that_a_frame_announced_costs_no_resync() {
    let mut model = Model::new();
    model.rest();
    model.change((0, 0), 2, true);
    model.turn();
    let order = model.reading.pop().unwrap();
    model.read(&order, 0);
    model.list(0, ListTiming::Before);
    model.now += Times::default().resync_gap + Times::default().event_grace;
    model.turn();
    assert!(model.reading.is_empty());
}

#[test]
fn what_a_frame_could_not_tell_is_read_at_its_index_once_and_before_any_list_shows_it() {
    let mut model = Model::new();
    model.rest();
    model.change((1, 1), 1, false);
    let cannot_tell = |model: &mut Model| {
        model.plan.frame(0, model.index, &[], 1, model.now);
        model.now += Times::default().resync_gap;
        model.turn();
    };
    cannot_tell(&mut model);
    assert_eq!(model.reading.len(), 2);
    while let Some(order) = model.reading.pop() {
        model.read(&order, 0);
    }
    assert_eq!(model.held.get(&(1, 1)), Some(&1));
    cannot_tell(&mut model);
    assert!(model.reading.is_empty(), "all was read at that index");
}

#[test]
fn one_lower_answer_of_the_leader_proves_nothing_and_two_do() {
    let mut model = Model::new();
    model.rest();
    let (lower, now) = (model.index - 5, model.now);
    let stale = ListProvenance {
        consistency: Consistency::Stale,
        ..LEADERS
    };
    model.plan.list_asked(0);
    let mut listed = |heard| model.plan.listed(0, lower, &[], heard, now);
    // However often a follower says so.
    for heard in [stale, stale, stale, stale, LEADERS] {
        assert_eq!(listed(heard), Verdict::Lower);
    }
    let Verdict::Taken(taken) = listed(LEADERS) else {
        panic!("the leader is not believed")
    };
    assert!(taken.went_back);
    assert_eq!(model.plan.highest_index(), lower);
}

#[test]
fn a_namespace_is_listed_by_its_own_list_and_by_that_of_all_where_that_shows_it() {
    let mut model = Model::new();
    model.rest();
    assert!(model.plan.is_listed("0"));
    assert!(!model.plan.is_listed("2"));
    model.plan.follow(&["2".into()]);
    assert!(model.plan.is_listed("2"));
    model.plan.unfollow(0);
    assert!(!model.plan.is_listed("2"));
}

#[test]
fn a_stream_is_opened_again_for_a_namespace_that_came_later_where_there_is_one() {
    let mut model = Model::new();
    model.rest();
    assert!(!model.plan.must_resubscribe(0));
    model.change((2, 2), 1, true);
    assert!(model.plan.must_resubscribe(0));
    model.cut_stream();
    assert!(!model.plan.must_resubscribe(0));
}

#[test]
fn an_index_that_is_newer_than_every_frame_may_wait_for_its_own() {
    let mut model = Model::new();
    model.rest();
    model.change((0, 0), 2, true);
    model.turn();
    let order = model.reading.pop().unwrap();
    model.read(&order, 0);
    model.change((1, 1), 1, false);
    model.list(0, ListTiming::Before);
    model.turn();
    assert!(model.reading.is_empty());
    model.now += Times::default().event_grace;
    model.turn();
    assert_eq!(model.reading.len(), 2);
}

#[test]
fn services_of_a_namespace_that_is_listed_again_are_not_unknown() {
    let mut model = Model::new();
    model.rest();
    model.plan.namespace_is_refused("0");
    model.change((1, 1), 1, true);
    model.list(0, ListTiming::Before);
    assert_eq!(model.plan.services.find("0", "0").unwrap().unknown, None);
}
