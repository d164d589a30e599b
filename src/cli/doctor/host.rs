//! What `nomadns doctor` finds about this host: who answers on port 53, and whether the servers in its `resolv.conf` know
//! the cluster's names.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::finding::DoctorFindings;
use super::gateway::ask;
use super::ports::{self, Protocol};
use crate::config::read_file;
use crate::dns::{Name, Rcode};
use crate::lookup::LookupTransport;

const DNS_PORT: u16 = 53;
/// The servers that resolvers use: glibc looks at no more (`MAXNS` of resolv.conf(5)).
const MOST_SERVERS: usize = 3;

/// Says who has port 53: programs ask no other.
pub(super) fn port_53(findings: &mut DoctorFindings) {
    let mut all = ports::holders(Protocol::Udp, DNS_PORT);
    all.extend(ports::holders(Protocol::Tcp, DNS_PORT));
    let all: Vec<String> = all.into_iter().collect();
    match all.is_empty() {
        true => findings.ok("port 53", "no program of this host has it"),
        false => findings.ok("port 53", format!("taken by {}", all.join(", "))),
    }
}

/// Asks the servers that the programs of this host ask for the cluster's zone.
pub(super) async fn resolv_conf(
    path: &Path,
    zone: Name,
    within: Duration,
    findings: &mut DoctorFindings,
) {
    let subject = "resolv.conf";
    let text = match read_file(path) {
        Ok(octets) => String::from_utf8_lossy(&octets).into_owned(),
        Err(error) => return findings.skipped(subject, error.to_string()),
    };
    let mut servers = name_servers(&text).peekable();
    if servers.peek().is_none() {
        let found = format!("{} names no server: 127.0.0.1 is asked", path.display());
        return findings.warning(subject, found, "add a line such as: nameserver 127.0.0.1");
    }
    for server in servers.take(MOST_SERVERS) {
        let at = SocketAddr::new(server, DNS_PORT);
        let (reply, took) = ask(zone, LookupTransport::Udp, at, within).await;
        let ms = took.as_secs_f64() * 1000.0;
        match reply {
            Ok(reply) if reply.rcode == Rcode::NOERROR && !reply.sections[0].is_empty() => {
                findings.ok(subject, format!("{server} knows {zone}, in {ms:.1} ms"));
            }
            Ok(reply) => findings.warning(
                subject,
                format!("{server} does not know {zone}: {}", reply.rcode),
                "programs of this host do not find the cluster's names by it; have it forward them: docs/clients.md",
            ),
            Err(error) => findings.problem(
                subject,
                format!("{server}: {error}"),
                format!("programs of this host wait for it; take it out of {}", path.display()),
            ),
        }
    }
}

/// The servers of a `resolv.conf`, without what only this link has.
fn name_servers(text: &str) -> impl Iterator<Item = IpAddr> {
    text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        words.next().filter(|_| is_server)?.parse().ok()
    })
}
