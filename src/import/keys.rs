//! The keys of server blocks: how clients ask, for which zones, and at which port.
//!
//! Floor 7.

use ipnet::IpNet;

use super::error::{CorefileError, shown};
use super::tokens::Word;
use crate::dns::Name;

/// How clients of a server block ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerScheme {
    Dns,
    Tls,
    Https,
    /// DNS over HTTP/3, QUIC and gRPC.
    Other(&'static str),
}

/// A key, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerKey {
    pub(super) scheme: ServerScheme,
    /// Several for a network whose prefix does not end at a label.
    pub(super) zones: Vec<Name>,
    pub(super) port: u16,
    pub(super) word: Word,
}

/// The most zones that a network is cut into: a prefix of IPv4 is at most seven bits from the next label.
const MOST_NETWORK_ZONES: u8 = 7;

const SCHEMES: [(&str, ServerScheme, u16); 6] = [
    ("dns://", ServerScheme::Dns, 0),
    ("tls://", ServerScheme::Tls, 853),
    ("https://", ServerScheme::Https, 443),
    ("https3://", ServerScheme::Other("https3"), 443),
    ("quic://", ServerScheme::Other("quic"), 853),
    ("grpc://", ServerScheme::Other("grpc"), 443),
];

impl ServerKey {
    /// Reads a key, such as `.:53`, `tls://example.org` or `10.0.0.0/24`.
    ///
    /// # Errors
    /// What is no zone, or no port.
    pub(super) fn read(word: &Word, dns_port: u16) -> Result<Self, CorefileError> {
        let scheme = SCHEMES.iter().find_map(|(prefix, scheme, port)| {
            let rest = word.text.strip_prefix(prefix)?;
            Some((*scheme, *port, rest))
        });
        let (scheme, port, rest) = scheme.unwrap_or((ServerScheme::Dns, 0, &word.text));
        let usual = if port == 0 { dns_port } else { port };
        let wrong = |what: &str| {
            let problem = format!(
                "the key {} {what}; expected a zone or a network, with a port if need be, such as `.:53`, `tls://example.org` or \
                 `10.0.0.0/24`",
                shown(&word.text)
            );
            CorefileError::new(&word.position, problem)
        };
        let (zone, port) = match rest.rsplit_once(':') {
            _ if rest.parse::<IpNet>().is_ok() => (rest, usual),
            Some((zone, port)) => {
                let port = port.parse().ok().filter(|it| *it != 0);
                (
                    zone,
                    port.ok_or_else(|| wrong("has no port behind its colon"))?,
                )
            }
            None => (rest, usual),
        };
        let zone = if zone.is_empty() { "." } else { zone };
        Ok(Self {
            scheme,
            zones: zones(zone).ok_or_else(|| wrong("is no domain name"))?,
            port,
            word: word.clone(),
        })
    }
}

/// The zones that a text names: one, or the reverse zones of a network.
pub(super) fn zones(text: &str) -> Option<Vec<Name>> {
    match text.parse::<IpNet>() {
        Ok(network) => Some(reverse_zones(&network)),
        Err(_) => text.parse().ok().map(|zone| vec![zone]),
    }
}

fn reverse_zones(network: &IpNet) -> Vec<Name> {
    let label_bits: u8 = if matches!(network, IpNet::V4(_)) {
        8
    } else {
        4
    };
    let prefix = network.prefix_len().div_ceil(label_bits) * label_bits;
    debug_assert!(prefix - network.prefix_len() <= MOST_NETWORK_ZONES);
    let parts = network.subnets(prefix.min(network.max_prefix_len()));
    parts
        .into_iter()
        .flatten()
        .filter_map(|part| reverse_zone(&part, usize::from(prefix / label_bits)))
        .collect()
}

fn reverse_zone(network: &IpNet, labels: usize) -> Option<Name> {
    let (mut texts, end): (Vec<String>, _) = match network {
        IpNet::V4(network) => {
            let octets = network.network().octets();
            (octets.iter().map(u8::to_string).collect(), "in-addr.arpa")
        }
        IpNet::V6(network) => {
            let octets = network.network().octets();
            let nibbles = octets.iter().flat_map(|it| [it >> 4, it & 15]);
            (nibbles.map(|it| format!("{it:x}")).collect(), "ip6.arpa")
        }
    };
    texts.truncate(labels);
    texts.reverse();
    texts.push(end.to_owned());
    texts.join(".").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::import::error::Position;

    fn read(text: &str) -> Result<ServerKey, CorefileError> {
        let position = Position {
            file: Arc::from("Corefile"),
            line: 1,
        };
        let word = Word {
            text: text.into(),
            position,
            starts_line: true,
        };
        ServerKey::read(&word, 53)
    }

    fn shown(text: &str) -> (ServerScheme, String, u16) {
        let key = read(text).unwrap();
        let zones: Vec<String> = key.zones.iter().map(ToString::to_string).collect();
        (key.scheme, zones.join(" "), key.port)
    }

    #[test]
    fn keys_have_a_scheme_a_zone_and_a_port() {
        assert_eq!(shown("."), (ServerScheme::Dns, ".".into(), 53));
        assert_eq!(shown(":1053"), (ServerScheme::Dns, ".".into(), 1053));
        assert_eq!(
            shown("tls://example.org"),
            (ServerScheme::Tls, "example.org.".into(), 853)
        );
        assert_eq!(
            shown("https://.:8443"),
            (ServerScheme::Https, ".".into(), 8443)
        );
        assert_eq!(shown("quic://.").0, ServerScheme::Other("quic"));
    }

    #[test]
    fn networks_are_reverse_zones() {
        assert_eq!(shown("10.0.0.0/24").1, "0.0.10.in-addr.arpa.");
        assert_eq!(shown("10.0.0.0/24:1053").2, 1053);
        assert_eq!(
            shown("192.0.2.0/23").1,
            "2.0.192.in-addr.arpa. 3.0.192.in-addr.arpa."
        );
        assert_eq!(shown("2001:db8::/32").1, "8.b.d.0.1.0.0.2.ip6.arpa.");
    }

    #[test]
    fn what_is_no_key_is_an_error() {
        for text in [".:0", ".:53{", "a..b", ".:65536"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
