//! Checks who may ask and how often: networks, rates, and trusted proxies.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::{Checker, whole};
use crate::config::file::ClientsSection;
use crate::config::{ConfigError, File};
use crate::listeners::{ClientSettings, Clients, ListenerKind, Networks, Rate, UnprovenSettings};

impl Checker<'_> {
    pub(super) fn clients(&self, file: &File) -> Result<Arc<Clients>, ConfigError> {
        let section = &file.clients;
        let allow = self.networks("clients.allow", &section.allow)?;
        let trusted_proxies = self.networks("clients.trusted_proxies", &section.trusted_proxies)?;
        let proxy_protocol = self.proxy_protocol(section)?;
        if !proxy_protocol.is_empty() && trusted_proxies.is_empty() {
            let problem = "needs clients.trusted_proxies, the peers that must send the header";
            return Err(self.source.error("clients.proxy_protocol", problem));
        }
        Ok(Arc::new(Clients::new(ClientSettings {
            allow: (!allow.is_empty()).then_some(allow),
            rate: rate(section),
            handshakes: handshakes(file),
            exempt: self.networks("clients.exempt", &section.exempt)?,
            unproven: Some(self.unproven(section)?),
            trusted_proxies,
            proxy_protocol,
        })))
    }

    fn unproven(&self, section: &ClientsSection) -> Result<UnprovenSettings, ConfigError> {
        let key = "clients.unproven_exempt";
        let some = |number: u32| (number > 0).then_some(number);
        Ok(UnprovenSettings {
            answers_per_second: some(section.unproven_answers_per_second),
            octets_per_second: some(section.unproven_octets_per_second),
            free_factor: section.unproven_free_factor,
            slip: section.unproven_slip,
            exempt: self.networks(key, &section.unproven_exempt)?,
            tracked: section.tracked,
        })
    }

    fn networks(&self, key: &str, texts: &[String]) -> Result<Networks, ConfigError> {
        Ok(self.network_list(key, texts)?.into_iter().collect())
    }

    /// Reads networks, in their order.
    pub(super) fn network_list(
        &self,
        key: &str,
        texts: &[String],
    ) -> Result<Vec<IpNet>, ConfigError> {
        let network = |text: &String| {
            let address = || text.parse().map(|address: IpAddr| IpNet::from(address));
            text.parse().or_else(|_| address()).map_err(|_| {
                let problem = format!(
                    "{text:?} is not a network; expected one such as \"192.0.2.0/24\", \"2001:db8::/32\" or an address"
                );
                self.source.error(key, problem)
            })
        };
        texts.iter().map(network).collect()
    }

    fn proxy_protocol(&self, section: &ClientsSection) -> Result<Vec<ListenerKind>, ConfigError> {
        let kinds = ListenerKind::ALL.map(|kind| (kind.as_str(), kind));
        let kinds: Vec<_> = kinds
            .into_iter()
            .filter(|(_, kind)| *kind != ListenerKind::Admin)
            .collect();
        let kind = |text: &String| {
            let found = kinds.iter().find(|(name, _)| name == text);
            found.map(|(_, kind)| *kind).ok_or_else(|| {
                let names: Vec<_> = kinds.iter().map(|(name, _)| *name).collect();
                let problem = format!("{text:?} must be one of {}", names.join(", "));
                self.source.error("clients.proxy_protocol", problem)
            })
        };
        section.proxy_protocol.iter().map(kind).collect()
    }
}

/// A client may begin as many at once as in a second.
fn handshakes(file: &File) -> Option<Rate> {
    let most = whole(file.limits.handshakes_per_client);
    (most > 0).then_some(Rate {
        queries_per_second: most,
        burst: most,
        tracked: file.clients.tracked,
    })
}

fn rate(section: &ClientsSection) -> Option<Rate> {
    let rate = Rate {
        queries_per_second: whole(section.queries_per_second),
        burst: whole(section.burst),
        tracked: section.tracked,
    };
    (rate.queries_per_second > 0).then_some(rate)
}
