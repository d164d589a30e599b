//! Who may ask, and how often: the same for every transport.
//!
//! Floor 4, because only listeners know the client. DNS messages are checked in `exchange`, HTTP requests by the
//! first layer of the router. How the client's address is found is in `accept` and `http`.

mod limiter;
mod networks;
mod refusals;
mod unproven;

use std::net::IpAddr;
use std::sync::Arc;

use self::limiter::Limiter;
pub use self::limiter::Rate;
pub use self::networks::Networks;
pub(super) use self::networks::client_network;
pub use self::refusals::{Refusal, Refusals};
use self::unproven::Unproven;
pub(super) use self::unproven::{AnswerKind, Sent};
pub use self::unproven::{UnprovenCounters, UnprovenSettings};
use super::counters::ListenerKind;
use crate::dns::{Answer, AnswerBuilder, ExtendedError, Rcode};

/// What clients may do, as the operator has it.
#[derive(Clone, Debug, Default)]
pub struct ClientSettings {
    /// Those that are answered; none for everybody.
    pub allow: Option<Networks>,
    /// How often one may ask; none for as often as it likes.
    pub rate: Option<Rate>,
    /// How often one may begin a TLS handshake; none for as often as it likes.
    pub handshakes: Option<Rate>,
    /// Those that may ask as often as they like.
    pub exempt: Networks,
    /// How much is sent to addresses that are not proven; none for any amount.
    pub unproven: Option<UnprovenSettings>,
    /// Peers that are believed who their client is.
    pub trusted_proxies: Networks,
    /// Listeners on which such a peer has to say so before all else, by the PROXY protocol.
    pub proxy_protocol: Vec<ListenerKind>,
}

/// What is known of the address that a query came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum SourceAddress {
    /// Anybody can have written it: UDP.
    Claimed,
    /// What was sent there came back: a connection, or a good cookie.
    Proven,
}

/// Judges clients, and counts those that it refuses.
#[derive(Debug)]
pub struct Clients {
    settings: ClientSettings,
    limiter: Option<Limiter>,
    handshakes: Option<Limiter>,
    unproven: Option<Unproven>,
    /// An answer of so many times the octets of its query goes to anybody.
    free_factor: usize,
    refusals: Arc<Refusals>,
    unproven_counters: Arc<UnprovenCounters>,
    /// Made once, so that refusing costs less than answering.
    not_allowed: Answer,
    over_rate: Answer,
}

impl Clients {
    /// Makes the judge.
    pub fn new(settings: ClientSettings) -> Self {
        let refused = |error| AnswerBuilder::error(Rcode::REFUSED, Some(error));
        let unproven = settings.unproven.as_ref().and_then(Unproven::new);
        Self {
            limiter: settings.rate.map(Limiter::new),
            handshakes: settings.handshakes.map(Limiter::new),
            free_factor: unproven.as_ref().map_or(usize::MAX, Unproven::free_factor),
            unproven,
            settings,
            refusals: Arc::default(),
            unproven_counters: Arc::default(),
            not_allowed: refused(ExtendedError::PROHIBITED),
            over_rate: refused(ExtendedError::OVER_RATE),
        }
    }

    /// Makes a judge with the same settings that counts on where another has counted.
    #[must_use]
    pub fn counting_with(&self, other: &Self) -> Self {
        Self {
            refusals: Arc::clone(&other.refusals),
            unproven_counters: Arc::clone(&other.unproven_counters),
            ..Self::new(self.settings.clone())
        }
    }

    /// What was refused so far.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// What answers to addresses that are not proven have become.
    pub fn unproven_counters(&self) -> &UnprovenCounters {
        &self.unproven_counters
    }

