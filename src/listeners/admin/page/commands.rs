//! The commands to copy: how a service is asked for with dig and curl.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::HOST;
use http::uri::Authority;

use super::model::ListenerAddress;

/// Where the gateway is reached, as seen from who looks at the page.
#[derive(Debug)]
pub(super) struct Reach {
    dns: Option<(String, u16)>,
    http: Option<(String, u16)>,
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
        }
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
