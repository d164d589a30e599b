//! Whether the address of a query's client is proven: by its connection, or by a good cookie (RFC 7873).
//!
//! Floor 3, on the way of what is made anew; listeners ask it of messages over UDP where clients are limited.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use crate::dns::{CookieSecrets, Query, Transport};
use crate::fair_queue::ClientAddress;

/// Stands for the address of a client that has none.
const NO_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Tells where a query came from; without secrets no cookie is good.
pub(super) fn client_address(query: &Query, secrets: Option<&CookieSecrets>) -> ClientAddress {
    let has_good_cookie = || secrets.is_some_and(|secrets| knows_cookie(secrets, query));
    ClientAddress {
        ip: query.client,
        is_proven: query.transport != Transport::Udp || has_good_cookie(),
    }
}

/// Whether a query has a cookie that was made with these secrets for its client.
pub fn knows_cookie(secrets: &CookieSecrets, query: &Query) -> bool {
    let cookie = query.edns.and_then(|edns| edns.options.cookie);
    cookie.is_some_and(|cookie| secrets.know(&cookie, cookie_address(query), now_seconds()))
}

/// The address that a cookie is made for: a client without one has all addresses alike.
pub fn cookie_address(query: &Query) -> IpAddr {
    query.client.unwrap_or(NO_ADDRESS)
}

/// The time as cookies have it: seconds since 1970, the lower 32 bits (RFC 9018 §4.3).
pub fn now_seconds() -> u32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.unwrap_or(Duration::ZERO).as_secs();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "RFC 9018 counts modulo 2^32"
    )]
    let seconds = seconds as u32;
    seconds
}