    /// Whether an answer over UDP is so much longer than its query that it may not go to anybody at any rate.
    #[inline]
    pub(super) fn bounds(&self, client: Option<IpAddr>, asked: usize, answered: usize) -> bool {
        if answered <= asked.saturating_mul(self.free_factor) {
            return false;
        }
        let Some(unproven) = &self.unproven else {
            return false;
        };
        client.is_some_and(|client| !unproven.is_exempt(client))
    }

    /// What becomes of such an answer, and counts that.
    pub(super) fn send(&self, client: Option<IpAddr>, kind: AnswerKind, octets: usize) -> Sent {
        let (Some(unproven), Some(client)) = (&self.unproven, client) else {
            return Sent::Whole;
        };
        let sent = unproven.send(client, kind, octets);
        self.unproven_counters.count(sent);
        sent
    }

    /// Whether a client may ask now; counts it if not, under its listener (none for UDP).
    pub(super) fn judge(
        &self,
        client: Option<IpAddr>,
        address: SourceAddress,
        listener: Option<ListenerKind>,
    ) -> Result<(), Refusal> {
        let refusal = if !self.allows(client) {
            Refusal::NotAllowed
        } else if self.may_ask_now(client, address) {
            return Ok(());
        } else if address == SourceAddress::Claimed {
            Refusal::Unproven
        } else {
            Refusal::OverRate
        };
        self.refusals.count(listener, refusal);
        Err(refusal)
    }

    /// Whether a client may ask at all.
    pub(super) fn allows(&self, client: Option<IpAddr>) -> bool {
        let Some(allowed) = &self.settings.allow else {
            return true;
        };
        client.is_some_and(|client| allowed.contain(client))
    }

    /// Whether a client may begin a TLS handshake now; a proxy begins those of many clients.
    pub(super) fn may_shake_hands(&self, client: IpAddr) -> bool {
        let Some(handshakes) = &self.handshakes else {
            return true;
        };
        self.settings.exempt.contain(client)
            || self.trust(client)
            || handshakes.takes(client, SourceAddress::Proven)
    }

    /// Whether it has to be known if an address is proven.
    pub(super) fn are_limited(&self) -> bool {
        self.limiter.is_some()
    }

    /// Whether a peer speaks for others.
    pub(super) fn trust(&self, peer: IpAddr) -> bool {
        self.settings.trusted_proxies.contain(peer)
    }

    /// Whether a peer has to say first for whom it speaks.
    pub(super) fn introduces(&self, peer: IpAddr, listener: ListenerKind) -> bool {
        self.settings.proxy_protocol.contains(&listener) && self.trust(peer)
    }

    /// What a client is told that is refused by an answer.
    pub(super) fn answer(&self, refusal: Refusal) -> &Answer {
        match refusal {
            Refusal::NotAllowed => &self.not_allowed,
            Refusal::OverRate | Refusal::Unproven => &self.over_rate,
        }
    }

    fn may_ask_now(&self, client: Option<IpAddr>, address: SourceAddress) -> bool {
        let (Some(limiter), Some(client)) = (&self.limiter, client) else {
            return true;
        };
        self.settings.exempt.contain(client) || limiter.takes(client, address)
    }
}

impl Default for Clients {
    /// Lets everybody ask.
    fn default() -> Self {
        Self::new(ClientSettings::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_exempt_and_who_speaks_for_others_begin_as_many_handshakes_as_they_like() {
        let networks = |network: &str| [network.parse().unwrap()].into_iter().collect();
        let clients = Clients::new(ClientSettings {
            handshakes: Some(Rate {
                queries_per_second: 1,
                burst: 1,
                tracked: 64,
            }),
            exempt: networks("192.0.2.0/25"),
            trusted_proxies: networks("192.0.2.128/25"),
            ..ClientSettings::default()
        });
        for (address, may_again) in [
            ("192.0.2.1", true),
            ("192.0.2.129", true),
            ("198.51.100.1", false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert!(clients.may_shake_hands(address));
            assert_eq!(clients.may_shake_hands(address), may_again, "{address}");
        }
    }
}
