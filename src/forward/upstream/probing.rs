//! Asks upstreams that are down, each no more than every 500 ms, until one answers: any answer will do.
//!
//! Floor 2. While all are up it sleeps.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use smallvec::SmallVec;

use super::super::policy::Carrier;
use super::super::question::ForwardQuestion;
use super::{UpstreamReply, ZoneUpstreams, now};
use crate::dns::RecordType;

/// How long a probe is waited for: as long as a question is, or one that is far away would never be up again.
const PROBE_WAIT: Duration = Duration::from_secs(2);

impl ZoneUpstreams {
    /// Probes those that are down, for ever.
    pub async fn probe(&self) {
        let mut probed: SmallVec<[usize; 4]> = SmallVec::new();
        let mut probes = FuturesUnordered::new();
        loop {
            let next = self.pool().next_probe();
            let due = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(place) = probes.next() => probed.retain(|it| *it != place),
                () = self.goes_down.notified() => {}
                () = due => {
                    for place in self.pool().due_probes(now()) {
                        // A connection may take several of them to be made, and another probe would only wait for it.
                        let is_by_udp = self.upstreams.get(place).is_some_and(|it| it.is_asked_by_udp());
                        if is_by_udp || !probed.contains(&place) {
                            probed.push(place);
                            probes.push(async move {
                                self.probe_one(place).await;
                                place
                            });
                        }
                    }
                }
            }
        }
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
