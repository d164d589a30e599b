//! Tests of the plan of health: its budget, its order, and how it handles responses.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::{ChecksRead, DENIED_PAUSE, HealthPlan};
use crate::catalog::{Group, Health, Id, Identity, Instance, InstanceAddress};
use crate::nomad::Check;
use crate::sync::key::ServiceKey;
use crate::sync::settings::HealthSettings;

fn key(name: &str) -> ServiceKey {
    ServiceKey {
        namespace: "default".into(),
        name: name.into(),
    }
}

fn id(number: u128) -> Id {
    Id::Uuid(Uuid::from_u128(number))
}

fn instance(number: u128) -> Instance {
    Instance {
        address: InstanceAddress::Unusable,
        port: 0,
        health: Health::Unread,
        identity: Identity::Task(Uuid::from_u128(number)),
        node: Id::from("n"),
        group: Arc::new(Group::default()),
    }
}

fn check(service: &str, status: &str) -> Check {
    Check {
        service: service.into(),
        mode: "healthiness".into(),
        status: status.into(),
    }
}

fn plan() -> HealthPlan {
    HealthPlan::new(HealthSettings::default())
}

#[test]
fn the_budget_is_kept_however_many_are_asked_for() {
    let (mut plan, begin) = (plan(), Instant::now());
    plan.asked(&key("redis"), (1..=500).map(id).collect(), begin);
    let mut reads = 0;
    for millis in 0..10_000 {
        let now = begin + Duration::from_millis(millis);
        while let Some(turn) = plan.next_read(now) {
            plan.read(turn, ChecksRead::Checks(Vec::new()), now);
            reads += 1;
        }
    }
    let per_second = HealthSettings::default().reads_per_second;
    assert!(
        (9 * per_second..=11 * per_second).contains(&reads),
        "{reads}"
    );
}

#[test]
fn each_is_read_again_in_its_turn_until_it_is_not_asked_for_any_more() {
    let (mut plan, begin) = (plan(), Instant::now());
    let settings = HealthSettings::default();
    plan.asked(&key("redis"), vec![id(1)], begin);
    let mut reads = 0;
    for seconds in 0..1000 {
        let now = begin + Duration::from_secs(seconds);
        plan.forget(now);
        while let Some(turn) = plan.next_read(now) {
            plan.read(turn, ChecksRead::Checks(Vec::new()), now);
            reads += 1;
        }
    }
    assert_eq!(
        reads,
        settings.asked_for.as_secs() / settings.check_every.as_secs()
    );
    assert_eq!(plan.counts(), (0, 0));
    assert_eq!(plan.next_due(begin), None);
}

#[test]
fn the_worst_check_of_its_service_is_an_instances_health() {
    let (mut plan, mut now) = (plan(), Instant::now());
    plan.asked(&key("redis"), vec![id(1)], now);
    assert_eq!(plan.judge("redis", &instance(1)), Health::Unread);
    for (statuses, health) in [
        (&["success", "success"][..], Health::Passing),
        (&["success", "pending"], Health::Unproven),
        (&["failure", "pending", "success"], Health::Failing),
        (&[], Health::Passing),
    ] {
        let turn = plan.next_read(now).unwrap();
        let mut checks: Vec<_> = statuses.iter().map(|it| check("redis", it)).collect();
        checks.push(check("other", "failure"));
        assert_eq!(
            plan.read(turn, ChecksRead::Checks(checks), now),
            [key("redis")]
        );
        assert_eq!(plan.judge("redis", &instance(1)), health, "{statuses:?}");
        now += HealthSettings::default().check_every;
    }
    let turn = plan.next_read(now).unwrap();
    let same = ChecksRead::Checks(vec![check("other", "failure")]);
    assert!(plan.read(turn, same, now).is_empty(), "nothing is new");
}

#[test]
fn a_failed_read_changes_nothing_and_a_refusal_forgets_all() {
    let (mut plan, now) = (plan(), Instant::now());
    plan.asked(&key("redis"), vec![id(1), id(2)], now);
    for _ in 0..2 {
        let turn = plan.next_read(now).unwrap();
        plan.read(
            turn,
            ChecksRead::Checks(vec![check("redis", "failure")]),
            now,
        );
    }
    let later = now + HealthSettings::default().check_every;
    let turn = plan.next_read(later).unwrap();
    assert_eq!(plan.read(turn, ChecksRead::Failed, later), []);
    assert_eq!(plan.judge("redis", &instance(1)), Health::Failing);
    let turn = plan.next_read(later).unwrap();
    assert_eq!(plan.read(turn, ChecksRead::Denied, later), [key("redis")]);
    assert_eq!(plan.judge("redis", &instance(1)), Health::Unread);
    assert_eq!(plan.denied(), ["default".into()].into());
    assert_eq!(
        plan.next_read(later + DENIED_PAUSE / 2).map(|it| it.number),
        None
    );
    assert!(plan.next_read(later + DENIED_PAUSE).is_some());
}

#[test]
fn what_ended_is_gone_until_it_is_not_listed_any_more() {
    let mut plan = plan();
    assert_eq!(plan.ended(HashSet::from([id(1)])), HashSet::from([id(1)]));
    assert_eq!(plan.judge("redis", &instance(1)), Health::Gone);
    assert_eq!(plan.ended(HashSet::from([id(1)])), HashSet::new());
    assert_eq!(plan.ended(HashSet::new()), HashSet::from([id(1)]));
    assert_eq!(plan.judge("redis", &instance(1)), Health::Unread);
}

