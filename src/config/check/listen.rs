//! Where the gateway listens: somewhere, and nowhere twice.

use std::net::{IpAddr, SocketAddr};

use super::Checker;
use crate::config::{ConfigError, File};

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
                        "has {address}, which {other} has too; each port is for one listener"
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
