//! What is configured about forwarding: zones, upstreams, and that none of them is this gateway.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::{Checker, Files};
use crate::config::choice::must_be_one_of;
use crate::config::forward::ForwardSection;
use crate::config::listen::ListenSection;
use crate::config::reading::read_again;
use crate::config::{ConfigError, File};
use crate::dns::Name;
use crate::forward::{
    FlightLimits, ForwardCacheSettings, ForwardSettings, ForwardZone, MOST_UPSTREAMS,
    PrivateAddresses, UpstreamAddress, UpstreamEntry, UpstreamPolicy, upstream_tls,
};

/// Where the servers of the system's own resolver are.
const RESOLV_CONF: &str = "/etc/resolv.conf";
const DNS_PORT: u16 = 53;
const KEY: &str = "forward";

impl Checker<'_> {
    /// Says what is forwarded; nothing where no zone is.
    pub(super) fn forward(
        &self,
        file: &File,
        system: Option<&Files<Vec<UpstreamAddress>>>,
    ) -> Result<Option<ForwardSettings>, ConfigError> {
        if file.forward.is_empty() {
            return Ok(None);
        }
        let system = system.map(|it| it.content.clone()).unwrap_or_default();
        let mut zones: Vec<ForwardZone> = Vec::new();
        for section in &file.forward {
            let zone = self.forward_zone(section, file, &system)?;
            if zones.iter().any(|other| other.apex == zone.apex) {
                return Err(self.wrong(format!("has the zone {:?} twice", section.zone)));
            }
            zones.push(zone);
        }
        let (section, limits) = (&file.forwarding, &file.limits);
        let authorities = self.forwarding_authorities(&section.ca_file)?;
        let tls = upstream_tls(authorities).map_err(|error| {
            let key = "forwarding.ca_file";
            self.source.error(key, format!("cannot be used: {error}"))
        })?;
        Ok(Some(ForwardSettings {
            zones,
            system,
            cache: ForwardCacheSettings {
                octets: u64::try_from(file.cache.forwarded_octets).unwrap_or(u64::MAX),
                most_ttl_seconds: section.most_ttl_seconds,
                most_negative_ttl_seconds: section.most_negative_ttl_seconds,
                failure: Duration::from_secs(section.failure_seconds),
                stale: Duration::from_secs(section.serve_stale_seconds),
            },
            worker_octets: file.cache.forwarded_worker_octets,
            limits: FlightLimits {
                questions: limits.forwarded_questions,
                waiting: limits.forwarded_waiting_queries,
                waiting_per_client: limits.forwarded_waiting_per_client,
            },
            tls,
        }))
    }

    fn forward_zone(
        &self,
        section: &ForwardSection,
        file: &File,
        system: &[UpstreamAddress],
    ) -> Result<ForwardZone, ConfigError> {
        let text = &section.zone;
        let apex = text.parse::<Name>().map_err(|error| {
            self.wrong(format!(
                "zone = {text:?} is not a domain name ({error}); expected one such as \"corp.example\", or \".\" for all names"
            ))
        })?;
        let policy = match &*section.policy {
            "fastest" => UpstreamPolicy::Fastest,
            "sequential" => UpstreamPolicy::Sequential,
            "random" => UpstreamPolicy::Random,
            other => {
                return Err(self.wrong(format!(
                    "policy = {other:?} of the zone {text:?} {}",
                    must_be_one_of("forward.policy")
                )));
            }
        };
        let entries = section.upstreams.iter();
        let entries = entries.map(|entry| self.upstream(entry, text, &file.listen));
        let zone = ForwardZone {
            apex,
            upstreams: entries.collect::<Result<_, _>>()?,
            policy,
            private_addresses: match section.private_addresses.unwrap_or_else(|| !apex.is_root()) {
                true => PrivateAddresses::Allowed,
                false => PrivateAddresses::Refused,
            },
        };
        let (named, count) = (zone.upstreams.len(), zone.addresses(system).len());
        if count == 0 || named > MOST_UPSTREAMS {
            return Err(self.wrong(format!(
                "the zone {text:?} has {named} upstreams; name 1 to {MOST_UPSTREAMS}, such as upstreams = [\"udp://10.0.0.2\"]"
            )));
        }
        Ok(zone)
    }

    fn upstream(
        &self,
        text: &str,
        zone: &str,
        listen: &ListenSection,
    ) -> Result<UpstreamEntry, ConfigError> {
        let entry: UpstreamEntry = text.parse().map_err(|error| {
            self.wrong(format!(
                "the upstream {text:?} of the zone {zone:?} {error}"
            ))
        })?;
        let sockets = match &entry {
            UpstreamEntry::Server(server) => server.sockets(),
            UpstreamEntry::System => Vec::new(),
        };
        match sockets.into_iter().find(|it| is_own(*it, listen)) {
            None => Ok(entry),
            Some(own) => Err(self.wrong(format!(
                "the upstream {text:?} of the zone {zone:?} is this gateway itself, which listens on {own}: what is forwarded \
                 would come back; name another server"
            ))),
        }
    }

    /// Reads which servers the system has, where a zone is asked of them.
    pub(super) fn system_servers(
        &self,
        file: &File,
    ) -> Result<Option<Files<Vec<UpstreamAddress>>>, ConfigError> {
        let mut upstreams = file.forward.iter().flat_map(|it| &it.upstreams);
        if !upstreams.any(|it| it.parse() == Ok(UpstreamEntry::System)) {
            return Ok(None);
        }
        let listen = file.listen.clone();
        let again = move || read_system_servers(RESOLV_CONF, &listen);
        let content = again().map_err(|error| {
            self.wrong(format!("\"system\": {error}; name the servers instead"))
        })?;
        Ok(Some(Files {
            content,
            again: Arc::new(again),
        }))
    }

    fn forwarding_authorities(
        &self,
        path: &str,
    ) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
        let key = "forwarding.ca_file";
        let Some(pem) = self.optional_file(key, path)? else {
            return Ok(Vec::new());
        };
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match found {
            Ok(found) if !found.is_empty() => Ok(found),
            _ => {
                let problem = "has no certificate; name a PEM file with the CA of the upstreams";
                Err(self.source.error(key, problem))
            }
        }
    }

    fn wrong(&self, problem: String) -> ConfigError {
        self.source.error(KEY, problem)
    }
}

