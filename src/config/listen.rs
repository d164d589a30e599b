//! The keys of `[listen]`, with their defaults.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Where the gateway listens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenSection {
    /// DNS over UDP and TCP.
    pub dns: Vec<SocketAddr>,
    /// DNS over TLS.
    pub tls: Vec<SocketAddr>,
    /// `/dns-query` and `/resolve` over HTTPS.
    pub https: Vec<SocketAddr>,
    /// The same without TLS.
    pub http: Vec<SocketAddr>,
    /// `/metrics`, `/healthz`, `/readyz`, `/openapi.yaml` and the status page.
    pub admin: Vec<SocketAddr>,
}

impl Default for ListenSection {
    fn default() -> Self {
        let on = |addresses: &[([u8; 4], u16)]| -> Vec<SocketAddr> {
            addresses.iter().map(|address| (*address).into()).collect()
        };
        let mut dns = on(&[([127, 0, 0, 1], 1053)]);
        dns.push(([0, 0, 0, 0, 0, 0, 0, 1], 1053).into());
        Self {
            dns,
            tls: Vec::new(),
            https: Vec::new(),
            http: on(&[([127, 0, 0, 1], 8053)]),
            admin: on(&[([127, 0, 0, 1], 9153)]),
        }
    }
}
