//! The address of an upstream, as it is written in the configuration.
//!
//! Floor 2. `udp://10.0.0.2`, `tcp://10.0.0.2:5353`, `tls://9.9.9.9#dns.quad9.net`, `quic://9.9.9.9#dns.quad9.net`,
//! `https://dns.example/dns-query`, the last with the addresses of its host behind a `#` if need be. What `system` means, the
//! configuration knows.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use rustls_pki_types::ServerName;

const DNS_PORT: u16 = 53;
/// Of DNS over TLS, and of DNS over QUIC (RFC 9250 §4.1.1).
const TLS_PORT: u16 = 853;
const HTTPS_PORT: u16 = 443;

/// Where an upstream is, and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamAddress {
    text: String,
    pub(super) kind: UpstreamKind,
}

/// The ways to an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UpstreamKind {
    /// Plain DNS over UDP, over TCP where that is needed.
    Udp(SocketAddr),
    /// Plain DNS over TCP only.
    Tcp(SocketAddr),
    /// DNS over TLS; the certificate has to be good for the name.
    Tls(SocketAddr, ServerName<'static>),
    /// DNS over QUIC; the certificate likewise.
    Quic(SocketAddr, ServerName<'static>),
    /// DNS over HTTPS.
    Https(DohEndpoint),
}

/// A server of DNS over HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DohEndpoint {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) path: String,
    /// The addresses of the host; where there are none the resolver of the system is asked.
    pub(super) addresses: Vec<IpAddr>,
}

/// Why a text is no address of an upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamAddressError {
    /// Another scheme, or none.
    #[error(
        "must begin with udp://, tcp://, tls://, quic:// or https://, or be \"system\", such as \"udp://10.0.0.2\" or \
         \"tls://9.9.9.9#dns.quad9.net\""
    )]
    Scheme,
    /// No address of IP behind the scheme.
    #[error(
        "needs an IP address, with a port if it is not {0}, such as \"10.0.0.2\" or \"[fd00::2]:{0}\""
    )]
    Address(u16),
    /// No name behind the address of DNS over TLS or QUIC.
    #[error(
        "needs the name in the server's certificate behind a #, such as \"{0}://9.9.9.9#dns.quad9.net\""
    )]
    CertificateName(&'static str),
    /// No URL of DNS over HTTPS.
    #[error(
        "is no URL of DNS over HTTPS; expected one such as \"https://dns.example/dns-query\", with the host's IP addresses \
         behind a # if need be"
    )]
    Url,
}

impl UpstreamAddress {
    /// The addresses that it has, which the gateway's own may not be.
    pub fn sockets(&self) -> Vec<SocketAddr> {
        match &self.kind {
            UpstreamKind::Udp(address)
            | UpstreamKind::Tcp(address)
            | UpstreamKind::Tls(address, _)
            | UpstreamKind::Quic(address, _) => vec![*address],
            UpstreamKind::Https(endpoint) => {
                let literal = endpoint.host.parse().ok();
                let addresses = endpoint.addresses.iter().copied().chain(literal);
                addresses.map(|ip| (ip, endpoint.port).into()).collect()
            }
        }
    }

    /// The address of a server that is asked over UDP.
    pub fn plain(address: SocketAddr) -> Self {
        Self {
            text: format!("udp://{address}"),
            kind: UpstreamKind::Udp(address),
        }
    }

    /// Whether nobody on the way can read the questions: by TLS, QUIC or HTTPS.
    pub fn is_encrypted(&self) -> bool {
        match self.kind {
            UpstreamKind::Udp(_) | UpstreamKind::Tcp(_) => false,
            UpstreamKind::Tls(..) | UpstreamKind::Quic(..) | UpstreamKind::Https(_) => true,
        }
    }
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for UpstreamAddress {
    type Err = UpstreamAddressError;

    fn from_str(text: &str) -> Result<Self, UpstreamAddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(UpstreamAddressError::Scheme)?;
        let kind = match scheme {
            "udp" => UpstreamKind::Udp(socket(rest, DNS_PORT)?),
            "tcp" => UpstreamKind::Tcp(socket(rest, DNS_PORT)?),
            "tls" => {
                let (address, name) = with_name(rest, "tls")?;
                UpstreamKind::Tls(address, name)
            }
            "quic" => {
                let (address, name) = with_name(rest, "quic")?;
                UpstreamKind::Quic(address, name)
            }
            "https" => UpstreamKind::Https(endpoint(rest).ok_or(UpstreamAddressError::Url)?),
            _ => return Err(UpstreamAddressError::Scheme),
        };
        Ok(Self {
            text: text.to_owned(),
            kind,
        })
    }
}

