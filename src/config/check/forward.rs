//! What is configured about forwarding: zones, upstreams, and that none of them is this gateway.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::Checker;
use crate::config::forward::ForwardSection;
use crate::config::reading::read_file;
use crate::config::{ConfigError, File};
use crate::dns::Name;
use crate::forward::{
    FlightLimits, ForwardCacheSettings, ForwardSettings, ForwardZone, UpstreamAddress,
    UpstreamPolicy, upstream_tls,
};

/// What stands for the servers of the system's own resolver.
const SYSTEM: &str = "system";
/// Where those are.
const RESOLV_CONF: &str = "/etc/resolv.conf";
const DNS_PORT: u16 = 53;
const KEY: &str = "forward";
/// The most upstreams of one zone: each question may be asked of all.
const MOST_UPSTREAMS: usize = 16;

impl Checker<'_> {
    /// Says what is forwarded; nothing where no zone is.
    pub(super) fn forward(&self, file: &File) -> Result<Option<ForwardSettings>, ConfigError> {
        if file.forward.is_empty() {
            return Ok(None);
        }
        let mut zones: Vec<ForwardZone> = Vec::new();
        for section in &file.forward {
            let zone = self.forward_zone(section, file)?;
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
                    "policy = {other:?} of the zone {text:?} must be one of fastest, sequential, random"
                )));
            }
        };
        let mut upstreams = Vec::new();
        for address in &section.upstreams {
            for upstream in self.upstreams(address, text, file)? {
                if !upstreams.contains(&upstream) {
                    upstreams.push(upstream);
                }
            }
        }
        if upstreams.is_empty() || upstreams.len() > MOST_UPSTREAMS {
            let count = upstreams.len();
            return Err(self.wrong(format!(
                "the zone {text:?} has {count} upstreams; name 1 to {MOST_UPSTREAMS}, such as upstreams = [\"udp://10.0.0.2\"]"
            )));
        }
        Ok(ForwardZone {
            apex,
            upstreams,
            policy,
        })
    }

    fn upstreams(
        &self,
        text: &str,
        zone: &str,
        file: &File,
    ) -> Result<Vec<UpstreamAddress>, ConfigError> {
        if text == SYSTEM {
            let octets = read_file(Path::new(RESOLV_CONF)).map_err(|error| {
                self.wrong(format!(
                    "\"system\" of the zone {zone:?}: {RESOLV_CONF} cannot be read ({error}); name the servers instead"
                ))
            })?;
            let found = system_servers(&String::from_utf8_lossy(&octets), |it| is_own(it, file));
            return match found.is_empty() {
                false => Ok(found),
                true => Err(self.wrong(format!(
                    "\"system\" of the zone {zone:?}: {RESOLV_CONF} names no server but this gateway; name the servers instead"
                ))),
            };
        }
        let upstream: UpstreamAddress = text.parse().map_err(|error| {
            self.wrong(format!(
                "the upstream {text:?} of the zone {zone:?} {error}"
            ))
        })?;
        let own = upstream.sockets().into_iter().find(|it| is_own(*it, file));
        match own {
            None => Ok(vec![upstream]),
            Some(own) => Err(self.wrong(format!(
                "the upstream {text:?} of the zone {zone:?} is this gateway itself, which listens on {own}: what is forwarded \
                 would come back; name another server"
            ))),
        }
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

/// Whether an address is one that the gateway listens on for queries.
fn is_own(address: SocketAddr, file: &File) -> bool {
    let listen = &file.listen;
    let all = [&listen.dns, &listen.tls, &listen.https, &listen.http];
    all.into_iter().flatten().any(|own| {
        let is_there = own.ip() == address.ip().to_canonical()
            // A listener on all addresses has those of loopback at least.
            || own.ip().is_unspecified() && address.ip().is_loopback();
        is_there && own.port() == address.port()
    })
}

/// The servers of a `resolv.conf`, but for those that are this gateway.
fn system_servers(text: &str, is_own: impl Fn(SocketAddr) -> bool) -> Vec<UpstreamAddress> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        let address = words.next().filter(|_| is_server)?;
        Some(SocketAddr::new(address.parse().ok()?, DNS_PORT))
    });
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
}
