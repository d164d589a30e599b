//! Tests of how `follow` handles replies, without I/O and with the time as an argument.

mod contact;
mod pace;

use std::time::Duration;

use super::*;
use crate::nomad::{Cause, Consistency, Listed, ListedService, QueryMeta, QueryOptions};
use crate::sync::rights::{Events, Rights};

struct FollowScene {
    follow: Follow,
    now: Instant,
    asked: Vec<(u64, NomadRequest)>,
}

impl FollowScene {
    /// Follows these namespaces at index 100, each with one service that is read.
    fn following(names: &[&str]) -> Self {
        let settings = SyncSettings {
            namespaces: names.iter().map(|name| (*name).to_owned()).collect(),
            ..SyncSettings::default()
        };
        let status = Arc::new(Status::new());
        let follow = Follow::new(Arc::new(settings), status, Failed::No);
        let mut scene = Self {
            follow,
            now: Instant::now(),
            asked: Vec::new(),
        };
        scene.turn();
        let access = match names {
            ["*"] => Access::All(Events::Unknown),
            _ => {
                let names = names.iter().map(|name| (*name).to_owned());
                Access::Namespaces(names.collect(), Events::Unknown)
            }
        };
        let lists = names.iter().map(|name| ((*name).into(), listed(name, 100)));
        let rights = Rights {
            lists: lists.collect(),
            ..Rights::of(access)
        };
        let rights = NomadReply::Rights(Ok(rights));
        scene.answer(is_rights, rights);
        while scene.has(is_service) {
            let read = Ok((QueryMeta::of_leader(100), Converted::none()));
            scene.answer(is_service, NomadReply::Service(read));
        }
        scene
    }

    fn turn(&mut self) {
        self.follow.turn(self.now, 0);
        for command in self.follow.take_commands() {
            match command {
                Action::Ask(ticket, question) => self.asked.push((ticket.number, question)),
                Action::Cancel(ticket) => self.asked.retain(|(it, _)| *it != ticket.number),
            }
        }
    }

    fn has(&self, is_it: impl Fn(&NomadRequest) -> bool) -> bool {
        self.asked.iter().any(|(_, question)| is_it(question))
    }

    /// Answers the first question of a kind, and returns it.
    fn answer(&mut self, is_it: impl Fn(&NomadRequest) -> bool, reply: NomadReply) -> NomadRequest {
        let place = self.asked.iter().position(|(_, question)| is_it(question));
        let (number, question) = self.asked.remove(place.expect("it is asked"));
        self.follow.reply(number, reply, self.now);
        self.turn();
        question
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.turn();
    }

    fn unknowns(&mut self) -> Vec<(String, Option<UnknownReason>)> {
        let outcomes = self.follow.take_outcomes().into_iter();
        let unknowns = outcomes.filter_map(|outcome| match outcome {
            FollowOutcome::NamespaceUnknown(name, reason) => Some((name.to_string(), reason)),
            _ => None,
        });
        unknowns.collect()
    }
}

fn listed(list: &str, index: u64) -> Listed {
    let namespace = if list == "*" { "default" } else { list };
    Listed {
        meta: QueryMeta::of_leader(index),
        services: vec![ListedService {
            namespace: namespace.into(),
            name: "one".into(),
        }],
        unreadable: 0,
    }
}

fn error(cause: Cause) -> NomadError {
    NomadError {
        url: "http://nomad.example/v1".into(),
        cause,
    }
}

fn malformed() -> NomadError {
    error(Cause::Malformed {
        what: "JSON answer",
        why: "expected value".into(),
    })
}

fn is_service(question: &NomadRequest) -> bool {
    matches!(question, NomadRequest::Service { .. })
}

fn is_rights(question: &NomadRequest) -> bool {
    matches!(question, NomadRequest::Rights { .. })
}

fn is_contact(question: &NomadRequest) -> bool {
    matches!(question, NomadRequest::Contact { .. })
}

fn is_list_of(name: &str) -> impl Fn(&NomadRequest) -> bool {
    move |it| matches!(it, NomadRequest::List { namespace, .. } if **namespace == *name)
}

fn options(question: &NomadRequest) -> QueryOptions {
    match question {
        NomadRequest::List { options, .. } | NomadRequest::Contact { options, .. } => *options,
        other => panic!("{other:?} is neither a list nor a contact"),
    }
}

