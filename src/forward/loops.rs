//! Finds out whether what goes upstream comes back here: a name that nobody else can know is asked for, and met again.
//!
//! Floor 2. While it does, nothing is forwarded, and it is looked again every 30 seconds. A loop that begins later makes
//! no storm either: a question is under way once, and ends after two seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::question::ForwardQuestion;
use super::upstream::ZoneUpstreams;
use crate::dns::{Name, RecordType};

/// How often it is looked again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The watch over the upstreams of one zone.
#[derive(Debug)]
pub(super) struct LoopWatch {
    apex: Name,
    /// The name that is asked for now, a new one at each look: upstreams see it, and whoever repeats it later says nothing.
    secret: ArcSwapOption<Name>,
    was_met: AtomicBool,
    is_looped: AtomicBool,
}

impl LoopWatch {
    pub(super) fn new(apex: &Name) -> Self {
        Self {
            apex: *apex,
            secret: ArcSwapOption::empty(),
            was_met: AtomicBool::new(false),
            is_looped: AtomicBool::new(false),
        }
    }

    /// Whether a query is ours, come back; that is noted.
    pub(super) fn meets(&self, name: &Name) -> bool {
        let secret = self.secret.load();
        let is_met = secret.as_ref().is_some_and(|secret| **secret == *name);
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
        // Where the zone's name is so long that none fits below it, nothing is looked for.
        while let Some(name) = secret_below(&self.apex) {
            self.was_met.store(false, Ordering::Relaxed);
            self.secret.store(Some(Arc::new(name)));
            // Whatever is answered: that it came by here is told by `meets`.
            let _ = upstreams.resolve(&question(name)).await;
            self.secret.store(None);
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

/// A name that nobody can guess.
fn secret_below(apex: &Name) -> Option<Name> {
    let label = format!("{:032x}", rand::random::<u128>());
    let labels = apex.labels();
    Name::from_labels(std::iter::once(label.as_bytes()).chain(labels.iter())).ok()
}

fn question(name: Name) -> ForwardQuestion {
    ForwardQuestion {
        name,
        record_type: RecordType::HINFO,
        dnssec_ok: false,
        checking_disabled: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_met_only_while_it_is_asked_for() {
        let watch = LoopWatch::new(&Name::ROOT);
        let [one, other] = [(); 2].map(|()| secret_below(&Name::ROOT).unwrap());
        assert!(!watch.meets(&one));
        watch.secret.store(Some(Arc::new(one)));
        assert!(!watch.meets(&other) && !watch.is_looped());
        assert!(watch.meets(&one) && watch.is_looped());
        // The next look finds no loop: what was seen of the last one is of no use to anybody.
        watch.secret.store(None);
        watch.is_looped.store(false, Ordering::Relaxed);
        assert!(!watch.meets(&one) && !watch.is_looped());
    }
}
