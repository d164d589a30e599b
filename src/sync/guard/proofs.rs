//! Tests of the guard: what it holds back, for how long, and what confirms it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Guard, PendingRemoval, Ruling};
use crate::catalog::{Group, Health, Id, Identity, Instance, InstanceAddress};
use crate::sync::apply::Converted;
use crate::sync::key::{ServiceKey, Trigger};
use crate::sync::oddities::ServiceOddities;

const GRACE: Duration = Duration::from_secs(60);

fn losses(instances: &[usize]) -> Vec<(ServiceKey, PendingRemoval)> {
    let loss = |(at, &instances): (usize, &usize)| {
        let key = ServiceKey {
            namespace: "default".into(),
            name: at.to_string().into(),
        };
        let converted = Converted {
            instances: Vec::new(),
            found: ServiceOddities::default(),
        };
        (
            key,
            PendingRemoval {
                converted,
                instances,
            },
        )
    };
    instances.iter().enumerate().map(loss).collect()
}

fn is_held(grace: Duration, lost: &[usize], total: usize) -> bool {
    let ruling = Guard::new(grace).rule(losses(lost), total, Instant::now());
    matches!(ruling, Ruling::Hold(_))
}

#[test]
fn over_half_of_many_instances_is_held_back_and_nothing_else() {
    assert!(is_held(GRACE, &[6, 5], 20));
    assert!(!is_held(GRACE, &[5, 5], 20), "half");
    assert!(!is_held(GRACE, &[3, 6], 9), "few");
    assert!(!is_held(Duration::ZERO, &[50], 50), "off");
}

#[test]
fn there_is_something_to_rule_on_only_while_a_loss_waits_for_the_end_of_the_read() {
    let mut guard = Guard::new(GRACE);
    assert!(!guard.has_weighed());
    let (key, loss) = losses(&[20]).remove(0);
    guard.weigh(key.clone(), loss);
    assert!(guard.has_weighed());
    let ruling = guard.rule_on_weighed(30, Instant::now());
    assert!(matches!(ruling, Ruling::Hold(20)) && !guard.has_weighed());
    // What comes while something is held back is held back with it.
    let (key, loss) = losses(&[5]).remove(0);
    guard.weigh(key.clone(), loss);
    assert_eq!((guard.held_instances(), guard.has_weighed()), (5, false));
    guard.forget(&key);
    assert!(!guard.has_weighed());
}

#[test]
fn what_is_held_back_is_asked_for_after_the_grace_and_goes_when_it_is_said_again() {
    let (mut guard, now) = (Guard::new(GRACE), Instant::now());
    guard.rule(losses(&[20, 30]), 60, now);
    assert_eq!(
        (guard.held_instances(), guard.due()),
        (50, Some(now + GRACE))
    );
    assert!(!guard.begins_to_ask(now + GRACE / 2));
    assert!(guard.begins_to_ask(now + GRACE));
    let (back, _) = losses(&[20]).remove(0);
    guard.forget(&back);
    assert_eq!(guard.give_up().len(), 1);
    assert_eq!((guard.held_instances(), guard.due()), (0, None));
}

fn of_instances(count: usize) -> Converted {
    let instance = |number: usize| Instance {
        address: InstanceAddress::Unusable,
        port: 0,
        health: Health::Unread,
        identity: Identity::Task(uuid::Uuid::from_u128(number as u128)),
        node: Id::from("n"),
        group: Arc::new(Group::default()),
    };
    Converted {
        instances: (0..count).map(instance).collect(),
        found: ServiceOddities::default(),
    }
}

