//! When a secondary is told and looked at, in paused time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::super::zones::ZoneKind;
use super::counters::{NotifyCounters, NotifyFailure};
use super::link::SecondaryLink;
use super::task::{ZoneProgress, ZoneTask};
use crate::dns::wire::{Header, Soa, encode_notify, soa_serial};
use crate::dns::{Name, Opcode};

/// A secondary that answers or does not, and copies the zone or does not.
#[derive(Clone, Debug)]
struct Secondary(Arc<Mutex<SecondaryParts>>);

#[derive(Debug)]
struct SecondaryParts {
    begin: Instant,
    answers: bool,
    copies: bool,
    serial: u32,
    /// When it was told, and which serial.
    told: Vec<(u64, u32)>,
    /// When it was asked for its serial.
    looked: Vec<u64>,
}

impl Secondary {
    fn with<T>(&self, with: impl FnOnce(&mut SecondaryParts) -> T) -> T {
        with(&mut self.0.lock().unwrap())
    }
}

impl SecondaryLink for Secondary {
    async fn exchange(&self, message: Vec<u8>, end: Instant) -> Result<Vec<u8>, NotifyFailure> {
        let (answers, serial) = self.with(|it| {
            let at = u64::try_from(it.begin.elapsed().as_millis()).unwrap();
            if Header::read(&message).unwrap().opcode() == Opcode::NOTIFY {
                let serial = soa_serial(&message, &apex()).unwrap();
                it.told.push((at, serial));
                if it.answers && it.copies {
                    it.serial = serial;
                }
            } else {
                it.looked.push(at);
            }
            (it.answers, it.serial)
        });
        if !answers {
            sleep_until(end).await;
            return Err(NotifyFailure::Timeout);
        }
        let soa = Soa {
            apex: apex(),
            name_server: apex(),
            mailbox: apex(),
            serial,
            timers: [0; 4],
        };
        let mut response = Vec::new();
        encode_notify(0, &soa, &mut response);
        Ok(response)
    }
}

/// What is tried: the secondary, our serial, and what is known.
struct Tried {
    secondary: Secondary,
    serial: watch::Sender<u32>,
    progress: Arc<ZoneProgress>,
    counters: Arc<NotifyCounters>,
}

impl Tried {
    fn begin(answers: bool, copies: bool) -> Self {
        Self::of_kind(ZoneKind::Cluster, answers, copies)
    }

    fn of_kind(kind: ZoneKind, answers: bool, copies: bool) -> Self {
        let secondary = Secondary(Arc::new(Mutex::new(SecondaryParts {
            begin: Instant::now(),
            answers,
            copies,
            serial: 1,
            told: Vec::new(),
            looked: Vec::new(),
        })));
        let address = "192.0.2.53:53".parse().unwrap();
        let progress = Arc::new(ZoneProgress::new(address, apex()));
        let counters = Arc::<NotifyCounters>::default();
        let (serial, receiver) = watch::channel(7);
        progress.step(7);
        let task = ZoneTask {
            link: secondary.clone(),
            progress: Arc::clone(&progress),
            counters: Arc::clone(&counters),
            serial: receiver,
            kind,
        };
        tokio::spawn(task.run());
        Self {
            secondary,
            serial,
            progress,
            counters,
        }
    }

    fn step(&self, serial: u32) {
        self.progress.step(serial);
        self.serial.send_replace(serial);
    }

    fn told(&self) -> Vec<(u64, u32)> {
        self.secondary.with(|it| it.told.clone())
    }

    fn lag(&self) -> Option<Duration> {
        self.progress.seen().1.map(|since| since.elapsed())
    }
}

fn apex() -> Name {
    "nomad".parse().unwrap()
}

