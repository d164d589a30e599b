//! Tests of the checks whether the server in use has its leader and keeps up with it.

use super::*;

#[test]
fn a_server_that_lost_its_leader_is_found_out_while_a_list_waits() {
    let mut scene = FollowScene::following(&["*"]);
    assert!(!scene.has(is_contact));
    scene.pass(crate::sync::Times::default().contact_every);
    let no_leader = NomadReply::Contact(Err(error(Cause::NoLeader)));
    scene.answer(is_contact, no_leader);
    assert!(scene.follow.is_failing());
}

#[test]
fn a_lower_index_is_asked_of_the_leader_before_anything_goes_back() {
    let mut scene = FollowScene::following(&["*"]);
    scene.pass(crate::sync::Times::default().contact_every);
    let lower = || NomadReply::Contact(Ok(QueryMeta::of_leader(50)));
    for expected in [Consistency::Stale, Consistency::Default] {
        let asked = scene.answer(is_contact, lower());
        assert_eq!(options(&asked).consistency, expected);
    }
    // The leader said so once; only its lists can prove it, twice.
    for _ in 0..2 {
        assert_eq!(scene.follow.plan().highest_index(), 100);
        scene.pass(Duration::from_millis(100));
        let asked = scene.answer(is_list_of("*"), NomadReply::List(Ok(listed("*", 50))));
        assert_eq!(options(&asked).consistency, Consistency::Default);
    }
    assert_eq!(scene.follow.plan().highest_index(), 50);
}

#[test]
fn the_followed_server_has_to_know_soon_what_its_leader_knows() {
    let mut scene = FollowScene::following(&["*"]);
    let times = crate::sync::Times::default();
    let knows = |index| NomadReply::Contact(Ok(QueryMeta::of_leader(index)));
    let behind = error(Cause::Behind {
        index: 100,
        min_index: 105,
    });
    for last in [NomadReply::Contact(Err(behind)), knows(105)] {
        scene.pass(times.contact_every);
        scene.answer(is_contact, knows(100));
        let asked = scene.answer(is_contact, knows(105));
        assert_eq!(options(&asked).consistency, Consistency::Default);
        assert!(!scene.has(is_contact), "it has a moment to catch up");
        scene.pass(times.keep_up_within);
        let asked = scene.answer(is_contact, last);
        assert_eq!(options(&asked), QueryOptions::STALE.at_least(105));
        assert!(!scene.follow.is_failing(), "servers that lag are there");
        scene.pass(times.keep_up_within);
        assert!(!scene.has(is_contact), "it is not asked again at once");
    }
}

#[test]
fn a_server_that_keeps_up_is_asked_once_for_each_question_to_its_leader() {
    let mut scene = FollowScene::following(&["*"]);
    let times = crate::sync::Times::default();
    let knows = || NomadReply::Contact(Ok(QueryMeta::of_leader(100)));
    for _ in 0..2 {
        scene.pass(times.contact_every);
        let asked = scene.answer(is_contact, knows());
        assert_eq!(options(&asked), QueryOptions::STALE);
        let asked = scene.answer(is_contact, knows());
        assert_eq!(options(&asked), QueryOptions::STALE.of_leader());
        scene.pass(times.keep_up_within);
        assert!(!scene.has(is_contact));
    }
}
