//! Tests of what is kept, read again and forgotten, without I/O and with the time as an argument.

use tokio::sync::oneshot;

use super::*;

pub(super) fn key(name: &str) -> ServiceKey {
    ServiceKey {
        namespace: "default".into(),
        name: name.into(),
    }
}

pub(super) fn settings() -> OnDemand {
    OnDemand {
        keep: Duration::from_secs(10),
        keep_absent: Duration::from_secs(4),
        names: 3,
        reads_per_second: 5,
        waiting: 8,
    }
}

pub(super) type ReadReply = oneshot::Receiver<Result<(), NotRead>>;

pub(super) struct DemandScene {
    pub(super) demands: Demands,
    pub(super) now: Instant,
    /// Replies that are still waited for.
    pub(super) patient: Vec<ReadReply>,
}

impl DemandScene {
    fn new() -> Self {
        let now = Instant::now();
        let demands = Demands::new(settings(), now);
        let patient = Vec::new();
        Self {
            demands,
            now,
            patient,
        }
    }

    fn ask(&mut self, name: &str) -> ReadReply {
        self.ask_from(name, ClientAddress::proven(None))
    }

    pub(super) fn ask_from(&mut self, name: &str, client: ClientAddress) -> ReadReply {
        let (waiter, reply) = oneshot::channel();
        self.demands.ask(key(name), client, waiter, self.now);
        reply
    }

    /// Takes what is read next, by its name.
    pub(super) fn next(&mut self) -> Option<String> {
        let (key, gone) = self.demands.next_read(self.now)?;
        assert_eq!(gone, None);
        Some(key.name.to_string())
    }

    /// Asks; returns the reply if there is one at once.
    fn ask_at_once(&mut self, name: &str) -> Option<Result<(), NotRead>> {
        let mut reply = self.ask(name);
        let result = reply.try_recv().ok();
        self.patient.push(reply);
        result
    }

