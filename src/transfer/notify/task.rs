//! What is done for one zone at one secondary: it is told of the newest serial, and looked at until it has that.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::super::zones::ZoneKind;
use super::counters::{NotifyCounters, NotifyFailure};
use super::link::SecondaryLink;
use super::progress::SerialProgress;
use crate::answers::Zone;
use crate::dns::wire::{Header, Soa, encode_notify, encode_soa_query, soa_serial};
use crate::dns::{Name, Rcode};

/// How often a NOTIFY is sent until it is answered (RFC 1996 §3.6).
const ATTEMPTS: u32 = 5;
/// How long the first response is waited for; each following one twice as long, so that all take a minute.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// How long a secondary may leave all NOTIFYs unanswered until that is said.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long after a secondary was told it is first asked for its serial; then after twice as long.
const FIRST_LOOK: Duration = Duration::from_millis(100);
/// How often it is asked at least while it lacks our serial.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// REFRESH, RETRY, EXPIRE and MINIMUM of the SOA in a NOTIFY, in seconds: only its serial is looked at (RFC 1996 §3.7).
const TIMERS: [u32; 4] = [14_400, 3600, 604_800, 0];

/// What is known of one zone at one secondary.
#[derive(Debug)]
pub(super) struct ZoneProgress {
    pub(super) secondary: SocketAddr,
    pub(super) apex: Name,
    state: Mutex<ZoneState>,
    /// It has been told.
    told: Notify,
    /// It is to be told again.
    again: Notify,
}

#[derive(Debug, Default)]
struct ZoneState {
    progress: SerialProgress,
    failure: Option<NotifyFailure>,
    /// Since when it has been told and has not answered, whatever the serial was.
    unanswered_since: Option<Instant>,
    /// Why it did not answer last.
    last_failure: Option<NotifyFailure>,
}

impl ZoneProgress {
    pub(super) fn new(secondary: SocketAddr, apex: Name) -> Self {
        Self {
            secondary,
            apex,
            state: Mutex::default(),
            told: Notify::new(),
            again: Notify::new(),
        }
    }

    /// Notes that we have a new serial.
    pub(super) fn step(&self, serial: u32) {
        self.with(|it| it.progress.step(serial, Instant::now()));
    }

    /// The serial that it was last seen with, since when it is behind, and why it could not be told.
    pub(super) fn seen(&self) -> (Option<u32>, Option<Instant>, Option<NotifyFailure>) {
        self.with(|it| (it.progress.seen(), it.progress.behind_since(), it.failure))
    }

    fn is_behind(&self) -> bool {
        self.with(|it| it.progress.behind_since().is_some())
    }

    /// Notes that it is told; says so if it has not answered for long, since new serials may end each round early.
    fn sends(&self) {
        let late = self.with(|it| {
            let since = *it.unanswered_since.get_or_insert_with(Instant::now);
            let is_late = since.elapsed() >= ANSWER_WITHIN;
            is_late.then(|| it.last_failure.unwrap_or(NotifyFailure::Timeout))
        });
        if late.is_some() {
            self.ended(late);
        }
    }

    /// Notes why it could not be told, or that it was, and says so if that is new.
    fn ended(&self, failure: Option<NotifyFailure>) {
        let before = self.with(|it| {
            if failure.is_none() {
                (it.unanswered_since, it.last_failure) = (None, None);
            }
            std::mem::replace(&mut it.failure, failure)
        });
        let (secondary, zone) = (self.secondary, &self.apex);
        match (before, failure) {
            (None, Some(error)) => {
                tracing::warn!(%secondary, ?zone, %error, "a secondary is not told of changes (NOTIFY)");
            }
            (Some(_), None) => {
                tracing::info!(%secondary, ?zone, "the secondary is told of changes again (NOTIFY)");
            }
            _ => {}
        }
    }

