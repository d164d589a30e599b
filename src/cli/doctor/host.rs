//! What `nomadns doctor` finds about this host: who answers on port 53, and whether the servers in its `resolv.conf` know
//! the cluster's names.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::finding::DoctorFindings;
use super::ports::{self, Protocol};
use crate::config::{name_servers, read_file};
use crate::dns::{Name, Rcode, RecordType};
use crate::lookup::{GatewayPaths, LookupTransport, ask_listener};

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
        // Over UDP there is no path.
        let (question, place) = ((zone, RecordType::SOA), (at, &GatewayPaths::default()));
        let reply = ask_listener(question, LookupTransport::Udp, place, within).await;
        let ms = reply.took.as_secs_f64() * 1000.0;
        match reply.result {
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
