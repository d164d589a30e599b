//! What one list adds and takes away, and what is read because of it.
//!
//! Floor 2, in tests only.

use super::steps::Policy;
use super::{LEADERS, ListTiming, Model, ServiceKey, Verdict};
use crate::nomad::ListedService;
use crate::sync::follow::plan::Removed;
use crate::sync::follow::plan::scope::Resync;

fn key((namespace, name): (usize, usize)) -> ServiceKey {
    ServiceKey {
        namespace: namespace.to_string().into(),
        name: name.to_string().into(),
    }
}

impl Model {
    /// Has the plan take a list that was asked for before; returns what it takes away.
    fn heard(&mut self, scope: usize, index: u64, services: &[(usize, usize)]) -> Removed {
        let entry = |&(namespace, name): &(usize, usize)| ListedService {
            namespace: namespace.to_string().into(),
            name: name.to_string().into(),
        };
        let listed: Vec<_> = services.iter().map(entry).collect();
        match self.plan.listed(scope, index, &listed, LEADERS, self.now) {
            Verdict::Taken(removed) => removed,
            verdict => panic!("{verdict:?}"),
        }
    }

    /// Changes a service, and reads it.
    fn has_read(&mut self, service: (usize, usize), instances: usize) {
        self.change(service, instances, true);
        self.turn();
        let order = self.reading.pop().unwrap();
        self.read(&order, 0);
    }
}

#[test]
fn a_list_takes_away_what_was_not_read_at_a_later_index() {
    let mut model = Model::new();
    model.rest();
    let index = model.index;
    model.has_read((0, 2), 1);
    let listed = [(0, 0), (1, 1)];
    assert_eq!(model.heard(0, index, &listed), Removed::default());
    let gone = model.heard(0, index + 1, &listed).gone;
    assert_eq!(gone, [key((0, 2))], "the list is as new as the read");
    assert_eq!(model.plan.services.count(None), 2);
}

#[test]
fn one_service_goes_with_the_list_of_all_and_a_whole_namespace_with_its_own() {
    let mut model = Model::new();
    model.rest();
    model.has_read((0, 2), 1);
    let index = model.index;
    model.heard(0, index, &[(0, 0), (0, 2), (1, 1)]);
    let removed = model.heard(0, index + 1, &[(0, 0), (1, 1)]);
    assert_eq!(
        (removed.gone, removed.vanished.len()),
        (vec![key((0, 2))], 0)
    );
    let removed = model.heard(0, index + 2, &[(0, 0)]);
    assert_eq!((removed.gone, removed.vanished), (vec![], vec!["1".into()]));
    model.plan.follow(&["*".into(), "1".into()]);
    let removed = model.heard(1, index + 2, &[]);
    assert_eq!(
        (removed.gone, removed.vanished.len()),
        (vec![key((1, 1))], 0)
    );
}

#[test]
fn what_was_listed_and_has_no_instance_goes_without_a_word() {
    let mut model = Model::new();
    let index = model.index;
    assert_eq!(model.heard(0, index + 1, &[]), Removed::default());
    assert_eq!(model.plan.services.count(None), 0);
    let marks = model.plan.take_unknowns();
    for service in [(0, 0), (1, 1)] {
        assert!(marks.contains(&(key(service), None)), "it is not unknown");
    }
    assert!(marks.iter().all(|(_, reason)| reason.is_none()));
}

#[test]
fn a_name_that_stands_in_a_list_more_than_once_counts_once() {
    for times in [2, 3] {
        let mut model = Model::new();
        model.rest();
        model.has_read((1, 2), 1);
        let index = model.index;
        model.heard(0, index, &[(0, 0), (1, 1), (1, 2)]);
        model.plan.namespace_is_empty("0", index);
        let removed = model.heard(0, index + 1, &[(1, 1)].repeat(times));
        assert_eq!(removed.gone, [key((1, 2))], "{times}");
    }
}

#[test]
fn what_is_as_new_as_a_list_that_begins_is_not_read_again_and_what_is_older_is() {
    for (changes, reads) in [(false, 0), (true, 2)] {
        let mut model = Model::new();
        model.rest();
        if changes {
            model.change((1, 1), 1, false);
        }
        model.follow(Policy::Each);
        model.turn();
        assert_eq!(model.reading.len(), reads);
    }
}

#[test]
fn only_a_list_that_was_asked_after_the_stream_came_up_shows_what_that_missed() {
    for (asked, resync) in [
        (ListTiming::Before, Resync::NotNeeded),
        (ListTiming::AfterStream, Resync::Needed),
    ] {
        let mut model = Model::new();
        let from = model.plan.subscribe(0);
        model.plan.stream_up(0, from);
        model.change((1, 1), 1, false);
        model.list(0, asked);
        assert_eq!(model.plan.resync, resync, "{asked:?}");
    }
}
