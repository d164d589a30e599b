//! Asks upstreams that are down, each no more than every 500 ms, until one answers: any answer will do.
//!
//! Floor 2. While all are up it sleeps.

use std::time::Duration;

use super::super::policy::Carrier;
use super::super::question::ForwardQuestion;
use super::{UpstreamReply, ZoneUpstreams, now};
use crate::dns::RecordType;

/// How long a probe is waited for: less than until the next one.
const PROBE_WAIT: Duration = Duration::from_millis(450);

impl ZoneUpstreams {
    /// Probes those that are down, for ever.
    pub async fn probe(&self) {
        loop {
            let next = self.pool().next_probe();
            match next {
                None => self.goes_down.notified().await,
                Some(at) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(at) => self.probe_due().await,
                        () = self.goes_down.notified() => {}
                    }
                }
            }
        }
    }

    async fn probe_due(&self) {
        let due = self.pool().due_probes(now());
        let probes = due.into_iter().map(|place| self.probe_one(place));
        futures_util::future::join_all(probes).await;
    }

    async fn probe_one(&self, place: usize) {
        let Some(upstream) = self.upstreams.get(place) else {
            return;
        };
        let question = ForwardQuestion {
            name: self.apex,
            record_type: RecordType::SOA,
            dnssec_ok: false,
            checking_disabled: false,
        };
        // By turns: some answer at once only from what they have, and some say nothing where it is not to be recursion.
        let (message, since) = (question.probe(rand::random()), now());
        let asking = upstream.ask(&message, Carrier::Usual);
        match tokio::time::timeout(PROBE_WAIT, asking).await {
            Err(_)
            | Ok(
                UpstreamReply::Unreachable(_) | UpstreamReply::Mismatches | UpstreamReply::NoSocket,
            ) => {}
            // Letters are as they are here, so one in another case is the upstream's own.
            Ok(_) => self.answered(place, now().saturating_duration_since(since)),
        }
    }
}