async fn seconds(seconds: f64) {
    sleep(Duration::from_secs_f64(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_answered_is_sent_five_times_within_a_minute() {
    let tried = Tried::begin(false, false);
    seconds(120.0).await;
    let expected = [0, 2000, 6000, 14_000, 30_000].map(|at| (at, 7));
    assert_eq!(tried.told(), expected);
    let counts = tried.counters.counts();
    assert_eq!(
        (counts.sent, counts.answered, counts.failed[0]),
        (5, 0, ("timeout", 5))
    );
    assert_eq!(tried.progress.seen().2, Some(NotifyFailure::Timeout));
    assert_eq!(tried.lag(), Some(Duration::from_secs(120)));
}

#[tokio::test(start_paused = true)]
async fn a_newer_serial_is_told_at_once_and_the_older_one_no_more() {
    let tried = Tried::begin(false, false);
    seconds(3.0).await;
    tried.step(8);
    tried.step(9);
    seconds(3.0).await;
    assert_eq!(tried.told(), [(0, 7), (2000, 7), (3000, 9), (5000, 9)]);
}

#[tokio::test(start_paused = true)]
async fn a_secondary_that_never_answers_is_said_to_be_lost_though_there_are_new_serials_all_the_time()
 {
    let tried = Tried::begin(false, false);
    for serial in 8..60 {
        tried.step(serial);
        seconds(1.0).await;
    }
    assert_eq!(tried.progress.seen().2, None);
    for serial in 60..80 {
        tried.step(serial);
        seconds(1.0).await;
    }
    assert_eq!(tried.progress.seen().2, Some(NotifyFailure::Timeout));
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_is_sent_once_and_the_serial_is_looked_for_until_it_is_there() {
    let tried = Tried::begin(true, false);
    seconds(1.0).await;
    tried.secondary.with(|it| it.serial = 7);
    seconds(600.0).await;
    assert_eq!(tried.told(), [(0, 7)]);
    let looked = tried.secondary.with(|it| it.looked.clone());
    assert_eq!(looked, [100, 300, 700, 1500]);
    assert_eq!(tried.progress.seen(), (Some(7), None, None));
    tried.secondary.with(|it| it.copies = true);
    tried.step(8);
    seconds(600.0).await;
    assert_eq!(tried.told(), [(0, 7), (601_000, 8)]);
    let looked = tried.secondary.with(|it| it.looked.len());
    assert_eq!((looked, tried.lag()), (5, None));
}

#[tokio::test(start_paused = true)]
async fn a_secondary_that_does_not_copy_is_behind_since_the_first_serial_that_it_lacks() {
    let tried = Tried::begin(true, false);
    for serial in 8..108 {
        seconds(1.0).await;
        tried.step(serial);
    }
    assert_eq!(tried.lag(), Some(Duration::from_secs(100)));
    tried.secondary.with(|it| it.serial = 106);
    seconds(0.2).await;
    assert_eq!(tried.lag(), Some(Duration::from_millis(200)));
    // A few questions for each serial, and no more.
    let looked = tried.secondary.with(|it| it.looked.len());
    assert!((100..500).contains(&looked), "{looked}");
}

#[tokio::test(start_paused = true)]
async fn a_secondary_that_comes_back_is_told_though_no_serial_is_new() {
    let tried = Tried::begin(false, true);
    seconds(300.0).await;
    tried.secondary.with(|it| it.answers = true);
    seconds(65.0).await;
    assert_eq!(tried.lag(), None);
    assert_eq!(tried.progress.seen().2, None);
    let told = tried.told().len();
    seconds(600.0).await;
    assert_eq!(tried.told().len(), told);
}

#[tokio::test(start_paused = true)]
async fn a_secondary_has_the_catalog_zone_once_it_answered_and_is_not_asked_for_it() {
    let tried = Tried::of_kind(ZoneKind::Catalog, false, false);
    seconds(300.0).await;
    assert_eq!(tried.lag(), Some(Duration::from_secs(300)));
    tried.secondary.with(|it| it.answers = true);
    // A round takes a minute, and half of one later the next begins.
    seconds(95.0).await;
    assert_eq!(tried.progress.seen(), (Some(7), None, None));
    let told = tried.told().len();
    seconds(600.0).await;
    tried.step(8);
    seconds(1.0).await;
    assert_eq!((tried.told().len(), tried.lag()), (told + 1, None));
    assert!(tried.secondary.with(|it| it.looked.is_empty()));
}
