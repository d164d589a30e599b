//! How a service is asked for with dig and curl, in commands to copy, and which links lead somewhere: both depend on where the
//! browser is.

use std::net::{IpAddr, SocketAddr};

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, Uri};

use super::model::ListenerAddress;

/// Where the gateway is reached, as seen from who looks at the page.
#[derive(Debug)]
pub(super) struct Reach {
    dns: Option<(String, u16)>,
    http: Option<(String, u16)>,
    /// Whether who looks at the page is on this host, or comes as if it were.
    is_here: bool,
}

impl Reach {
    /// A listener on all addresses is reached where the page is.
    pub(super) fn new(listeners: &[ListenerAddress], headers: &HeaderMap) -> Self {
        let host = headers
            .get(HOST)
            .and_then(|host| Authority::try_from(host.as_bytes()).ok());
        let host = host.map_or_else(|| "127.0.0.1".to_owned(), |host| host.host().to_owned());
        let reach = |address: SocketAddr| match address.ip() {
            ip if ip.is_unspecified() => (host.clone(), address.port()),
            IpAddr::V6(ip) => (format!("[{ip}]"), address.port()),
            IpAddr::V4(ip) => (ip.to_string(), address.port()),
        };
        let first = |transport: &str| {
            let found = listeners.iter().find(|it| it.transport == transport);
            found.map(|it| reach(it.address))
        };
        Self {
            dns: first("udp"),
            http: first("http"),
            is_here: is_loopback(&host),
        }
    }

    /// Whether a URL leads elsewhere than to the loopback of another host.
    pub(super) fn is_reached(&self, url: &str) -> bool {
        let host = url.parse::<Uri>().ok();
        let host = host.as_ref().and_then(Uri::host);
        self.is_here || host.is_some_and(|host| !is_loopback(host))
    }

    /// Asks with dig; none if there is no plain DNS.
    pub(super) fn dig(&self, name: &str, record_type: &str) -> Option<String> {
        let (host, port) = self.dns.as_ref()?;
        let host = host.trim_matches(['[', ']']);
        let port = if *port == 53 {
            String::new()
        } else {
            format!(" -p {port}")
        };
        Some(format!("dig @{host}{port} {} {record_type}", quoted(name)))
    }

    /// Asks with curl; none if there is no plain HTTP.
    pub(super) fn curl(&self, name: &str, record_type: &str) -> Option<String> {
        let (host, port) = self.http.as_ref()?;
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("name", name)
            .append_pair("type", record_type)
            .finish();
        Some(format!("curl 'http://{host}:{port}/resolve?{query}'"))
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.map_or_else(
        |_| host.eq_ignore_ascii_case("localhost"),
        |address| address.to_canonical().is_loopback(),
    )
}

/// Quotes a word for a shell where it has to be.
fn quoted(word: &str) -> String {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"._-".contains(&octet);
    match word.bytes().all(is_plain) && !word.starts_with('-') {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_the_loopback_of_the_gateway_is_for_who_is_there() {
        let is_reached = |host: &str, url| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            Reach::new(&[], &headers).is_reached(url)
        };
        for own in ["127.0.0.1:9153", "localhost:9153", "[::1]:9153"] {
            assert!(is_reached(own, "http://127.0.0.1:4646/ui"), "{own}");
        }
        for url in [
            "http://127.0.0.1:4646/ui",
            "https://localhost/ui",
            "http://[::1]:4646/ui",
        ] {
            assert!(!is_reached("gw.example:9153", url), "{url}");
        }
        assert!(is_reached("gw.example:9153", "http://10.0.0.5:4646/ui"));
    }

    #[test]
    fn commands_can_be_pasted_whatever_the_name_has() {
        let listener = |transport, address: &str| ListenerAddress {
            transport,
            address: address.parse().unwrap(),
        };
        let listeners = [
            listener("udp", "0.0.0.0:53"),
            listener("http", "[::1]:8053"),
        ];
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "gw.example:9153".parse().unwrap());
        let reach = Reach::new(&listeners, &headers);
        assert_eq!(
            reach.dig("a.nomad", "A").unwrap(),
            "dig @gw.example a.nomad A"
        );
        assert_eq!(
            reach.dig("a';x.nomad", "A").unwrap(),
            r"dig @gw.example 'a'\'';x.nomad' A"
        );
        let curl = reach.curl("a'&x.nomad", "SRV").unwrap();
        assert_eq!(
            curl,
            "curl 'http://[::1]:8053/resolve?name=a%27%26x.nomad&type=SRV'"
        );
    }
}
