//! The transports as the command line names them.

use clap::ValueEnum;

use super::options::LookupTransport;

/// A transport as it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TransportChoice {
    /// Plain DNS over UDP, retried over TCP if truncated
    Udp,
    /// Plain DNS over TCP
    Tcp,
    /// DNS over TLS
    #[value(alias = "tls")]
    Dot,
    /// DNS over HTTPS, GET
    #[value(alias = "https-get")]
    DohGet,
    /// DNS over HTTPS, POST
    #[value(alias = "https-post")]
    DohPost,
    /// The JSON API at /resolve, over plain HTTP
    Json,
    /// Each of these in turn
    All,
}

impl TransportChoice {
    pub(super) fn transports(self) -> &'static [LookupTransport] {
        match self {
            Self::Udp => &[LookupTransport::Udp],
            Self::Tcp => &[LookupTransport::Tcp],
            Self::Dot => &[LookupTransport::Dot],
            Self::DohGet => &[LookupTransport::DohGet],
            Self::DohPost => &[LookupTransport::DohPost],
            Self::Json => &[LookupTransport::Json],
            Self::All => &LookupTransport::ALL,
        }
    }
}
