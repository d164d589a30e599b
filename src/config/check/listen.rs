//! Checks the addresses to listen on: at least one, none of them twice; and the name under which clients discover the
//! encrypted listeners (RFC 9462).

use std::net::{IpAddr, SocketAddr};

use super::Checker;
use crate::config::{ConfigError, File};
use crate::dns::Name;

impl Checker<'_> {
    /// Checks the addresses of all listeners together.
    pub(super) fn listen(&self, file: &File) -> Result<(), ConfigError> {
        let listen = &file.listen;
        let all = [
            ("listen.dns", &listen.dns),
            ("listen.tls", &listen.tls),
            ("listen.https", &listen.https),
            ("listen.http", &listen.http),
            ("listen.admin", &listen.admin),
        ];
        if all.iter().all(|(_, addresses)| addresses.is_empty()) {
            let problem = "every list of [listen] is empty, so nothing would be listened on; name an address, such as \
                           dns = [\"127.0.0.1:1053\"]";
            return Err(self.source.error("listen", problem));
        }
        let mut before: Vec<(&str, SocketAddr)> = Vec::new();
        for (key, addresses) in all {
            for &address in addresses {
                let taken = before.iter().find(|(_, other)| *other == address);
                if let Some((other, _)) = taken.filter(|_| address.port() != 0) {
                    let problem = format!(
                        "has {address}, which {other} has too; each listener needs its own port"
                    );
                    return Err(self.source.error(key, problem));
                }
                before.push((key, address));
            }
        }
        Ok(())
    }
}

/// The addresses that `ns.<zone>` has: the configured ones, else those that DNS listens on.
pub(super) fn server_addresses(file: &File) -> Vec<IpAddr> {
    if !file.name_server_addresses.is_empty() {
        return file.name_server_addresses.clone();
    }
    let listens = file.listen.dns.iter().map(SocketAddr::ip);
    let mut addresses: Vec<IpAddr> = listens.filter(|ip| !ip.is_unspecified()).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

impl Checker<'_> {
    /// The name; none when it is not told.
    pub(super) fn designated_resolver(&self, file: &File) -> Result<Option<Name>, ConfigError> {
        let text = file.designated_resolver.trim_end_matches('.');
        if file.designated_resolver.is_empty() {
            return Ok(None);
        }
        let wrong = |problem: String| self.source.error("designated_resolver", problem);
        // RFC 9461 §5: it is the name that clients look for in the certificate, so an address is none.
        let name = text.parse::<Name>().ok();
        let is_host = text.contains(|letter: char| letter.is_ascii_alphabetic())
            && text
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.'));
        let Some(name) = name.filter(|_| is_host) else {
            return Err(wrong(format!(
                "{text:?} is not a host name; expected one such as \"dns.example.com\""
            )));
        };
        if file.listen.tls.is_empty() && file.listen.https.is_empty() {
            return Err(wrong("needs listen.tls or listen.https".into()));
        }
        Ok(Some(name))
    }
}
