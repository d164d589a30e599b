//! Counts refused queries by reason, never by address.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::counters::ListenerKind;

/// Why a client is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not among those that are answered.
    NotAllowed,
    /// It asks too often.
    OverRate,
    /// It seems to ask too often, but anybody can have written its address.
    Unproven,
}

impl Refusal {
    const ALL: [Self; 3] = [Self::NotAllowed, Self::OverRate, Self::Unproven];

    const fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => "not_allowed",
            Self::OverRate => "over_rate",
            Self::Unproven => "unproven",
        }
    }
}

/// How many queries and requests were refused.
#[derive(Debug, Default)]
pub struct Refusals {
    udp: [AtomicU64; Refusal::ALL.len()],
    connections: [[AtomicU64; Refusal::ALL.len()]; ListenerKind::ALL.len()],
}

impl Refusals {
    /// Counts one, under its listener; none for UDP.
    pub(super) fn count(&self, listener: Option<ListenerKind>, refusal: Refusal) {
        let counts = listener.map_or(&self.udp, |kind| &self.connections[kind as usize]);
        counts[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Goes through them: the listener, the reason, how many. The operator's pages refuse nobody.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let kinds = ListenerKind::ALL
            .into_iter()
            .filter(|kind| *kind != ListenerKind::Admin);
        let connections = kinds.map(|kind| (kind.as_str(), &self.connections[kind as usize]));
        let all = std::iter::once(("udp", &self.udp)).chain(connections);
        all.flat_map(|(listener, counts)| {
            let reasons = Refusal::ALL.into_iter().zip(counts);
            reasons.map(move |(reason, count)| {
                (listener, reason.as_str(), count.load(Ordering::Relaxed))
            })
        })
    }
}