#[test]
fn what_one_namespace_refuses_is_read_in_the_others() {
    let (mut plan, now) = (plan(), Instant::now());
    let other = ServiceKey {
        namespace: "prod".into(),
        name: "api".into(),
    };
    plan.asked(&key("redis"), vec![id(1)], now);
    plan.asked(&other, vec![id(2)], now);
    let turn = plan.next_read(now).unwrap();
    assert_eq!(plan.read(turn, ChecksRead::Denied, now), [key("redis")]);
    let turn = plan.next_read(now).unwrap();
    let failing = ChecksRead::Checks(vec![check("api", "failure")]);
    assert_eq!(plan.read(turn, failing, now), [other]);
    assert_eq!(plan.judge("api", &instance(2)), Health::Failing);
    assert_eq!(plan.judge("redis", &instance(1)), Health::Unread);
    // The refused one waits out its pause, the other does not.
    let mut later = now;
    let mut read = Vec::new();
    while later < now + DENIED_PAUSE {
        later += HealthSettings::default().check_every;
        while let Some(turn) = plan.next_read(later) {
            read.push(turn.allocation.clone());
            plan.read(turn, ChecksRead::Checks(Vec::new()), later);
        }
    }
    let of = |number| read.iter().filter(|it| **it == id(number)).count();
    assert_eq!((of(1), of(2)), (1, 6));
}

#[test]
fn an_allocation_of_two_services_is_read_once_and_as_long_as_one_of_them_has_it() {
    let (mut plan, now) = (plan(), Instant::now());
    plan.asked(&key("redis"), vec![id(1), id(1)], now);
    plan.asked(&key("api"), vec![id(1)], now);
    assert_eq!(plan.counts(), (2, 1));
    let turn = plan.next_read(now).unwrap();
    assert!(plan.next_read(now).is_none());
    let mut judged = plan.read(turn, ChecksRead::NotFound, now);
    judged.sort();
    assert_eq!(judged, [key("api"), key("redis")]);
    assert_eq!(plan.judge("redis", &instance(1)), Health::Unproven);
    plan.changed(&key("redis"), vec![id(2)]);
    assert_eq!(plan.counts(), (2, 2));
    plan.changed(&key("api"), Vec::new());
    assert_eq!(plan.counts(), (1, 1));
    assert_eq!(plan.judge("api", &instance(1)), Health::Unread);
    // What nobody asks for is not looked at.
    plan.changed(&key("api"), vec![id(3)]);
    assert_eq!(plan.counts(), (1, 1));
}

#[test]
fn what_was_never_read_comes_first_and_what_left_and_came_back_is_read_anew() {
    let (mut plan, now) = (plan(), Instant::now());
    plan.asked(&key("redis"), vec![id(1)], now);
    let turn = plan.next_read(now).unwrap();
    plan.read(turn, ChecksRead::Checks(Vec::new()), now);
    let later = now + HealthSettings::default().check_every;
    assert_eq!(plan.next_due(now), Some(later));
    plan.changed(&key("redis"), vec![id(1), id(2)]);
    assert_eq!(plan.next_due(now), Some(now));
    let new = plan.next_read(later).unwrap();
    let old = plan.next_read(later).unwrap();
    assert_eq!((&new.allocation, &old.allocation), (&id(2), &id(1)));
    plan.changed(&key("redis"), vec![id(2)]);
    plan.changed(&key("redis"), vec![id(2), id(1)]);
    let failing = || ChecksRead::Checks(vec![check("redis", "failure")]);
    assert!(plan.read(old, failing(), later).is_empty(), "it had left");
    assert_eq!(plan.judge("redis", &instance(1)), Health::Unread);
    let again = plan.next_read(later).unwrap();
    assert_eq!(again.allocation, id(1));
    assert_eq!(plan.read(again, failing(), later), [key("redis")]);
}

#[test]
fn no_more_than_ten_thousand_allocations_are_watched() {
    let (mut plan, now) = (plan(), Instant::now());
    plan.asked(&key("many"), (1..=9_999).map(id).collect(), now);
    plan.asked(&key("more"), vec![id(10_000), id(10_001)], now);
    assert_eq!(plan.counts(), (1, 9_999));
    plan.asked(&key("one"), vec![id(10_000)], now);
    plan.asked(&key("late"), vec![id(10_002)], now);
    assert_eq!(plan.counts(), (2, 10_000));
    // Those that are watched are asked for as before.
    let asked_for = HealthSettings::default().asked_for;
    plan.asked(&key("one"), vec![id(10_000)], now + asked_for / 2);
    assert_eq!(plan.forget(now + asked_for), [key("many")]);
    assert_eq!(plan.counts(), (1, 1));
}

#[test]
fn a_namespace_that_refused_is_named_until_it_answers_or_nothing_is_asked_for() {
    let (mut plan, now) = (plan(), Instant::now());
    plan.asked(&key("redis"), vec![id(1)], now);
    let turn = plan.next_read(now).unwrap();
    plan.read(turn, ChecksRead::Denied, now);
    // What comes in the pause waits with the others.
    plan.changed(&key("redis"), vec![id(1), id(2)]);
    let over = now + DENIED_PAUSE;
    assert_eq!(plan.next_due(now), Some(over));
    let turn = plan.next_read(over).unwrap();
    plan.read(turn, ChecksRead::Failed, over);
    assert_eq!(plan.denied().len(), 1, "a failure says nothing");
    let turn = plan.next_read(over).unwrap();
    plan.read(turn, ChecksRead::Checks(Vec::new()), over);
    assert!(plan.denied().is_empty());
    let later = over + HealthSettings::default().check_every;
    let turn = plan.next_read(later).unwrap();
    plan.read(turn, ChecksRead::Denied, later);
    assert_eq!(plan.denied().len(), 1);
    plan.forget(now + HealthSettings::default().asked_for);
    assert!(plan.denied().is_empty());
}
