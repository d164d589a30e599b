//! One question to one listener of a gateway on this host, for those that look whether it answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::ask::{Asker, TransportReply};
use super::options::{Detail, GatewayPaths, GatewayPorts, LookupOptions, LookupTransport, Trust};
use super::paint::Coloring;
use crate::dns::{Name, RecordType};

/// Asks a listener, over HTTP at these paths. Its certificate is not checked: whether clients trust it, they know best.
pub async fn ask_listener(
    (name, record_type): (Name, RecordType),
    transport: LookupTransport,
    (at, paths): (SocketAddr, &GatewayPaths),
    within: Duration,
) -> TransportReply {
    let port = at.port();
    let options = LookupOptions {
        name,
        record_type,
        transports: vec![transport],
        server: at.ip().to_string(),
        ports: GatewayPorts {
            dns: port,
            tls: port,
            https: port,
            http: port,
        },
        paths: paths.clone(),
        trust: Trust::Anyone,
        timeout: within,
        dnssec_ok: false,
        detail: Detail::Full,
        coloring: Coloring::Plain,
    };
    Asker::new(&options).ask(transport).await
}

/// An address by which this host reaches a listener: what listens on all addresses is asked on loopback.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
