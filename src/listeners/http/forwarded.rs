//! The client of a request that came through a proxy: who `X-Forwarded-For` says it is.
//!
//! Only what a trusted proxy wrote is believed. Each adds at the right whom it got the request from, so it
//! is read from the right, and what is left of the first hop that is not trusted is the client's own word.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use super::super::clients::Clients;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who sent a request over a connection of `peer`.
pub(super) fn client_behind(peer: IpAddr, headers: &HeaderMap, clients: &Clients) -> IpAddr {
    let lines = headers.get_all(X_FORWARDED_FOR);
    // Several lines are one list (RFC 9110 §5.3).
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|octet| *octet == b','));
    let mut client = peer;
    for hop in hops {
        if !clients.trust(client) {
            break;
        }
        // What is no address hides all that is left of it.
        let Some(address) = read(hop) else { break };
        client = address;
    }
    client
}

/// Reads an address, with or without port and brackets.
fn read(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    let address = bare.unwrap_or(text).parse().or_else(|_| with_port()).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::super::super::clients::ClientSettings;
    use super::*;

    fn client(peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|text| text.parse().unwrap());
        let clients = Clients::new(ClientSettings {
            trusted_proxies: trusted.into_iter().collect(),
            ..ClientSettings::default()
        });
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        client_behind(peer.parse().unwrap(), &headers, &clients).to_string()
    }

    #[test]
    fn the_client_is_the_right_most_hop_that_is_not_trusted() {
        for (lines, expected) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["198.51.100.1, 192.0.2.1"], "192.0.2.1"),
            (
                &["198.51.100.1, 192.0.2.1,10.0.0.9 ,\t10.0.0.8"],
                "192.0.2.1",
            ),
            (&["198.51.100.1", "192.0.2.1", "10.0.0.9"], "192.0.2.1"),
            (&["10.0.0.7, 10.0.0.8"], "10.0.0.7"),
            (&["192.0.2.1:4711"], "192.0.2.1"),
            (&["[2001:db8::1]:4711, fd00::1"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
        ] {
            assert_eq!(client("10.0.0.1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_walk() {
        for lines in [
            &[][..],
            &[""],
            &["192.0.2.1,"],
            &["192.0.2.1, unknown"],
            &["192.0.2.1, _hidden"],
            &["192.0.2.1, 10.0.0"],
            &["[192.0.2.1"],
            &["192.0.2.1:port"],
        ] {
            assert_eq!(client("10.0.0.1", lines), "10.0.0.1", "{lines:?}");
        }
        assert_eq!(client("10.0.0.1", &["192.0.2.1, ?, 10.0.0.9"]), "10.0.0.9");
    }

    #[test]
    fn whom_nobody_trusts_speaks_for_itself() {
        assert_eq!(client("192.0.2.9", &["192.0.2.1"]), "192.0.2.9");
    }
}
