//! What `nomadns doctor` finds about the gateway on this host: one query over each transport that is configured, and where
//! nothing answers, who has the port.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use super::finding::DoctorFindings;
use super::ports::{self, Protocol};
use crate::app::{lacks_ipv6, lookup_paths};
use crate::config::Settings;
use crate::dns::{Name, Rcode, RecordType};
use crate::lookup::{LookupError, LookupReply, LookupTransport, ask_listener, reachable};

/// Asks each listener for the SOA of the zone.
pub(super) async fn look(
    settings: &Settings,
    zone: Name,
    within: Duration,
    findings: &mut DoctorFindings,
) {
    let listen = &settings.listen;
    for (transports, key, addresses) in [
        (
            &[LookupTransport::Udp, LookupTransport::Tcp][..],
            "listen.dns",
            &listen.dns,
        ),
        (&[LookupTransport::Dot], "listen.tls", &listen.tls),
        (
            &[LookupTransport::DohGet, LookupTransport::DohPost],
            "listen.https",
            &listen.https,
        ),
        (&[LookupTransport::Json], "listen.http", &listen.http),
    ] {
        for &address in addresses {
            for &transport in transports {
                if address.port() == 0 {
                    let found = format!("{address}: the port is free to be chosen at each start");
                    findings.skipped(transport.as_str(), found);
                    continue;
                }
                let Some(paths) = lookup_paths(&settings.http.paths, transport) else {
                    let found = format!("{address}: no path of HTTP is configured for it");
                    findings.skipped(transport.as_str(), found);
                    continue;
                };
                let (question, at) = ((zone, RecordType::SOA), (reachable(address), &paths));
                let reply = ask_listener(question, transport, at, within).await;
                let place = Listener {
                    key,
                    address,
                    transport,
                    is_only: addresses.len() == 1,
                };
                match reply.result {
                    Ok(found) => place.answered(&found, reply.took, findings),
                    Err(error) => place.unanswered(&error, findings),
                }
            }
        }
    }
}

/// A listener that is configured, asked over one of its transports.
#[derive(Clone, Copy, Debug)]
struct Listener {
    key: &'static str,
    address: SocketAddr,
    transport: LookupTransport,
    /// Whether its key has no other address.
    is_only: bool,
}

impl Listener {
    fn answered(self, reply: &LookupReply, took: Duration, findings: &mut DoctorFindings) {
        let (subject, address) = (self.transport.as_str(), self.address);
        let ms = took.as_secs_f64() * 1000.0;
        match reply.rcode {
            Rcode::NOERROR if !reply.sections[0].is_empty() => {
                findings.ok(subject, format!("{address} answers in {ms:.1} ms"));
            }
            Rcode::SERVFAIL => findings.problem(
                subject,
                format!("{address} answers SERVFAIL: {}", reasons(reply)),
                "it does not know the cluster (yet): see nomad above, and its log",
            ),
            Rcode::REFUSED => findings.problem(
                subject,
                format!("{address} answers REFUSED: {}", reasons(reply)),
                "it is another server, has another configuration, or does not answer this host: clients.allow",
            ),
            rcode => findings.problem(
                subject,
                format!("{address} answers {rcode} without the SOA of the zone"),
                "it is another server, or a gateway with other zones",
            ),
        }
    }

    fn unanswered(self, error: &LookupError, findings: &mut DoctorFindings) {
        let (subject, address) = (self.transport.as_str(), self.address);
        if let LookupError::Status {
            status: 401 | 403, ..
        } = error
        {
            return findings.ok(subject, format!("{address} answers those who log in only"));
        }
        let protocol = match self.transport {
            LookupTransport::Udp => Protocol::Udp,
            _ => Protocol::Tcp,
        };
        let (found, advice) = match self.bindable(protocol) {
            Ok(()) => {
                let advice = "start it: nomadns serve, or systemctl start nomadns";
                let found = format!("{address} is free: the gateway does not run here");
                return findings.warning(subject, found, advice);
            }
            Err(refused) if self.is_left_out(&refused) => {
                let found =
                    format!("{address}: this machine has no IPv6, and the gateway leaves it out");
                return findings.skipped(subject, found);
            }
            Err(refused) => self.refused(&refused, protocol, error),
        };
        findings.problem(subject, found, advice);
    }

    /// Whether the gateway does without the address.
    fn is_left_out(self, refused: &io::Error) -> bool {
        self.key == "listen.dns" && !self.is_only && lacks_ipv6(self.address, refused)
    }

    /// Whether the address could be had now.
    fn bindable(self, protocol: Protocol) -> io::Result<()> {
        match protocol {
            Protocol::Udp => UdpSocket::bind(self.address).map(drop),
            Protocol::Tcp => TcpListener::bind(self.address).map(drop),
        }
    }

    fn refused(
        self,
        refused: &io::Error,
        protocol: Protocol,
        error: &LookupError,
    ) -> (String, String) {
        let (key, address) = (self.key, self.address);
        match refused.kind() {
            io::ErrorKind::AddrInUse => {
                let who = ports::who(protocol, address.port());
                let found = format!("{address} is taken by {who}, which does not answer: {error}");
                (
                    found,
                    format!("stop that program, or choose another address in {key}"),
                )
            }
            io::ErrorKind::PermissionDenied => (
                format!("{address} may not be bound by this user"),
                format!(
                    "give the program CAP_NET_BIND_SERVICE (AmbientCapabilities= of systemd), or choose a port above 1023 in {key}"
                ),
            ),
            io::ErrorKind::AddrNotAvailable => (
                format!("{address} is no address of this host"),
                format!("change {key}; ip address lists those of this host"),
            ),
            _ => (
                format!("{address} cannot be bound: {refused}"),
                format!("change {key}"),
            ),
        }
    }
}

/// What a reply says about its code.
fn reasons(reply: &LookupReply) -> String {
    let reasons = reply.extended_errors.iter();
    let reasons: Vec<String> = reasons
        .map(|(code, text)| format!("extended error {code} {}", text.escape_debug()))
        .collect();
    match reasons.is_empty() {
        true => "no reason given".into(),
        false => reasons.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ipv6_is_left_out_as_the_gateway_does_on_a_machine_without_it() {
        let missing = io::Error::from(io::ErrorKind::AddrNotAvailable);
        let left_out = |address: &str, is_only, key| {
            let listener = Listener {
                key,
                address: address.parse().unwrap(),
                transport: LookupTransport::Udp,
                is_only,
            };
            listener.is_left_out(&missing)
        };
        assert!(left_out("[::1]:1053", false, "listen.dns"));
        assert!(!left_out("[::1]:1053", true, "listen.dns"));
        assert!(!left_out("[2001:db8::1]:1053", false, "listen.dns"));
        assert!(!left_out("192.0.2.1:1053", false, "listen.dns"));
        assert!(!left_out("[::1]:8443", false, "listen.https"));
    }
}