#[test]
fn one_list_that_cannot_be_read_leaves_the_others_alone_and_denies_nothing() {
    let mut scene = FollowScene::following(&["a", "b"]);
    scene.unknowns();
    scene.answer(is_list_of("b"), NomadReply::List(Err(malformed())));
    assert!(scene.follow.is_following() && !scene.follow.is_failing());
    assert_eq!(
        scene.unknowns(),
        [("b".into(), Some(UnknownReason::Unreadable))]
    );
    assert!(scene.has(is_list_of("a")), "the other waits on");
    scene.pass(Duration::from_secs(1));
    let again = scene.answer(is_list_of("b"), NomadReply::List(Ok(listed("b", 100))));
    assert_eq!(options(&again).wait, crate::nomad::WaitMode::No);
    assert_eq!(scene.unknowns(), [("b".into(), None)]);
}

#[test]
fn one_list_that_is_silent_leaves_the_others_alone() {
    let mut scene = FollowScene::following(&["a", "b"]);
    scene.unknowns();
    let silent = error(Cause::TimedOut(Duration::from_secs(10)));
    scene.answer(is_list_of("b"), NomadReply::List(Err(silent)));
    assert!(scene.follow.is_following());
    assert_eq!(
        scene.unknowns(),
        [("b".into(), Some(UnknownReason::Unreadable))]
    );
}

#[test]
fn a_namespace_that_vanished_and_cannot_be_listed_is_unknown() {
    for (failure, reason) in [
        (malformed(), UnknownReason::Unreadable),
        (error(Cause::PermissionDenied), UnknownReason::Refused),
    ] {
        let mut scene = FollowScene::following(&["*"]);
        scene.follow.plan_mut().hold("prod", "web", 2);
        scene.unknowns();
        scene.answer(is_list_of("*"), NomadReply::List(Ok(listed("*", 101))));
        scene.answer(is_list_of("prod"), NomadReply::List(Err(failure)));
        assert_eq!(scene.unknowns(), [("prod".into(), Some(reason))]);
        // It is in the list of all again.
        scene.pass(Duration::from_secs(1));
        scene.answer(is_list_of("*"), NomadReply::List(Ok(listed("prod", 102))));
        assert_eq!(scene.unknowns(), [("prod".into(), None)]);
    }
}

#[test]
fn a_refused_namespace_that_is_granted_again_and_empty_has_nothing_left() {
    let mut scene = FollowScene::following(&["*"]);
    scene.follow.plan_mut().hold("prod", "web", 2);
    scene.answer(is_list_of("*"), NomadReply::List(Ok(listed("*", 101))));
    let refusal = error(Cause::PermissionDenied);
    scene.answer(is_list_of("prod"), NomadReply::List(Err(refusal)));
    scene.unknowns();
    scene.pass(SyncSettings::default().access_every);
    let rights = Rights {
        empty: vec![("prod".into(), 105)],
        ..Rights::of(Access::All(Events::Unknown))
    };
    scene.answer(is_rights, NomadReply::Rights(Ok(rights)));
    assert_eq!(scene.follow.plan_mut().present(), []);
    assert_eq!(scene.unknowns(), [("prod".into(), None)]);
}

#[test]
fn a_list_that_still_fails_is_not_found_by_a_look_at_the_rights() {
    let mut scene = FollowScene::following(&["a", "b"]);
    scene.answer(is_list_of("b"), NomadReply::List(Err(malformed())));
    scene.unknowns();
    scene.pass(SyncSettings::default().access_every);
    let names = vec!["a".to_owned(), "b".to_owned()];
    let rights = Rights::of(Access::Namespaces(names, Events::Unknown));
    scene.answer(is_rights, NomadReply::Rights(Ok(rights)));
    assert_eq!(scene.unknowns(), []);
}

#[test]
fn where_every_list_fails_it_is_an_outage() {
    let mut scene = FollowScene::following(&["a", "b"]);
    scene.answer(is_list_of("a"), NomadReply::List(Err(malformed())));
    assert!(!scene.follow.is_failing());
    scene.answer(is_list_of("b"), NomadReply::List(Err(malformed())));
    assert!(scene.follow.is_failing() && !scene.follow.is_following());
}

#[test]
fn the_first_request_goes_to_the_leader() {
    let status = Arc::new(Status::new());
    let settings = Arc::new(SyncSettings::default());
    let mut follow = Follow::new(settings, status, Failed::No);
    follow.turn(Instant::now(), 0);
    let commands = follow.take_commands();
    let [Action::Ask(_, NomadRequest::Rights { consistency, .. })] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(*consistency, Consistency::Default);
}
