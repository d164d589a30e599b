//! The measured response time of an address, and how long it may be silent before that is suspicious.
//!
//! Floor 1. Smoothed as TCP does for its own timeout (RFC 6298 section 2), between a minimum and a maximum. Only
//! cheap requests are measured: the time of a long list says nothing about the connection.

use std::time::Duration;

use super::settings::Hedge;

/// How many times the delay of a hedge an address may be silent, beside another that has answered, before it is left.
const LEFT_AFTER: u32 = 4;

/// The round trip of one address.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RoundTrip(Option<Measured>);

#[derive(Clone, Copy, Debug)]
struct Measured {
    smoothed: Duration,
    variation: Duration,
}

impl RoundTrip {
    /// Takes a measure.
    pub(super) fn measure(&mut self, took: Duration) {
        self.0 = Some(match self.0 {
            None => Measured {
                smoothed: took,
                variation: took / 2,
            },
            Some(Measured {
                smoothed,
                variation,
            }) => Measured {
                variation: (variation * 3 + smoothed.abs_diff(took)) / 4,
                smoothed: (smoothed * 7 + took) / 8,
            },
        });
    }

    /// Returns after what silence another address is asked beside this one.
    pub(super) fn hedge_after(&self, hedge: &Hedge) -> Duration {
        self.0.map_or(hedge.unmeasured, |it| {
            (it.smoothed + it.variation * 4).clamp(hedge.least, hedge.most)
        })
    }

    /// Returns after what silence this address is left for another that has answered: much later, since one that is slow
    /// for a moment, or always, is no reason to move.
    pub(super) fn left_after(&self, hedge: &Hedge) -> Duration {
        (self.hedge_after(hedge) * LEFT_AFTER).max(hedge.left_least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_delay_follows_the_round_trip_between_its_bounds() {
        let hedge = Hedge::default();
        let mut way = RoundTrip::default();
        assert_eq!(way.hedge_after(&hedge), 120 * MS);
        way.measure(100 * MS);
        assert_eq!(way.hedge_after(&hedge), 300 * MS);
        // RFC 6298 section 2.3: the variation first, with the smoothed value before.
        way.measure(180 * MS);
        assert_eq!(way.hedge_after(&hedge), 110 * MS + 4 * (57 * MS + MS / 2));
        for _ in 0..100 {
            way.measure(MS);
        }
        assert_eq!(way.hedge_after(&hedge), hedge.least);
        way.measure(Duration::from_secs(60));
        assert_eq!(way.hedge_after(&hedge), hedge.most);
        assert!(way.left_after(&hedge) > hedge.most);
    }
}
