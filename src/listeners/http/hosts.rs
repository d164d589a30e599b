//! The hosts that plain HTTP accepts: addresses, `localhost`, names in our zones, and those that the operator lists.
//!
//! Floor 4. `host` checks each request with it.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::dns::Name;

/// The hosts that are ours on plain HTTP; a clone has the same, also after they were replaced.
#[derive(Clone, Debug, Default)]
pub struct Hosts(Arc<ArcSwap<OwnHosts>>);

#[derive(Debug, Default)]
struct OwnHosts {
    listed: Vec<String>,
    is_any: bool,
    zones: Vec<Name>,
}

/// Why a text is no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It is not the name of a host alone.
    #[error(
        "{0:?} is not a host name; write it without scheme, port and path, such as \"dns.example\""
    )]
    Form(String),
    /// `*` beside others.
    #[error("\"*\" means every host, so it must be the only entry")]
    NotAlone,
    /// It is there already.
    #[error("{0:?} is listed twice")]
    Twice(String),
}

impl Hosts {
    /// Reads a list of hosts, or `*` alone; names in `zones` need not be in it.
    ///
    /// # Errors
    /// What no request could name as its host, and what is there twice.
    pub fn parse(texts: &[String], zones: Vec<Name>) -> Result<Self, HostError> {
        let mut listed: Vec<String> = Vec::new();
        for text in texts {
            if text == "*" && texts.len() > 1 {
                return Err(HostError::NotAlone);
            }
            let host = text.to_ascii_lowercase();
            let host = host.strip_suffix('.').unwrap_or(&host);
            if text != "*" && !is_name(host) {
                return Err(HostError::Form(text.clone()));
            }
            if listed.iter().any(|other| other == host) {
                return Err(HostError::Twice(text.clone()));
            }
            listed.push(host.to_owned());
        }
        let is_any = texts.iter().any(|text| text == "*");
        Ok(Self(Arc::new(ArcSwap::from_pointee(OwnHosts {
            listed,
            is_any,
            zones,
        }))))
    }

    /// Has all clones accept what others accept now.
    pub fn replace(&self, others: &Self) {
        self.0.store(others.0.load_full());
    }

    /// Whether a host, without its port, is ours.
    pub(super) fn have(&self, host: &str) -> bool {
        self.0.load().have(host)
    }
}

impl OwnHosts {
    fn have(&self, host: &str) -> bool {
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        if self.is_any || bare.unwrap_or(host).parse::<IpAddr>().is_ok() {
            return true;
        }
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        // RFC 6761 §6.3: they never leave the machine.
        host == "localhost"
            || host.ends_with(".localhost")
            || self.listed.iter().any(|listed| listed == host)
            || self.is_in_a_zone(host)
    }

    fn is_in_a_zone(&self, host: &str) -> bool {
        let name = Name::from_labels(host.split('.').map(str::as_bytes));
        name.is_ok_and(|name| self.zones.iter().any(|zone| name.is_within(zone)))
    }
}

fn is_name(host: &str) -> bool {
    let is_legal = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    let mut labels = host.split('.');
    labels.all(|label| (1..=63).contains(&label.len()) && label.bytes().all(is_legal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(texts: &[&str]) -> Result<Hosts, HostError> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let zone = Name::from_labels([b"nomad".as_slice()]).unwrap();
        Hosts::parse(&texts, vec![zone])
    }

    #[test]
    fn addresses_localhost_our_zones_and_what_is_listed_are_ours() {
        let ours = hosts(&["DNS.example"]).unwrap();
        for host in [
            "127.0.0.1",
            "[::1]",
            "10.0.0.1",
            "localhost",
            "LocalHost.",
            "app.localhost",
            "dns.example",
            "dns.example.",
            "gateway.default.nomad",
            "NOMAD",
        ] {
            assert!(ours.have(host), "{host}");
        }
        for host in [
            "evil.example",
            "xdns.example",
            "dns.example.evil",
            "localhost.evil",
            "nomad.evil",
            "xnomad",
            "127.0.0.1.evil",
            "1.2.3",
            "",
        ] {
            assert!(!ours.have(host), "{host}");
        }
        assert!(hosts(&["*"]).unwrap().have("evil.example"));
    }

    #[test]
    fn what_no_request_could_name_is_no_host() {
        for text in ["", "http://a", "a:80", "a/b", "a b", "a..b", ".", "*.a"] {
            assert_eq!(hosts(&[text]).err(), Some(HostError::Form(text.into())));
        }
        assert_eq!(hosts(&["*", "a"]).err(), Some(HostError::NotAlone));
        assert_eq!(hosts(&["a", "*"]).err(), Some(HostError::NotAlone));
        assert_eq!(
            hosts(&["a", "A."]).err(),
            Some(HostError::Twice("A.".into()))
        );
    }
}