    fn read(&mut self, name: &str, known: KnownService) {
        assert_eq!(self.next().as_deref(), Some(name));
        for waiter in self.demands.read(&key(name), known) {
            tell(waiter, Ok(()));
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

#[test]
fn equal_requests_wait_for_one_read() {
    let mut scene = DemandScene::new();
    let mut replies: Vec<_> = (0..100).map(|_| scene.ask("redis")).collect();
    assert!(replies.iter_mut().all(|reply| reply.try_recv().is_err()));
    scene.read("redis", KnownService::Here);
    assert_eq!(scene.next(), None);
    assert!(
        replies
            .iter_mut()
            .all(|reply| reply.try_recv() == Ok(Ok(())))
    );
}

#[test]
fn what_was_read_counts_for_its_time_and_is_read_again_while_it_is_asked_for() {
    let mut scene = DemandScene::new();
    assert_eq!(scene.ask_at_once("redis"), None);
    scene.read("redis", KnownService::Here);
    scene.pass(4);
    assert_eq!(scene.ask_at_once("redis"), Some(Ok(())));
    assert_eq!(scene.next(), None);
    scene.pass(2);
    assert_eq!(scene.ask_at_once("redis"), Some(Ok(())));
    scene.read("redis", KnownService::Here);
    scene.pass(10);
    assert_eq!(scene.ask_at_once("redis"), None, "nobody asked meanwhile");
}

#[test]
fn a_denial_counts_for_a_shorter_time() {
    let mut scene = DemandScene::new();
    scene.ask_at_once("nope");
    scene.read("nope", KnownService::Absent);
    scene.pass(1);
    assert_eq!(scene.ask_at_once("nope"), Some(Ok(())));
    scene.pass(4);
    assert_eq!(scene.ask_at_once("nope"), None);
}

#[test]
fn a_failed_read_says_what_was_known_and_is_not_repeated_at_once() {
    let mut scene = DemandScene::new();
    scene.ask_at_once("redis");
    scene.read("redis", KnownService::Here);
    scene.pass(11);
    let (mut known, mut unknown) = (scene.ask("redis"), scene.ask("nope"));
    for name in ["redis", "nope"] {
        assert_eq!(scene.next().as_deref(), Some(name));
        scene
            .demands
            .failed(&key(name), UnknownReason::Refused, scene.now);
    }
    assert_eq!(known.try_recv(), Ok(Ok(())));
    assert_eq!(
        unknown.try_recv(),
        Ok(Err(NotRead::Unknown(UnknownReason::Refused)))
    );
    assert_eq!(scene.ask_at_once("redis"), Some(Ok(())));
    assert_eq!(
        scene.ask_at_once("nope"),
        Some(Err(NotRead::Unknown(UnknownReason::Refused)))
    );
    assert_eq!(scene.next(), None);
    scene.pass(1);
    assert_eq!(scene.ask_at_once("nope"), None);
}

#[test]
fn more_than_may_be_read_waits_and_what_is_known_comes_first() {
    let mut scene = DemandScene::new();
    scene.demands.settings.names = 100;
    for name in ["redis", "web", "db"] {
        scene.ask_at_once(name);
        scene.read(name, KnownService::Here);
    }
    scene.pass(11);
    for number in 0..5 {
        assert_eq!(scene.ask_at_once(&format!("name-{number}")), None);
    }
    assert!((0..4).all(|_| scene.next().is_some()));
    // What is kept back is for what is known.
    assert_eq!(scene.next(), None);
    assert_eq!(scene.ask_at_once("web"), None);
    scene.read("web", KnownService::Here);
    // An old answer does not wait.
    assert_eq!(scene.ask_at_once("redis"), Some(Ok(())));
    assert_eq!(scene.next(), None);
    let due = scene.demands.next_due().unwrap();
    assert!(due > scene.now && due <= scene.now + Duration::from_millis(202));
    scene.now = due;
    scene.read("redis", KnownService::Here);
    scene.pass(1);
    scene.read("name-4", KnownService::Here);
    assert_eq!((scene.next(), scene.demands.next_due()), (None, None));
}

#[test]
fn names_that_are_known_do_not_keep_others_waiting_for_ever() {
    let mut scene = DemandScene::new();
    scene.demands.settings.names = 100;
    let known: Vec<_> = (0..8).map(|number| format!("known-{number}")).collect();
    for name in &known {
        scene.ask_at_once(name);
        scene.read(name, KnownService::Here);
        scene.pass(1);
    }
    scene.pass(11);
    scene.ask_at_once("name");
    for name in &known {
        scene.ask_at_once(name);
    }
    let order: Vec<_> = std::iter::from_fn(|| scene.next()).collect();
    assert_eq!(order[3], "name", "{order:?}");
}

#[test]
fn who_waits_for_what_finds_no_room_is_told_at_once_and_it_costs_no_read() {
    let mut scene = DemandScene::new();
    let mut replies: Vec<_> = (0..9)
        .map(|number| scene.ask(&format!("name-{number}")))
        .collect();
    let refused = Ok(Err(NotRead::Overloaded));
    assert_eq!(replies[8].try_recv(), refused);
    assert!(replies[..8].iter_mut().all(|it| it.try_recv().is_err()));
    // Who gave up takes none of the reads.
    replies.truncate(1);
    assert_eq!(scene.next().as_deref(), Some("name-0"));
    assert_eq!(scene.next(), None);
    assert_eq!(scene.demands.next_due(), None);
}

#[test]
fn no_more_names_are_kept_than_there_is_room_for() {
    let mut scene = DemandScene::new();
    for name in ["a", "b", "c"] {
        scene.ask_at_once(name);
        scene.read(
            name,
            if name == "b" {
                KnownService::Absent
            } else {
                KnownService::Here
            },
        );
        scene.pass(1);
    }
    scene.ask_at_once("d");
    scene.read("d", KnownService::Here);
    assert!(!scene.demands.names.contains_key(&key("b")));
    scene.ask_at_once("e");
    let next = scene.demands.next_read(scene.now);
    assert_eq!(next, Some((key("e"), Some(key("a")))));
    assert_eq!(scene.demands.names.len(), 3);
}

#[test]
fn waiters_are_bounded_and_those_who_gave_up_make_room() {
    let mut scene = DemandScene::new();
    let waiting: Vec<_> = (0..queue::WAITERS_MAX)
        .map(|_| scene.ask("redis"))
        .collect();
    assert_eq!(scene.ask_at_once("redis"), Some(Err(NotRead::Overloaded)));
    drop(waiting);
    assert_eq!(scene.ask_at_once("redis"), None);
    scene.next();
    assert_eq!(scene.demands.names[&key("redis")].waiters.len(), 1);
}

#[test]
fn what_nobody_asks_for_is_forgotten() {
    let mut scene = DemandScene::new();
    for (name, known) in [
        ("redis", KnownService::Here),
        ("nope", KnownService::Absent),
    ] {
        scene.ask_at_once(name);
        scene.read(name, known);
    }
    scene.pass(5);
    assert!(scene.demands.sweep(scene.now).is_empty());
    assert_eq!(scene.demands.names.len(), 1);
    scene.pass(FORGOTTEN_AFTER.as_secs());
    assert_eq!(scene.demands.sweep(scene.now), [key("redis")]);
    assert!(scene.demands.names.is_empty());
}
