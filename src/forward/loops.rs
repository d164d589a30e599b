//! Finds out whether what goes upstream comes back here: a name that nobody else can know is asked for, and met again.
//!
//! Floor 2. While it does, nothing is forwarded, and it is looked again every 30 seconds. A loop that begins later makes
//! no storm either: a question is under way once, and ends after two seconds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::question::ForwardQuestion;
use super::upstream::ZoneUpstreams;
use crate::dns::{Name, RecordType};

/// How often it is looked again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The watch over the upstreams of one zone.
#[derive(Debug)]
pub(super) struct LoopWatch {
    /// None where the zone's name is so long that none fits below it.
    secret: Option<Name>,
    was_met: AtomicBool,
    is_looped: AtomicBool,
}

impl LoopWatch {
    pub(super) fn new(apex: &Name) -> Self {
        let label = format!("{:032x}", rand::random::<u128>());
        let labels = apex.labels();
        let labels = std::iter::once(label.as_bytes()).chain(labels.iter());
        Self {
            secret: Name::from_labels(labels).ok(),
            was_met: AtomicBool::new(false),
            is_looped: AtomicBool::new(false),
        }
    }

    /// Whether a query is ours, come back; that is noted.
    pub(super) fn meets(&self, name: &Name) -> bool {
        let is_met = self.secret.as_ref() == Some(name);
        if is_met {
            self.was_met.store(true, Ordering::Relaxed);
            self.is_looped.store(true, Ordering::Relaxed);
        }
        is_met
    }

    /// Whether what goes upstream comes back.
    pub(super) fn is_looped(&self) -> bool {
        self.is_looped.load(Ordering::Relaxed)
    }

    /// Looks once, and again as long as there is a loop.
    pub(super) async fn watch(&self, upstreams: &ZoneUpstreams) {
        let Some(name) = self.secret else { return };
        let question = ForwardQuestion {
            name,
            record_type: RecordType::HINFO,
            dnssec_ok: false,
            checking_disabled: false,
        };
        loop {
            self.was_met.store(false, Ordering::Relaxed);
            // Whatever is answered: that it came by here is told by `meets`.
            let _ = upstreams.resolve(question).await;
            let is_looped = self.was_met.load(Ordering::Relaxed);
            self.is_looped.store(is_looped, Ordering::Relaxed);
            if !is_looped {
                return;
            }
            tracing::error!(
                zone = ?upstreams.apex,
                "what is forwarded comes back here: an upstream forwards to this gateway; nothing is forwarded until that ends"
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
