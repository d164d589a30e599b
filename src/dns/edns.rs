//! What a query says by EDNS, and the OPT record of an answer (RFC 6891).

/// The extension of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns {
    /// The UDP payload that the client can take, in octets, at least 512.
    pub payload_octets: u16,
    /// The version that it speaks; only 0 exists.
    pub version: u8,
    /// The DO bit, given back as it came (RFC 3225 §3).
    pub dnssec_ok: bool,
}

/// The UDP payload that this server can take and gives at most: what fits without fragments.
///
/// DNS flag day 2020.
pub(super) const UDP_PAYLOAD_OCTETS: u16 = 1232;

/// What may be sent over UDP to a client without EDNS, in octets (RFC 1035 §4.2.1).
pub(super) const PLAIN_UDP_OCTETS: u16 = 512;
