//! The running gateway: waits for its end, and ends it in order.

use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

use super::StartError;
use super::renewal::Renewable;
use crate::listeners::ShutdownTrigger;
use crate::listeners::udp::UdpWorker;

/// A gateway that answers.
#[derive(Debug)]
pub struct Running {
    pub(super) trigger: ShutdownTrigger,
    pub(super) last_trigger: ShutdownTrigger,
    pub(super) listeners: JoinSet<io::Result<()>>,
    pub(super) pages: JoinSet<io::Result<()>>,
    pub(super) udp: Vec<UdpWorker>,
    pub(super) syncing: JoinHandle<()>,
    /// What has Nomad read the filter.
    pub(super) filtering: JoinHandle<Result<(), StartError>>,
    /// What keeps the snapshot on disk, when there is to be one.
    pub(super) keeping: Option<JoinHandle<()>>,
    pub(super) drain: Duration,
    pub(super) renewable: Renewable,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Listeners,
    Pages,
}

/// How a gateway ended.
#[derive(Debug)]
pub enum Ended {
    /// It was asked to.
    Asked,
    /// A part of it ended that must not.
    Broken(String),
    /// It cannot go on as it is configured.
    Misconfigured(StartError),
}

impl Running {
    /// Waits until `ending` is ready or a part ends that must not, then drains and ends.
    ///
    /// What is under way may end within the drain time; UDP answers on until all else has ended.
    pub async fn until(mut self, ending: impl Future<Output = ()>) -> Ended {
        let ended = tokio::select! {
            () = ending => Ended::Asked,
            error = filter_refused(&mut self.filtering) => Ended::Misconfigured(error),
            result = &mut self.syncing => {
                Ended::Broken(format!("what follows Nomad ended: {result:?}"))
            }
            Some(result) = self.listeners.join_next() => {
                Ended::Broken(format!("a listener ended: {result:?}"))
            }
            Some(result) = self.pages.join_next() => {
                Ended::Broken(format!("the operator's listener ended: {result:?}"))
            }
        };
        tracing::info!(drain_ms = millis(self.drain), "ending");
        self.trigger.request();
        self.drained(Part::Listeners).await;
        self.last_trigger.request();
        self.drained(Part::Pages).await;
        self.kept().await;
        self.udp.iter().for_each(UdpWorker::stop);
        // They look every moment whether they are to stop; this blocks nobody else any more.
        tokio::task::spawn_blocking(move || self.udp.into_iter().for_each(UdpWorker::join))
            .await
            .unwrap_or_else(|error| tracing::warn!(%error, "a UDP worker did not end well"));
        ended
    }

    /// Waits for a part's listeners to end, not for ever.
    async fn drained(&mut self, part: Part) {
        let tasks = match part {
            Part::Listeners => &mut self.listeners,
            Part::Pages => &mut self.pages,
        };
        let ended = async { while tasks.join_next().await.is_some() {} };
        // A little more than the listeners allow their connections, so that theirs is what counts.
        if tokio::time::timeout(self.drain + Duration::from_secs(1), ended)
            .await
            .is_err()
        {
            tracing::warn!(?part, "connections were cut that did not end in time");
        }
    }

    /// Waits for the last snapshot to be on disk, not for ever.
    async fn kept(&mut self) {
        let Some(keeping) = self.keeping.take() else {
            return;
        };
        match tokio::time::timeout(self.drain, keeping).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the snapshot was not kept to the end"),
            Err(_) => tracing::warn!("the last snapshot did not get to the disk in time"),
        }
    }

    /// What came from files, to be read again.
    pub fn renewable(&self) -> Renewable {
        self.renewable.clone()
    }
}

/// Returns when Nomad does not understand the filter; it does not when all is well.
async fn filter_refused(filtering: &mut JoinHandle<Result<(), StartError>>) -> StartError {
    match filtering.await {
        Ok(Err(error)) => error,
        _ => pending().await,
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
