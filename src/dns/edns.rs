//! The EDNS part of a query (RFC 6891).

use std::net::IpAddr;

/// The extension of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edns {
    /// The UDP payload that the client can take, in octets, at least 512.
    pub payload_octets: u16,
    /// The version that it speaks; only 0 exists.
    pub version: u8,
    /// The DO bit, given back as it came (RFC 3225 §3).
    pub dnssec_ok: bool,
    /// What else it asks for or tells.
    pub options: EdnsOptions,
}

/// The options of a query that mean something here; all others are ignored (RFC 6891 §6.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EdnsOptions {
    /// Which server this is, is to be told (RFC 5001).
    pub wants_nsid: bool,
    /// Which version of its zone the answer is from, is to be told (RFC 9660).
    pub wants_zone_version: bool,
    /// How long an idle connection is kept, is to be told (RFC 7828).
    pub wants_keepalive: bool,
    /// The answer is to be padded (RFC 7830).
    pub wants_padding: bool,
    /// The client's cookie (RFC 7873).
    pub cookie: Option<Cookie>,
    /// The client's network (RFC 7871).
    pub client_subnet: Option<ClientSubnet>,
}

/// The cookie of a client, and what it has of the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The client's own part.
    pub client: [u8; 8],
    /// The server's part, when it is of the only kind made here (RFC 9018 §4).
    pub server: Option<[u8; 16]>,
}

/// The network that a resolver asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientSubnet {
    /// Its address; none for a client that wants it unsaid in no family at all.
    pub address: Option<IpAddr>,
    /// How many bits of it count.
    pub prefix: u8,
}

/// The UDP payload that this server takes, and gives at most where nothing else is configured: what fits without fragments.
///
/// DNS flag day 2020.
pub(super) const UDP_PAYLOAD_OCTETS: u16 = 1232;

/// What may be sent over UDP to a client without EDNS, in octets (RFC 1035 §4.2.1).
pub(super) const PLAIN_UDP_OCTETS: u16 = 512;