/// What of forwarding may surprise.
pub(super) fn of_forwarding(
    file: &File,
    settings: &super::Settings,
    warn: &mut dyn FnMut(&str, &str),
) {
    let Some(forward) = &settings.forward else {
        return;
    };
    if file.outside_zones != "refused" && forward.zones.iter().any(|zone| zone.apex.is_root()) {
        warn(
            "outside_zones",
            "is not used: all other names are forwarded",
        );
    }
    let is_open = |address: &SocketAddr| !address.ip().is_loopback();
    let listen = &file.listen;
    let all = [&listen.dns, &listen.tls, &listen.https, &listen.http];
    if file.clients.allow.is_empty() && all.into_iter().flatten().any(is_open) {
        let words = "names are forwarded for everybody who reaches the listeners: an open resolver is misused for attacks; \
                     list the networks of your clients in clients.allow";
        warn(KEY, words);
    }
    for zone in &forward.zones {
        if settings.zones.has_pointer(&zone.apex) {
            let words = format!(
                "the zone {:?} is within reverse_zones, which are answered here: nothing of it is forwarded",
                zone.apex
            );
            warn(KEY, &words);
        }
        let own = settings
            .zones
            .apexes()
            .find(|apex| zone.apex.is_within(apex));
        if let Some(own) = own {
            let words = format!(
                "the zone {:?} is within {own:?}, which is answered here: nothing of it is forwarded",
                zone.apex
            );
            warn(KEY, &words);
        }
    }
}

/// Reads the servers in a `resolv.conf`, but for those that are this gateway.
fn read_system_servers(path: &str, listen: &ListenSection) -> Result<Vec<UpstreamAddress>, String> {
    let octets = read_again(path)?;
    let found = system_servers(&String::from_utf8_lossy(&octets), |it| is_own(it, listen));
    match found.is_empty() {
        false => Ok(found),
        true => Err(format!("{path} names no server but this gateway")),
    }
}

/// Whether an address is one that the gateway listens on for queries.
pub(super) fn is_own(address: SocketAddr, listen: &ListenSection) -> bool {
    let all = [&listen.dns, &listen.tls, &listen.https, &listen.http];
    all.into_iter().flatten().any(|own| {
        let is_there = own.ip() == address.ip().to_canonical()
            // A listener on all addresses has those of loopback at least.
            || own.ip().is_unspecified() && address.ip().is_loopback();
        is_there && own.port() == address.port()
    })
}

/// The addresses that a `resolv.conf` names, without those that only one link has.
pub fn name_servers(text: &str) -> impl Iterator<Item = IpAddr> {
    text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        words.next().filter(|_| is_server)?.parse().ok()
    })
}

/// The servers of a `resolv.conf`, but for those that are this gateway.
fn system_servers(text: &str, is_own: impl Fn(SocketAddr) -> bool) -> Vec<UpstreamAddress> {
    let servers = name_servers(text).map(|ip| SocketAddr::new(ip, DNS_PORT));
    let others = servers.filter(|it| !is_own(*it) && !it.ip().is_unspecified());
    others.map(UpstreamAddress::plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_of_the_system_are_taken_but_for_ourselves() {
        let text = "# nameserver 10.9.9.9\nsearch example\nnameserver 127.0.0.1\nnameserver\t10.0.0.2\n\
                    nameserver fd00::2 \nnameserver fe80::1%eth0\noptions ndots:2\n";
        let own: SocketAddr = "127.0.0.1:53".parse().unwrap();
        let found = system_servers(text, |it| it == own);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["udp://10.0.0.2:53", "udp://[fd00::2]:53"]);
    }

    #[test]
    fn a_list_of_servers_that_is_of_no_use_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resolv.conf");
        let (text, listen) = (path.to_str().unwrap(), ListenSection::default());
        let error = read_system_servers(text, &listen).unwrap_err();
        assert!(error.contains("resolv.conf: "), "{error}");
        std::fs::write(&path, "search example\n").unwrap();
        let error = read_system_servers(text, &listen).unwrap_err();
        assert!(
            error.ends_with("names no server but this gateway"),
            "{error}"
        );
        std::fs::write(&path, "nameserver 192.0.2.1\n").unwrap();
        assert_eq!(read_system_servers(text, &listen).unwrap().len(), 1);
    }
}
