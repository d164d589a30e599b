//! The way from the client to the servers of the cluster, in memory: what goes over it is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::StreamExt as _;
use nomadns::demo::{InMemory, SimulatedCluster};
use reqwest::{Body, Request, Response};
use tokio::time::{Duration, sleep};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service as _, service_fn};

/// How long a request is on its way. Without it a client that asks for ever would never let time pass.
const ON_ITS_WAY: Duration = Duration::from_millis(1);

/// What sends the requests of one address.
pub(crate) type Way = BoxCloneSyncService<Request, Response, BoxError>;

/// Requests so far, and those that are under way now: an open stream is one of them.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    requests: AtomicU64,
    /// The most that were under way to one server at the same time.
    peak: AtomicUsize,
}

/// A request that is under way to a server, among others.
struct UnderWay(Arc<AtomicUsize>);

impl Traffic {
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The most that were under way to one server at the same time.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    /// Makes a way to each server.
    pub(crate) fn ways(self: &Arc<Self>, cluster: &SimulatedCluster) -> Vec<Way> {
        (0..cluster.servers().len())
            .map(|server| self.way(cluster.service(server)))
            .collect()
    }

    fn way(self: &Arc<Self>, server: InMemory) -> Way {
        let traffic = Arc::clone(self);
        let all = Arc::<AtomicUsize>::default();
        BoxCloneSyncService::new(service_fn(move |request: Request| {
            let (mut server, under_way) = (server.clone(), traffic.enter(&all));
            async move {
                sleep(ON_ITS_WAY).await;
                let request = http::Request::<Body>::try_from(request)?;
                let response = server.call(request).await?;
                let body = |body: axum::body::Body| {
                    let chunks = body.into_data_stream();
                    Body::wrap_stream(chunks.inspect(move |_| {
                        // It is under way as long as its body comes.
                        let _ = &under_way;
                    }))
                };
                Ok::<_, BoxError>(Response::from(response.map(body)))
            }
        }))
    }

    fn enter(&self, all: &Arc<AtomicUsize>) -> UnderWay {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let now = all.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(now, Ordering::Relaxed);
        UnderWay(Arc::clone(all))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
