//! Whether the gateway answers: it sends itself a query through every UDP worker and through the stack of the
//! connections.
//!
//! Floor 7. It does not depend on Nomad: an error answer counts as alive. Whether the cluster is known is what
//! `/readyz` reports.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::answers::ZoneSettings;
use crate::dns::{Query, RecordType, wire};
use crate::layers::WorkerStack;
use crate::listeners::admin::Liveness;
use crate::listeners::exchange::Exchange;
use crate::listeners::udp::Pulse;

/// How long what was found is told again, so that asking often costs nothing.
const FOUND_FOR: Duration = Duration::from_secs(1);
/// How long a worker may take; one that is idle takes at most a fifth of a second.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// Asks whether the gateway answers.
pub(super) type LivenessProbe =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Liveness> + Send>> + Send + Sync>;

/// Asks itself, and keeps what it found.
struct Prober {
    workers: Vec<Arc<Pulse>>,
    connections: Exchange<WorkerStack>,
    found: Option<(Instant, Liveness)>,
}

/// Makes what tells whether the gateway answers.
pub(super) fn liveness(
    workers: Vec<Arc<Pulse>>,
    connections: Exchange<WorkerStack>,
) -> LivenessProbe {
    let prober = Arc::new(Mutex::new(Prober {
        workers,
        connections,
        found: None,
    }));
    Arc::new(move || {
        let prober = Arc::clone(&prober);
        // Who asks meanwhile waits for the same.
        Box::pin(async move { prober.lock().await.find().await })
    })
}

/// Makes the query that the gateway asks itself: the SOA of a zone, which no state of Nomad changes.
pub(super) fn own_query(zones: &ZoneSettings) -> Option<Vec<u8>> {
    let query = Query::own(zones.zones().first()?.apex, RecordType::SOA);
    let mut message = Vec::new();
    wire::encode_query(&query, &mut message);
    Some(message)
}

impl Prober {
    async fn find(&mut self) -> Liveness {
        if let Some((at, found)) = &self.found
            && at.elapsed() < FOUND_FOR
        {
            return found.clone();
        }
        let found = self.ask().await;
        self.found = Some((Instant::now(), found.clone()));
        found
    }

    async fn ask(&mut self) -> Liveness {
        if !self.connections.answers_itself() {
            return Liveness::Dead("connections get no answers".into());
        }
        let end = Instant::now() + ANSWERED_WITHIN;
        // Together: each has been asked before the first is waited for.
        let asked: Vec<_> = self.workers.iter().map(|it| it.ask()).collect();
        let mut silent = 0;
        for (worker, number) in self.workers.iter().zip(asked) {
            silent += usize::from(timeout_at(end, worker.felt(number)).await.is_err());
        }
        match silent {
            0 => Liveness::Alive,
            _ => Liveness::Dead(format!(
                "{silent} of {} UDP workers do not answer",
                self.workers.len()
            )),
        }
    }
}
