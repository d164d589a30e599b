//! The URL of a gateway as clients have it: DNS over HTTPS (RFC 8484), or `tls://` for DNS over TLS (RFC 7858).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use http::Uri;

use super::ProfileError;
use crate::dns::Name;

/// Where the gateway answers DNS over HTTPS.
const PATH: &str = "/dns-query";
/// What Chromium has behind the path of a template for GET (RFC 8484 §4.1).
pub(super) const GET_VARIABLE: &str = "{?dns}";

/// Where clients reach the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayUrl {
    pub(super) transport: SecureTransport,
    pub(super) host: String,
    pub(super) port: u16,
    /// Empty for DNS over TLS.
    pub(super) path: String,
}

/// How DNS is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecureTransport {
    /// DNS over HTTPS.
    Https,
    /// DNS over TLS.
    Tls,
}

impl GatewayUrl {
    /// Reads a URL; its path is `/dns-query` where it has none, and may end in `{?dns}`.
    ///
    /// # Errors
    /// A text that is no such URL.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let wrong = |problem| ProfileError::Url {
            url: text.to_owned(),
            problem,
        };
        let base = text.strip_suffix(GET_VARIABLE).unwrap_or(text);
        let uri: Uri = base.parse().map_err(|_| wrong("is not a URL"))?;
        let transport = match uri.scheme_str() {
            Some("https") => SecureTransport::Https,
            Some("tls") => SecureTransport::Tls,
            Some("http") => return Err(wrong("is not encrypted")),
            _ => return Err(wrong("does not begin with https:// or tls://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("has a user name"));
        }
        let has_port = authority.as_str().len() > authority.host().len();
        let port = match (authority.port_u16(), has_port) {
            (Some(0), _) | (None, true) => {
                return Err(wrong("has a port that is not in range [1, 65535]"));
            }
            (Some(port), _) => port,
            (None, false) => transport.default_port(),
        };
        let host = host(authority.host()).ok_or_else(|| wrong("has no host name or address"))?;
        if uri.query().is_some() || base.contains('#') {
            return Err(wrong("has a query or a fragment"));
        }
        let path = match (transport, uri.path()) {
            (SecureTransport::Https, "" | "/") => PATH.to_owned(),
            (SecureTransport::Https, path) => path.to_owned(),
            (SecureTransport::Tls, "" | "/") => String::new(),
            (SecureTransport::Tls, _) => return Err(wrong("has a path")),
        };
        Ok(Self {
            transport,
            host,
            port,
            path,
        })
    }

    /// The URL of a gateway that listens at a port, by a host name or an address.
    pub(super) fn of_listener(transport: SecureTransport, host: String, port: u16) -> Self {
        let path = match transport {
            SecureTransport::Https => PATH.to_owned(),
            SecureTransport::Tls => String::new(),
        };
        Self {
            transport,
            host,
            port,
            path,
        }
    }

    /// The address, where the host is one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The host, and the port if it is not the usual one.
    pub(super) fn authority(&self) -> String {
        let host = match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.host.clone(),
        };
        if self.port == self.transport.default_port() {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

impl fmt::Display for GatewayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.transport {
            SecureTransport::Https => "https",
            SecureTransport::Tls => "tls",
        };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

impl SecureTransport {
    pub(super) const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Tls => 853,
        }
    }
}

/// A host name, or an address, without the brackets of IPv6.
fn host(text: &str) -> Option<String> {
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    if let Some(address) = bare {
        let address: Ipv6Addr = address.parse().ok()?;
        return Some(address.to_string());
    }
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let is_host = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.');
    let is_name = !name.is_empty() && name.bytes().all(is_host) && name.parse::<Name>().is_ok();
    is_name.then_some(name)
}

/// A name as URLs and profiles have it.
pub(super) fn without_dot(name: &Name) -> String {
    name.to_string().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_written_without_what_is_usual() {
        for (text, written) in [
            (
                "https://dns.example.com/dns-query",
                "https://dns.example.com/dns-query",
            ),
            (
                "https://DNS.example.com.:443",
                "https://dns.example.com/dns-query",
            ),
            (
                "https://127.0.0.1:8443/dns-query{?dns}",
                "https://127.0.0.1:8443/dns-query",
            ),
            ("https://[0:0::1]:8443/q/", "https://[::1]:8443/q/"),
            ("tls://dns.example.com:853", "tls://dns.example.com"),
            ("tls://dns.example.com:443/", "tls://dns.example.com:443"),
        ] {
            assert_eq!(
                GatewayUrl::parse(text).unwrap().to_string(),
                written,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_url_of_a_gateway_is_named_with_what_is_right() {
        for (text, problem) in [
            ("dns.example.com", "does not begin with"),
            ("http://dns.example.com/dns-query", "is not encrypted"),
            ("quic://dns.example.com", "does not begin with"),
            ("https://", "is not a URL"),
            ("https:// /dns-query", "is not a URL"),
            ("https://b\u{fc}cher.example/dns-query", "is not a URL"),
            ("https://me@dns.example.com/dns-query", "has a user name"),
            ("https://dns.example.com:0/dns-query", "has a port"),
            ("https://dns.example.com:99999/dns-query", "has a port"),
            ("https://dns_1.example.com/dns-query", "has no host name"),
            ("https://[::g]/dns-query", "has no host name"),
            ("https://dns.example.com/dns-query?a=b", "has a query"),
            ("https://dns.example.com/dns-query#a", "has a query"),
            ("tls://dns.example.com/dns-query", "has a path"),
        ] {
            let error = GatewayUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(error.contains("expected https://HOST/dns-query"), "{error}");
        }
    }
}
