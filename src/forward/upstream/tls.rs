//! The TLS to upstreams: their certificates are good by the roots of the system, or of the CA that is configured.
//!
//! Floor 2. It reads no file.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, Error};
use rustls_pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

/// Makes the configuration of clients that also believe these authorities.
///
/// # Errors
/// An authority that is no certificate.
pub fn upstream_tls(
    authorities: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(authorities, Arc::clone(&provider))?;
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions()?.dangerous();
    let builder = builder.with_custom_certificate_verifier(Arc::new(verifier));
    Ok(Arc::new(builder.with_no_client_auth()))
}

/// The same for one protocol (ALPN).
pub(super) fn speaking(config: &Arc<ClientConfig>, protocol: &[u8]) -> Arc<ClientConfig> {
    let mut config = ClientConfig::clone(config);
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}
