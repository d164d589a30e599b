//! The options of a lookup: the question, the gateway and the transports.

use std::net::Ipv6Addr;
use std::time::Duration;

use rustls_pki_types::CertificateDer;

use super::paint::Coloring;
use crate::dns::{Name, RecordType};

/// A lookup.
#[derive(Clone, Debug)]
pub struct LookupOptions {
    /// The name to ask for.
    pub name: Name,
    /// The type to ask for.
    pub record_type: RecordType,
    /// The transports to ask over, in this order.
    pub transports: Vec<LookupTransport>,
    /// The gateway: a host name or an IP address.
    pub server: String,
    /// Where it listens.
    pub ports: GatewayPorts,
    /// Where it is asked over HTTP.
    pub paths: GatewayPaths,
    /// Which certificates of it are believed.
    pub trust: Trust,
    /// How long one transport may take.
    pub timeout: Duration,
    /// Whether DNSSEC records are asked for (DO).
    pub dnssec_ok: bool,
    /// How much is printed.
    pub detail: Detail,
    /// Whether it is coloured.
    pub coloring: Coloring,
}

/// A way to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupTransport {
    /// Plain DNS over UDP, and over TCP when the answer is truncated.
    Udp,
    /// Plain DNS over TCP.
    Tcp,
    /// DNS over TLS (RFC 7858).
    Dot,
    /// DNS over HTTPS with GET (RFC 8484 §4.1).
    DohGet,
    /// DNS over HTTPS with POST (RFC 8484 §4.1).
    DohPost,
    /// The JSON form over plain HTTP.
    Json,
}

/// Where the gateway listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayPorts {
    /// UDP and TCP.
    pub dns: u16,
    /// DNS over TLS.
    pub tls: u16,
    /// HTTPS.
    pub https: u16,
    /// Plain HTTP.
    pub http: u16,
}

/// Which certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those that the system trusts, and these.
    SystemAnd(Vec<CertificateDer<'static>>),
    /// Those that these signed.
    Only(Vec<CertificateDer<'static>>),
    /// All: nobody is kept from reading along.
    Anyone,
}

/// How much is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything, as `dig` does.
    Full,
    /// The data of the answer, as `dig +short` does.
    Short,
    /// Everything, as one JSON object.
    Json,
}

impl LookupTransport {
    /// All of them, as `all` asks them.
    pub const ALL: [Self; 6] = [
        Self::Udp,
        Self::Tcp,
        Self::Dot,
        Self::DohGet,
        Self::DohPost,
        Self::Json,
    ];

    /// Whether TLS is under it.
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::Dot | Self::DohGet | Self::DohPost)
    }

    /// The word for it on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Dot => "dot",
            Self::DohGet => "doh-get",
            Self::DohPost => "doh-post",
            Self::Json => "json",
        }
    }
}

/// The paths of a gateway over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayPaths {
    /// For messages (RFC 8484).
    pub dns: String,
    /// For JSON.
    pub json: String,
}

impl Default for GatewayPaths {
    fn default() -> Self {
        Self {
            dns: "/dns-query".to_owned(),
            json: "/resolve".to_owned(),
        }
    }
}

impl Default for GatewayPorts {
    fn default() -> Self {
        Self {
            dns: 1053,
            tls: 8853,
            https: 8443,
            http: 8053,
        }
    }
}

impl LookupOptions {
    /// The port that a transport is spoken at.
    pub fn port(&self, transport: LookupTransport) -> u16 {
        match transport {
            LookupTransport::Udp | LookupTransport::Tcp => self.ports.dns,
            LookupTransport::Dot => self.ports.tls,
            LookupTransport::DohGet | LookupTransport::DohPost => self.ports.https,
            LookupTransport::Json => self.ports.http,
        }
    }

    /// The server and its port for a transport, as a URL has them.
    pub fn authority(&self, transport: LookupTransport) -> String {
        let port = self.port(transport);
        match self.server.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{port}"),
            Err(_) => format!("{}:{port}", self.server),
        }
    }
}
