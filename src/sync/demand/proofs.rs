//! What is kept, read again and forgotten, without I/O and with the time as an argument.

use tokio::sync::oneshot;

use super::*;

fn key(name: &str) -> Key {
    Key {
        namespace: "default".into(),
        name: name.into(),
    }
}

fn settings() -> OnDemand {
    OnDemand {
        keep: Duration::from_secs(10),
        keep_absent: Duration::from_secs(4),
        names: 3,
        reads_per_second: 5,
    }
}

struct Scene {
    demands: Demands,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        let now = Instant::now();
        let demands = Demands::new(settings(), now);
        Self { demands, now }
    }

    fn ask(&mut self, name: &str) -> oneshot::Receiver<Result<(), NotRead>> {
        let (waiter, reply) = oneshot::channel();
        self.demands.ask(key(name), None, waiter, self.now);
        reply
    }

    /// Asks; returns what is said at once, if anything is.
    fn said(&mut self, name: &str) -> Option<Result<(), NotRead>> {
        self.ask(name).try_recv().ok()
    }

    fn read(&mut self, name: &str, known: Known) {
        assert_eq!(self.demands.next_read(self.now), Some(key(name)));
        for waiter in self.demands.read(&key(name), known) {
            tell(waiter, Ok(()));
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

#[test]
fn equal_wishes_wait_for_one_read() {
    let mut scene = Scene::new();
    let mut replies: Vec<_> = (0..100).map(|_| scene.ask("redis")).collect();
    assert!(replies.iter_mut().all(|reply| reply.try_recv().is_err()));
    scene.read("redis", Known::Here);
    assert_eq!(scene.demands.next_read(scene.now), None);
    assert!(
        replies
            .iter_mut()
            .all(|reply| reply.try_recv() == Ok(Ok(())))
    );
}

#[test]
fn what_was_read_counts_for_its_time_and_is_read_again_while_it_is_asked_for() {
    let mut scene = Scene::new();
    assert_eq!(scene.said("redis"), None);
    scene.read("redis", Known::Here);
    scene.pass(4);
    assert_eq!(scene.said("redis"), Some(Ok(())));
    assert_eq!(scene.demands.next_read(scene.now), None);
    scene.pass(2);
    assert_eq!(scene.said("redis"), Some(Ok(())));
    scene.read("redis", Known::Here);
    scene.pass(10);
    assert_eq!(scene.said("redis"), None, "nobody asked meanwhile");
}

#[test]
fn a_denial_counts_for_a_shorter_time() {
    let mut scene = Scene::new();
    scene.said("nope");
    scene.read("nope", Known::Absent);
    scene.pass(1);
    assert_eq!(scene.said("nope"), Some(Ok(())));
    scene.pass(4);
    assert_eq!(scene.said("nope"), None);
}

#[test]
fn a_failed_read_says_what_was_known_and_is_not_repeated_at_once() {
    let mut scene = Scene::new();
    scene.said("redis");
    scene.read("redis", Known::Here);
    scene.pass(11);
    let (mut known, mut unknown) = (scene.ask("redis"), scene.ask("nope"));
    for name in ["redis", "nope"] {
        assert_eq!(scene.demands.next_read(scene.now), Some(key(name)));
        scene.demands.failed(&key(name), Doubt::Refused, scene.now);
    }
    assert_eq!(known.try_recv(), Ok(Ok(())));
    assert_eq!(
        unknown.try_recv(),
        Ok(Err(NotRead::InDoubt(Doubt::Refused)))
    );
    assert_eq!(scene.said("redis"), Some(Ok(())));
    assert_eq!(
        scene.said("nope"),
        Some(Err(NotRead::InDoubt(Doubt::Refused)))
    );
    assert_eq!(scene.demands.next_read(scene.now), None);
    scene.pass(1);
    assert_eq!(scene.said("nope"), None);
}

#[test]
fn more_than_may_be_read_is_refused_and_what_is_known_is_said() {
    let mut scene = Scene::new();
    scene.demands.settings.names = 100;
    for name in ["redis", "web", "db"] {
        scene.said(name);
        scene.read(name, Known::Here);
    }
    scene.pass(11);
    for number in 0..3 {
        assert_eq!(scene.said(&format!("name-{number}")), None);
    }
    assert_eq!(scene.said("more"), Some(Err(NotRead::Overloaded)));
    // What is kept back is for what is known, which is read first.
    assert_eq!((scene.said("web"), scene.said("db")), (None, None));
    assert_eq!(scene.said("redis"), Some(Ok(())));
    assert_eq!(scene.demands.next_read(scene.now), Some(key("db")));
    scene.pass(1);
    assert_eq!(scene.said("more"), None);
}

#[test]
fn no_more_names_are_kept_than_there_is_room_for() {
    let mut scene = Scene::new();
    for name in ["a", "b", "c"] {
        scene.said(name);
        scene.read(
            name,
            if name == "b" {
                Known::Absent
            } else {
                Known::Here
            },
        );
        scene.pass(1);
    }
    let (waiter, _reply) = oneshot::channel();
    assert_eq!(scene.demands.ask(key("d"), None, waiter, scene.now), None);
    assert!(!scene.demands.names.contains_key(&key("b")));
    scene.read("d", Known::Here);
    let (waiter, _reply) = oneshot::channel();
    let gone = scene.demands.ask(key("e"), None, waiter, scene.now);
    assert_eq!(gone, Some(key("a")));
    assert_eq!(scene.demands.names.len(), 3);
}

#[test]
fn waiters_are_bounded_and_those_who_gave_up_make_room() {
    let mut scene = Scene::new();
    let waiting: Vec<_> = (0..WAITERS_MAX).map(|_| scene.ask("redis")).collect();
    assert_eq!(scene.said("redis"), Some(Err(NotRead::Overloaded)));
    drop(waiting);
    assert_eq!(scene.said("redis"), None);
    assert!(scene.demands.names[&key("redis")].waiters.len() < 2);
}

#[test]
fn what_nobody_asks_for_is_forgotten() {
    let mut scene = Scene::new();
    for (name, known) in [("redis", Known::Here), ("nope", Known::Absent)] {
        scene.said(name);
        scene.read(name, known);
    }
    scene.pass(5);
    assert!(scene.demands.sweep(scene.now).is_empty());
    assert_eq!(scene.demands.names.len(), 1);
    scene.pass(FORGOTTEN_AFTER.as_secs());
    assert_eq!(scene.demands.sweep(scene.now), [key("redis")]);
    assert!(scene.demands.names.is_empty());
}

#[test]
fn who_asks_for_names_without_end_leaves_reads_for_others_and_for_what_is_known() {
    let (mut budget, mut now) = (Budget::new(40, Instant::now()), Instant::now());
    let client = |last: u8| Some(IpAddr::from([192, 0, 2, last]));
    let (mut much, mut little, mut known) = (0, 0, 0);
    for step in 0..1000 {
        now += Duration::from_millis(10);
        // Five hundred a second, and at times somebody else.
        for _ in 0..5 {
            much += i32::from(budget.take(client(1), Known::Nothing, now));
        }
        if step % 50 == 0 {
            little += i32::from(budget.take(client(2), Known::Nothing, now));
            known += i32::from(budget.take(client(1), Known::Here, now));
        }
    }
    assert_eq!((little, known), (20, 20));
    // What others leave is for whoever wants it.
    assert!((350..=400).contains(&much), "{much}");
}
