//! Whether the address of a query's client is proven: by its connection, or by a valid cookie (RFC 7873).
//!
//! Floor 3, used for answers that are not in the cache. Listeners also use it for UDP messages if clients have
//! limits.

use std::net::{IpAddr, Ipv4Addr};

use crate::dns::{CookieSecrets, Query, Transport};
use crate::fair_queue::ClientAddress;
use crate::unix_time::now_seconds_wrapping;

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
    cookie
        .is_some_and(|cookie| secrets.know(&cookie, cookie_address(query), now_seconds_wrapping()))
}

/// The address that a cookie is made for: a client without one has all addresses alike.
pub fn cookie_address(query: &Query) -> IpAddr {
    query.client.unwrap_or(NO_ADDRESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Class, Cookie, Edns, EdnsOptions, Name, QueryFlags, RecordType, Signature};

    fn query(transport: Transport, cookie: Option<Cookie>) -> Query {
        let options = EdnsOptions {
            cookie,
            ..EdnsOptions::default()
        };
        Query {
            id: 0,
            flags: QueryFlags::default(),
            name: Name::ROOT,
            record_type: RecordType::A,
            class: Class::IN,
            edns: Some(Edns {
                payload_octets: 1232,
                version: 0,
                dnssec_ok: false,
                options,
            }),
            transport,
            client: Some(IpAddr::from([192, 0, 2, 1])),
            signature: Signature::Absent,
        }
    }

    #[test]
    fn a_connection_or_a_good_cookie_proves_an_address_and_nothing_else_does() {
        let [secrets, others] = [7, 8].map(|octet| CookieSecrets::new([octet; 16], []));
        let fresh = Cookie {
            client: [1; 8],
            server: None,
        };
        let asked = query(Transport::Udp, Some(fresh));
        let good = Cookie {
            server: Some(secrets.answer(&fresh, cookie_address(&asked), now_seconds_wrapping())),
            ..fresh
        };
        let is_proven = |transport, cookie, secrets| {
            client_address(&query(transport, cookie), secrets).is_proven
        };
        for transport in Transport::ALL {
            let is_connected = transport != Transport::Udp;
            assert_eq!(is_proven(transport, None, Some(&secrets)), is_connected);
        }
        let udp = Transport::Udp;
        assert!(is_proven(udp, Some(good), Some(&secrets)));
        assert!(!is_proven(udp, Some(good), Some(&others)));
        assert!(!is_proven(udp, Some(good), None));
        assert!(!is_proven(udp, Some(fresh), Some(&secrets)));
    }
}