    fn with<T>(&self, with: impl FnOnce(&mut ZoneState) -> T) -> T {
        with(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What does it.
#[derive(Debug)]
pub(super) struct ZoneTask<Link> {
    pub(super) link: Link,
    pub(super) progress: Arc<ZoneProgress>,
    pub(super) counters: Arc<NotifyCounters>,
    pub(super) serial: watch::Receiver<u32>,
    pub(super) kind: ZoneKind,
}

impl<Link: SecondaryLink> ZoneTask<Link> {
    /// Tells and looks until there are no more serials.
    pub(super) async fn run(self) {
        match self.kind {
            ZoneKind::Cluster => _ = tokio::join!(self.tell(), self.look()),
            ZoneKind::Catalog => self.tell().await,
        }
    }

    async fn tell(&self) {
        let mut serial = self.serial.clone();
        loop {
            let newest = *serial.borrow_and_update();
            // A newer serial begins anew at once; what waits for an older one ends.
            let is_new = tokio::select! {
                changed = serial.changed() => changed.is_ok(),
                () = self.round(newest) => tokio::select! {
                    changed = serial.changed() => changed.is_ok(),
                    () = self.progress.again.notified() => true,
                    // Nobody else finds out that it is back.
                    () = sleep(LOOK_EVERY), if self.lacks_list() => true,
                },
            };
            if !is_new {
                return;
            }
        }
    }

    /// Whether it is to have the catalog zone, and has not answered.
    fn lacks_list(&self) -> bool {
        self.kind == ZoneKind::Catalog && self.progress.is_behind()
    }

    /// Tells it one serial, again until it answers.
    async fn round(&self, serial: u32) {
        let (mut wait, mut failure) = (FIRST_WAIT, None);
        for _ in 0..ATTEMPTS {
            let end = Instant::now() + wait;
            self.counters.sent();
            self.progress.sends();
            let result = self.notify(serial, end).await;
            self.counters.ended(result);
            match result {
                Ok(()) => {
                    self.progress.ended(None);
                    // Many servers have nobody ask for a catalog zone (RFC 9432 §6): that it was told has to do.
                    if self.kind == ZoneKind::Catalog {
                        self.progress.with(|it| it.progress.saw(serial));
                    }
                    self.progress.told.notify_one();
                    return;
                }
                Err(error) => {
                    failure = Some(error);
                    self.progress.with(|it| it.last_failure = failure);
                }
            }
            // An error may come at once, but what causes it does not end as fast.
            sleep_until(end).await;
            wait *= 2;
        }
        self.progress.ended(failure);
    }

    async fn notify(&self, serial: u32, end: Instant) -> Result<(), NotifyFailure> {
        let mut message = Vec::new();
        let apex = self.progress.apex;
        let zone = Zone::new(apex);
        let soa = Soa {
            apex,
            // An apex that has no place for them is refused by `check`.
            name_server: zone.as_ref().map_or(apex, |it| it.name_server),
            mailbox: zone.as_ref().map_or(apex, |it| it.mailbox),
            serial,
            timers: TIMERS,
        };
        encode_notify(rand::random(), &soa, &mut message);
        let response = self.link.exchange(message, end).await?;
        match Header::read(&response).map(Header::rcode) {
            Ok(Rcode::NOERROR) => Ok(()),
            Ok(rcode) => Err(NotifyFailure::Rcode(rcode)),
            Err(_) => Err(NotifyFailure::Timeout),
        }
    }

    async fn look(&self) {
        let mut serial = self.serial.clone();
        let (mut delay, mut next) = (FIRST_LOOK, Instant::now() + FIRST_LOOK);
        let mut is_current = false;
        loop {
            tokio::select! {
                changed = serial.changed() => match changed {
                    Ok(()) if is_current => {
                        (delay, next) = (FIRST_LOOK, Instant::now() + FIRST_LOOK);
                        is_current = false;
                    }
                    Ok(()) => {}
                    Err(_) => return,
                },
                () = self.progress.told.notified() => {
                    delay = FIRST_LOOK;
                    next = next.min(Instant::now() + FIRST_LOOK);
                }
                () = sleep_until(next), if self.progress.is_behind() => {
                    let answer = self.ask_serial().await;
                    if let Ok(Some(seen)) = answer {
                        self.progress.with(|it| it.progress.saw(seen));
                    }
                    is_current = !self.progress.is_behind();
                    // It is there, and still without our serial.
                    if !is_current && answer.is_ok() && delay == LOOK_EVERY {
                        self.progress.again.notify_one();
                    }
                    delay = (delay * 2).min(LOOK_EVERY);
                    next = Instant::now() + delay;
                }
            }
        }
    }

    /// Asks it for its serial; it may have none yet.
    async fn ask_serial(&self) -> Result<Option<u32>, NotifyFailure> {
        let (apex, mut message) = (self.progress.apex, Vec::new());
        encode_soa_query(rand::random(), &apex, &mut message);
        let end = Instant::now() + FIRST_WAIT;
        let response = self.link.exchange(message, end).await?;
        Ok(soa_serial(&response, &apex))
    }
}