/// The address of a server, and the name in its certificate behind a `#`.
fn with_name(
    text: &str,
    scheme: &'static str,
) -> Result<(SocketAddr, ServerName<'static>), UpstreamAddressError> {
    let (address, name) = text.split_once('#').unwrap_or((text, ""));
    let address = socket(address, TLS_PORT)?;
    match ServerName::try_from(name.to_owned()) {
        Ok(name) => Ok((address, name)),
        Err(_) => Err(UpstreamAddressError::CertificateName(scheme)),
    }
}

fn socket(text: &str, port: u16) -> Result<SocketAddr, UpstreamAddressError> {
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    let of_ip = plain.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port));
    let address = text.parse::<SocketAddr>().or(of_ip).ok();
    address
        .filter(|address| address.port() != 0 && !address.ip().is_unspecified())
        .ok_or(UpstreamAddressError::Address(port))
}

fn endpoint(text: &str) -> Option<DohEndpoint> {
    let (url, addresses) = text.split_once('#').unwrap_or((text, ""));
    let (authority, path) = url.split_once('/')?;
    let authority: http::uri::Authority = authority.parse().ok()?;
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let path = format!("/{path}");
    path.parse::<http::uri::PathAndQuery>().ok()?;
    ServerName::try_from(host.clone()).ok()?;
    let addresses = addresses.split(',').filter(|it| !it.is_empty());
    let addresses: Result<Vec<IpAddr>, _> = addresses.map(str::parse).collect();
    let is_whole = !authority.as_str().contains('@');
    is_whole.then_some(DohEndpoint {
        host,
        port: authority.port_u16().unwrap_or(HTTPS_PORT),
        path,
        addresses: addresses.ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scheme_has_its_form_and_its_port() {
        for (text, expected) in [
            ("udp://10.0.0.2", "10.0.0.2:53"),
            ("udp://[fd00::2]", "[fd00::2]:53"),
            ("udp://fd00::2", "[fd00::2]:53"),
            ("tcp://10.0.0.2:5353", "10.0.0.2:5353"),
            ("tls://9.9.9.9#dns.quad9.net", "9.9.9.9:853"),
            ("quic://9.9.9.9#dns.quad9.net", "9.9.9.9:853"),
            ("https://dns.example/dns-query#192.0.2.1", "192.0.2.1:443"),
            ("https://192.0.2.2:8443/q", "192.0.2.2:8443"),
        ] {
            let address: UpstreamAddress = text.parse().unwrap();
            let sockets = address.sockets();
            assert_eq!(sockets, [expected.parse::<SocketAddr>().unwrap()], "{text}");
            assert_eq!(address.to_string(), text);
        }
        let named: UpstreamAddress = "https://dns.example/dns-query".parse().unwrap();
        assert!(named.sockets().is_empty() && named.is_encrypted());
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, expected) in [
            ("10.0.0.2", UpstreamAddressError::Scheme),
            ("sdns://10.0.0.2", UpstreamAddressError::Scheme),
            (
                "quic://10.0.0.2",
                UpstreamAddressError::CertificateName("quic"),
            ),
            ("udp://dns.example", UpstreamAddressError::Address(53)),
            ("udp://0.0.0.0", UpstreamAddressError::Address(53)),
            ("udp://10.0.0.2:0", UpstreamAddressError::Address(53)),
            (
                "tls://9.9.9.9",
                UpstreamAddressError::CertificateName("tls"),
            ),
            ("tls://dns.quad9.net", UpstreamAddressError::Address(853)),
            ("https://dns.example", UpstreamAddressError::Url),
            ("https://u:p@dns.example/q", UpstreamAddressError::Url),
            ("https://dns.example/q#host", UpstreamAddressError::Url),
        ] {
            assert_eq!(text.parse::<UpstreamAddress>(), Err(expected), "{text}");
        }
    }
}
