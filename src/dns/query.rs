//! One question of one client, as it passes through the stack.

use std::net::IpAddr;

use super::signature::Signature;
use super::{Class, Edns, Name, RecordType};

/// A query that passed the gate: one question, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The id that the answer gives back.
    pub id: u16,
    /// The bits of the header that answers look at.
    pub flags: QueryFlags,
    /// The name asked for, in the client's own letter case.
    pub name: Name,
    /// The type asked for.
    pub record_type: RecordType,
    /// The class asked for.
    pub class: Class,
    /// The extension, when the client speaks EDNS.
    pub edns: Option<Edns>,
    /// The way it came.
    pub transport: Transport,
    /// The address of who asked, as far as the listener knows it.
    pub client: Option<IpAddr>,
    /// Whether and by whom it is signed (TSIG).
    pub signature: Signature,
}

impl Query {
    /// A query that the gateway asks itself, without EDNS, as if over TCP.
    pub fn own(name: Name, record_type: RecordType) -> Self {
        Self {
            id: 0,
            flags: QueryFlags::default(),
            name,
            record_type,
            class: Class::IN,
            edns: None,
            transport: Transport::Tcp,
            client: None,
            signature: Signature::Absent,
        }
    }
}

/// Bits of a query's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryFlags {
    /// RD: given back as it came.
    pub recursion_desired: bool,
    /// CD: given back as it came (RFC 4035 §3.2.2).
    pub checking_disabled: bool,
    /// AD: whether the data was validated is to be told (RFC 6840 §5.7).
    pub authentic_data: bool,
}

/// The way a query came, as metrics name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Plain DNS over UDP.
    Udp,
    /// Plain DNS over TCP.
    Tcp,
    /// DNS over TLS (RFC 7858).
    Dot,
    /// DNS over HTTPS (RFC 8484), also where a reverse proxy ends the TLS.
    Doh,
    /// The JSON form over HTTP.
    Json,
}

impl Transport {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Udp, Self::Tcp, Self::Dot, Self::Doh, Self::Json];

    /// The word for it in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Dot => "dot",
            Self::Doh => "doh",
            Self::Json => "json",
        }
    }
}
