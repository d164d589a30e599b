//! The listeners: octets in, octets out.
//!
//! Floor 4. Each transport has its own framing. The handling of a message is the same for all of them and is in
//! `exchange`.

mod accept;
pub mod admin;
mod amplification;
mod certificates;
mod client_authority;
mod clients;
mod closing;
mod connections;
mod core_dns;
mod counters;
pub mod dot;
pub mod exchange;
mod handshake;
pub mod http;
mod judging;
mod limits;
mod live_keys;
mod live_server;
mod offered_transfers;
mod pending;
pub mod proxy_header;
mod recorder;
mod rotation;
mod server;
mod signing;
pub mod stream;
pub mod tcp;
mod tls_config;
mod transfers;
pub mod udp;

pub use accept::ListenerContext;
pub use certificates::{CertificateError, Certificates};
pub use client_authority::{ClientAuthority, ClientAuthorityError};
pub use clients::{
    ClientSettings, Clients, Networks, Rate, Refusal, Refusals, UnprovenCounters, UnprovenSettings,
};
pub use connections::{ConnectionActivity, ConnectionHandle, Connections, WriteBudget};
pub use counters::{
    ConnectionCounters, HandshakeFailure, HttpResponseKind, ListenerCounters, ListenerKind,
};
pub use limits::ConnectionLimits;
pub use live_keys::LiveKeys;
pub use live_server::LiveServer;
pub use offered_transfers::OfferedTransfers;
pub use server::Server;
pub use tls_config::{ServerConfig, TlsUse, tls_config};
