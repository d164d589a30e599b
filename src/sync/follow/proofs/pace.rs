//! Tests of how often a list is requested that returns at once.

use super::*;

/// Answers the list as soon as it is asked for a minute, each time with another index; how often it was asked.
fn asked_in_a_minute(scene: &mut FollowScene, mut index: impl FnMut() -> u64) -> u32 {
    let end = scene.now + Duration::from_secs(60);
    let mut asked = 0;
    while scene.now < end {
        while scene.has(is_list_of("*")) {
            scene.answer(is_list_of("*"), NomadReply::List(Ok(listed("*", index()))));
            asked += 1;
        }
        scene.pass(Duration::from_millis(10));
    }
    asked
}

#[test]
fn a_list_that_comes_back_at_once_with_nothing_new_is_asked_once_a_second() {
    let mut scene = FollowScene::following(&["*"]);
    let asked = asked_in_a_minute(&mut scene, || 100);
    assert!((55..=65).contains(&asked), "{asked}");
    // What is new then is known as soon as the next answer has it, and changes are followed at once again.
    for index in 101..105 {
        scene.pass(Duration::from_secs(1));
        scene.answer(is_list_of("*"), NomadReply::List(Ok(listed("*", index))));
        assert_eq!(scene.follow.plan().highest_index(), index);
        assert!(scene.has(is_list_of("*")), "without a pause");
    }
}

#[test]
fn a_list_that_is_new_each_time_is_asked_ten_times_a_second() {
    let mut scene = FollowScene::following(&["*"]);
    let mut index = 100;
    let asked = asked_in_a_minute(&mut scene, || {
        index += 1;
        index
    });
    assert!((590..=620).contains(&asked), "{asked}");
}

#[test]
fn a_list_that_jumps_to_and_fro_is_asked_ten_times_a_second_at_most() {
    let mut scene = FollowScene::following(&["*"]);
    let mut indexes = [100, 50, 50, 50, 120, 120].into_iter().cycle();
    let asked = asked_in_a_minute(&mut scene, || indexes.next().unwrap());
    assert!(asked <= 620, "{asked}");
}
