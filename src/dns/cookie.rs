//! Server cookies, which every server with the same secret makes and accepts (RFC 9018).
//!
//! A client with a valid cookie has received an answer at its address before. Pure: the time is an argument.

use std::hash::Hasher;
use std::net::IpAddr;

use siphasher::sip::SipHasher24;

use super::edns::Cookie;

/// The only version of server cookies that there is (RFC 9018 §4.1).
const VERSION: u8 = 1;
/// How long a cookie is good, in seconds (RFC 9018 §4.3).
const GOOD_SECONDS: u32 = 3600;
/// From which age on a good cookie is replaced, in seconds (RFC 9018 §4.3).
const REPLACED_SECONDS: u32 = 1800;
/// How far another server's clock may be ahead, in seconds (RFC 9018 §4.3).
const AHEAD_SECONDS: u32 = 300;

/// The secret that cookies are made with, and those that old ones were.
#[derive(Clone)]
pub struct CookieSecrets(Vec<[u8; 16]>);

impl CookieSecrets {
    /// Takes secrets: cookies are made with the first, and known by all (RFC 9018 §5).
    pub fn new(current: [u8; 16], previous: impl IntoIterator<Item = [u8; 16]>) -> Self {
        Self(std::iter::once(current).chain(previous).collect())
    }

    /// The server's part of the cookie that answers a client's: the one that it has, while that is
    /// good and young, else a new one.
    pub fn answer(&self, cookie: &Cookie, client: IpAddr, now_seconds: u32) -> [u8; 16] {
        let age = |server| self.age(cookie, server, client, now_seconds);
        let young = |server: &[u8; 16]| age(*server).is_some_and(|age| age < REPLACED_SECONDS);
        let kept = cookie.server.filter(young);
        kept.unwrap_or_else(|| self.make(cookie, client, now_seconds))
    }

    /// Whether a client's cookie has a server's part that is good: what was sent to it came back.
    pub fn know(&self, cookie: &Cookie, client: IpAddr, now_seconds: u32) -> bool {
        let age = |server| self.age(cookie, server, client, now_seconds);
        cookie.server.and_then(age).is_some()
    }

    /// The age of a cookie in seconds; none when it is not good.
    fn age(
        &self,
        cookie: &Cookie,
        server: [u8; 16],
        client: IpAddr,
        now_seconds: u32,
    ) -> Option<u32> {
        let [version, _, _, _, t0, t1, t2, t3, ..] = server;
        let made_seconds = u32::from_be_bytes([t0, t1, t2, t3]);
        // Serial number arithmetic, so that 2106 is a year like any other (RFC 1982).
        let age = now_seconds.wrapping_sub(made_seconds);
        let ahead = made_seconds.wrapping_sub(now_seconds);
        let age = if ahead <= AHEAD_SECONDS { 0 } else { age };
        let head = *server.first_chunk::<8>()?;
        let known = |secret: &[u8; 16]| server == with_hash(secret, cookie, head, client);
        (version == VERSION && age < GOOD_SECONDS && self.0.iter().any(known)).then_some(age)
    }

    fn make(&self, cookie: &Cookie, client: IpAddr, now_seconds: u32) -> [u8; 16] {
        let [t0, t1, t2, t3] = now_seconds.to_be_bytes();
        with_hash(
            &self.0[0],
            cookie,
            [VERSION, 0, 0, 0, t0, t1, t2, t3],
            client,
        )
    }
}

impl std::fmt::Debug for CookieSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CookieSecrets(..)")
    }
}

/// The first half of a server cookie with its hash behind it (RFC 9018 §4.4).
fn with_hash(secret: &[u8; 16], cookie: &Cookie, head: [u8; 8], client: IpAddr) -> [u8; 16] {
    let mut hasher = SipHasher24::new_with_key(secret);
    hasher.write(&cookie.client);
    hasher.write(&head);
    match client {
        IpAddr::V4(client) => hasher.write(&client.octets()),
        IpAddr::V6(client) => hasher.write(&client.octets()),
    }
    let mut server = [0; 16];
    server[..8].copy_from_slice(&head);
    server[8..].copy_from_slice(&hasher.finish().to_le_bytes());
    server
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 9018 appendix A.1 and A.2.
    const SECRET: [u8; 16] = 0xe5e9_73e5_a6b2_a43f_48e7_dc84_9e37_bfcf_u128.to_be_bytes();
    const CLIENT: [u8; 8] = 0x2464_c4ab_cf10_c957_u64.to_be_bytes();
    const SERVER: [u8; 16] = 0x0100_0000_5cf7_9f11_1f81_30c3_eee2_9480_u128.to_be_bytes();
    const MADE: u32 = 0x5cf7_9f11;

    fn address() -> IpAddr {
        "198.51.100.100".parse().unwrap()
    }

    #[test]
    fn cookies_are_those_of_rfc_9018() {
        let secrets = CookieSecrets::new(SECRET, []);
        let fresh = Cookie {
            client: CLIENT,
            server: None,
        };
        assert_eq!(secrets.answer(&fresh, address(), MADE), SERVER);
    }

    #[test]
    fn a_young_cookie_is_kept_and_an_old_or_foreign_one_replaced() {
        let secrets = CookieSecrets::new(SECRET, []);
        let mine = Cookie {
            client: CLIENT,
            server: Some(SERVER),
        };
        assert_eq!(secrets.answer(&mine, address(), MADE + 1799), SERVER);
        assert!(secrets.know(&mine, address(), MADE + 3599));
        assert!(!secrets.know(&mine, address(), MADE + 3600));
        assert_eq!(
            secrets.answer(&mine, address(), MADE - 299),
            SERVER,
            "a clock that is ahead"
        );
        for (client, now) in [
            (address(), MADE + 1800),
            (address(), MADE + 7200),
            (address(), MADE - 301),
            ("198.51.100.101".parse().unwrap(), MADE),
        ] {
            let made = secrets.answer(&mine, client, now);
            assert_ne!(made, SERVER);
            assert_eq!(made[4..8], now.to_be_bytes());
        }
    }

    #[test]
    fn a_cookie_of_the_previous_secret_is_known() {
        let secrets = CookieSecrets::new([7; 16], [SECRET]);
        let mine = Cookie {
            client: CLIENT,
            server: Some(SERVER),
        };
        assert_eq!(secrets.answer(&mine, address(), MADE + 1), SERVER);
        let secrets = CookieSecrets::new([7; 16], []);
        assert_ne!(secrets.answer(&mine, address(), MADE + 1), SERVER);
    }
}
