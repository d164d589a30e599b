//! The TLS configuration: versions, tickets, and the application protocols of each listener.

use std::sync::Arc;

use rustls::CipherSuite;
pub use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};

use super::certificates::Certificates;
use super::client_authority::ClientAuthority;

/// Tickets that a client gets for coming back without a full handshake; each time it comes back it gets more.
const TICKETS: usize = 1;

const FIRST_SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// What is spoken inside of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsUse {
    /// DNS over TLS (RFC 7858 §3.2: the client may name the protocol or not).
    Dot,
    /// HTTP/2 and HTTP/1.1.
    Http,
}

impl TlsUse {
    fn protocols(self) -> Vec<Vec<u8>> {
        let names: &[&[u8]] = match self {
            Self::Dot => &[b"dot"],
            Self::Http => &[b"h2", b"http/1.1"],
        };
        names.iter().map(|name| name.to_vec()).collect()
    }
}

/// The cryptography, with AES-128 before AES-256: its SHA-256 is what processors have instructions for.
///
/// A full handshake costs a tenth less for it, and OpenSSL would choose otherwise if it were asked.
fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider
        .cipher_suites
        .sort_by_key(|suite| !FIRST_SUITES.contains(&suite.suite()));
    provider
}

/// Makes the configuration of one listener, which shows whatever `certificates` hold at the time.
///
/// With `clients`, a client has to show a certificate that they have signed, on every connection anew.
///
/// # Errors
/// No randomness to be had for the keys of the tickets.
pub fn tls_config(
    certificates: Arc<Certificates>,
    tls_use: TlsUse,
    clients: Option<Arc<ClientAuthority>>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let comes_back = clients.is_none();
    let verifier: Arc<dyn ClientCertVerifier> = match clients {
        Some(clients) => clients,
        None => WebPkiClientVerifier::no_client_auth(),
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(certificates);
    config.ignore_client_order = true;
    config.alpn_protocols = tls_use.protocols();
    if comes_back {
        config.ticketer = ring::Ticketer::new()?;
        config.send_tls13_tickets = TICKETS;
    } else {
        // A resumed session is not verified again, though the CA may have changed.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Arc::new(config))
}
