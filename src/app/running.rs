//! The running gateway: waits for its end, and shuts down in order.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::StartError;
use super::background_runtime::BackgroundRuntime;
use super::live_gateway::LiveGateway;
use super::liveness::LivenessProbe;
use super::reload::{ReadSource, Reloader};
use super::renewal::Renewable;
use super::service_manager::ServiceReporter;
use crate::config::Source;
use crate::listeners::udp::UdpWorker;
use crate::sync;

/// What each step of the end may take beyond the drain time.
const A_MOMENT: Duration = Duration::from_secs(1);

/// A gateway that answers.
pub struct Running {
    /// Cancelled when the gateway is about to end.
    pub(super) leaving: CancellationToken,
    /// Cancelled when it ends.
    pub(super) shutdown: CancellationToken,
    /// Cancelled when the operator's pages end, as the last.
    pub(super) last: CancellationToken,
    /// Who drops a gateway ends it.
    pub(super) _guards: [DropGuard; 3],
    pub(super) listeners: JoinSet<io::Result<()>>,
    pub(super) pages: JoinSet<io::Result<()>>,
    pub(super) udp: Vec<UdpWorker>,
    pub(super) syncing: JoinHandle<()>,
    /// What has Nomad read the filter.
    pub(super) filtering: JoinHandle<Result<(), StartError>>,
    /// What keeps the snapshot on disk, when there is to be one.
    pub(super) keeping: Option<JoinHandle<()>>,
    pub(super) lameduck: Duration,
    pub(super) drain: Duration,
    pub(super) gateway: Arc<LiveGateway>,
    pub(super) reload_check: Option<Duration>,
    pub(super) liveness: LivenessProbe,
    pub(super) sync: Arc<sync::Status>,
    pub(super) _background_runtime: BackgroundRuntime,
}

#[derive(Clone, Copy, Debug)]
enum GatewayPart {
    Listeners,
    Pages,
}

/// How a gateway is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Others may still count on it: it answers on until they have seen that it is not ready.
    AfterLameduck,
    /// Who asks waits for it.
    AtOnce,
}

/// How a gateway ended.
#[derive(Debug)]
pub enum ExitReason {
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
    /// First it is not ready any more, and answers on for a while; then connections end, then UDP, and then the operator's
    /// pages. What is under way may end within the drain time.
    pub async fn until(mut self, ending: impl Future<Output = Ending>) -> ExitReason {
        let (ended, ending) = tokio::select! {
            ending = ending => (ExitReason::Asked, ending),
            ended = self.broken() => (ended, Ending::AtOnce),
        };
        let lameduck = match ending {
            Ending::AfterLameduck => self.lameduck,
            Ending::AtOnce => Duration::ZERO,
        };
        let (lameduck_ms, drain_ms) = (millis(lameduck), millis(self.drain));
        tracing::info!(lameduck_ms, drain_ms, "ending");
        self.leaving.cancel();
        tokio::time::sleep(lameduck).await;
        self.shutdown.cancel();
        // A little more than the listeners allow their connections, so that theirs is what counts.
        let mut end = Instant::now() + self.drain + A_MOMENT;
        self.drained(GatewayPart::Listeners, end).await;
        // After the connections: what comes from now on waits for the next gateway, if sockets are kept for one.
        end += A_MOMENT;
        self.udp_ended(end).await;
        self.last.cancel();
        end += A_MOMENT;
        self.drained(GatewayPart::Pages, end).await;
        end += A_MOMENT;
        self.kept(end).await;
        self.recorded().await;
        ended
    }

    /// How long the end takes at most: what goes on then is stuck.
    pub fn ends_within(&self) -> Duration {
        self.lameduck + self.drain + A_MOMENT * 5
    }

    /// Waits until a part ends that must not.
    async fn broken(&mut self) -> ExitReason {
        tokio::select! {
            error = filter_refused(&mut self.filtering) => ExitReason::Misconfigured(error),
            result = &mut self.syncing => {
                ExitReason::Broken(format!("what follows Nomad ended: {result:?}"))
            }
            Some(result) = self.listeners.join_next() => {
                ExitReason::Broken(format!("a listener ended: {result:?}"))
            }
            Some(result) = self.pages.join_next() => {
                ExitReason::Broken(format!("the operator's listener ended: {result:?}"))
            }
        }
    }

    /// Waits for the UDP workers to answer what has come, not for ever.
    async fn udp_ended(&mut self, end: Instant) {
        let workers = std::mem::take(&mut self.udp);
        workers.iter().for_each(UdpWorker::stop);
        // They look every moment whether they are to stop; this blocks nobody else.
        let joined =
            tokio::task::spawn_blocking(move || workers.into_iter().for_each(UdpWorker::join));
        match timeout_at(end, joined).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a UDP worker failed at the end"),
            Err(_) => tracing::warn!("a UDP worker did not end in time"),
        }
    }

    /// Waits for a part's listeners to end, not for ever.
    async fn drained(&mut self, part: GatewayPart, end: Instant) {
        let tasks = match part {
            GatewayPart::Listeners => &mut self.listeners,
            GatewayPart::Pages => &mut self.pages,
        };
        let ended = async { while tasks.join_next().await.is_some() {} };
        if timeout_at(end, ended).await.is_err() {
            tracing::warn!(?part, "connections were cut that did not end in time");
        }
    }

    /// Waits for the last snapshot to be on disk, not for ever.
    async fn kept(&mut self, end: Instant) {
        let Some(keeping) = self.keeping.take() else {
            return;
        };
        match timeout_at(end, keeping).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last snapshot was not written"),
            Err(_) => tracing::warn!("the last snapshot was not written in time"),
        }
    }

    /// Waits for the query log to be written, not for ever.
    async fn recorded(&self) {
        let query_log = Arc::clone(self.gateway.query_log());
        if let Err(error) = tokio::task::spawn_blocking(move || query_log.end()).await {
            tracing::warn!(%error, "the query log was not ended in order");
        }
    }

    /// What tells systemd how the gateway is.
    pub fn service_reporter(&self) -> ServiceReporter {
        let (sync, liveness) = (Arc::clone(&self.sync), Arc::clone(&self.liveness));
        ServiceReporter::new(sync, liveness, self.leaving.clone(), self.ends_within())
    }

    /// What came from files, to be read again.
    pub fn renewable(&self) -> Renewable {
        self.gateway.renewable()
    }

    /// What reads the configuration again by `read`, which gave `running` at the start; it looks at it by itself as often as
    /// the settings say, until the gateway is about to end.
    pub fn reloader(&self, read: ReadSource, running: Source) -> Reloader {
        let reloader = Reloader::new(read, running, Arc::clone(&self.gateway));
        if let Some(every) = self.reload_check {
            tokio::spawn(reloader.clone().follow(every, self.leaving.clone()));
        }
        reloader
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
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