#[test]
fn a_full_read_that_takes_over_half_of_a_service_waits_for_the_others_and_an_event_does_not() {
    let (key, _) = losses(&[1]).remove(0);
    let goes_on = |guard: &mut Guard, trigger, after| {
        let taken = guard.take(&key, trigger, of_instances(after), 6);
        let taken = taken.map(|converted| converted.instances.len());
        assert_eq!(taken, taken.map(|_| after));
        taken.is_some()
    };
    let mut guard = Guard::new(GRACE);
    assert!(goes_on(&mut guard, Trigger::List, 3), "half");
    assert!(!guard.has_weighed());
    assert!(!goes_on(&mut guard, Trigger::List, 2));
    assert!(guard.has_weighed());
    assert!(goes_on(&mut guard, Trigger::Event, 2));
    assert!(!guard.has_weighed(), "something newer is known");
    assert!(!goes_on(&mut guard, Trigger::List, 2));
    assert!(goes_on(&mut guard, Trigger::List, 6));
    assert!(!guard.has_weighed(), "they are back");
    assert!(goes_on(&mut Guard::new(Duration::ZERO), Trigger::List, 0));
    guard.take(&key, Trigger::List, of_instances(2), 20);
    let ruling = guard.rule_on_weighed(30, Instant::now());
    assert!(matches!(ruling, Ruling::Hold(18)), "what it would lose");
}

#[test]
fn ten_instances_are_many_and_over_half_of_all_has_to_go() {
    assert!(is_held(GRACE, &[10], 10));
    assert!(!is_held(GRACE, &[9], 9));
    assert!(!is_held(GRACE, &[10], 20));
    assert!(is_held(GRACE, &[10], 19));
}

#[test]
fn while_something_is_held_back_every_loss_is_and_the_grace_is_not_prolonged() {
    let (mut guard, now) = (Guard::new(GRACE), Instant::now());
    guard.rule(losses(&[20]), 20, now);
    let more = losses(&[0, 1]).split_off(1);
    let ruling = guard.rule(more, 100, now + GRACE / 2);
    assert!(matches!(ruling, Ruling::Hold(21)));
    assert_eq!(guard.due(), Some(now + GRACE));
    assert!(guard.begins_to_ask(now + GRACE));
    assert!(!guard.begins_to_ask(now + 2 * GRACE), "once");
    assert_eq!(guard.due(), None);
    let more = losses(&[0, 0, 1]).split_off(2);
    let ruling = guard.rule(more, 100, now + GRACE);
    assert!(matches!(ruling, Ruling::Hold(22)), "while Nomad is asked");
    let mut held: Vec<_> = guard.held().map(|key| key.name.to_string()).collect();
    held.sort();
    assert_eq!(held, ["0", "1", "2"]);
    // What comes back one by one opens the guard with the last of them.
    let (key, loss) = losses(&[3]).remove(0);
    guard.weigh(key, loss);
    assert_eq!(guard.held_instances(), 5, "the newest word of a service");
    for (key, _) in losses(&[1, 1, 1]) {
        guard.forget(&key);
    }
    assert!(matches!(guard.rule(losses(&[1]), 9, now), Ruling::Take(_)));
}

#[test]
fn what_is_held_back_is_confirmed_once_every_list_that_is_followed_has_answered() {
    let (mut guard, now) = (Guard::new(GRACE), Instant::now());
    let [one, two]: [Arc<str>; 2] = ["one".into(), "two".into()];
    let is_confirmed =
        |guard: &Guard, lists: &[&Arc<str>]| guard.is_confirmed(lists.iter().copied());
    guard.rule(losses(&[20]), 20, now);
    assert!(!is_confirmed(&guard, &[&one, &two]), "nobody was asked");
    assert!(guard.begins_to_ask(now + GRACE));
    guard.ask_again([&one, &two].into_iter().cloned());
    assert!(!is_confirmed(&guard, &[&one, &two]));
    guard.list_answered(&one);
    assert!(!is_confirmed(&guard, &[&one, &two]));
    assert!(is_confirmed(&guard, &[&one]), "the other is not followed");
    guard.list_answered(&two);
    assert!(is_confirmed(&guard, &[&one, &two]));
    let given_up: HashSet<_> = guard.give_up().into_iter().map(|(key, _)| key).collect();
    assert_eq!(
        given_up,
        losses(&[20]).into_iter().map(|(key, _)| key).collect()
    );
    assert!(!is_confirmed(&guard, &[&one, &two]), "it is over");
}
