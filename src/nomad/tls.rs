//! TLS for Nomad: its CA, our certificate, the name that its certificate must have.
//!
//! Floor 1. Builds one rustls configuration with the ring provider and passes it to reqwest as it is, so nothing
//! depends on a provider that is installed for the whole process.

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::secret::Secret;

/// How a server behind `https` is known, and how we show who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Certificates in PEM that alone are trusted; the system's roots when absent.
    pub ca: Option<Vec<u8>>,
    /// Our certificate chain in PEM, for Nomad's `verify_https_client`.
    pub certificate: Option<Vec<u8>>,
    /// The key of our certificate, in PEM.
    pub key: Option<Secret>,
    /// The DNS name that the certificate must carry, when it is not the address's own.
    pub server_name: Option<String>,
    /// Whether a certificate that cannot be checked is taken all the same.
    pub verification: Verification,
}

/// Whether the server's certificate is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// Checked: chain, dates and name.
    #[default]
    Full,
    /// Not checked at all: anyone on the path can read and change what Nomad says.
    Skipped,
}

/// Why the TLS settings cannot be used; [`Self::setting`] names the one to change.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The CA's file has no certificate, or a broken one.
    #[error("has no usable CA certificate: {0}; expected PEM with BEGIN CERTIFICATE")]
    Ca(String),
    /// Our certificate's file has no certificate, or a broken one.
    #[error("has no usable certificate: {0}; expected PEM with BEGIN CERTIFICATE")]
    Certificate(String),
    /// Our key's file has no key, or one that does not fit.
    #[error(
        "has no usable key: {0}; expected PEM with BEGIN PRIVATE KEY, the key of nomad.client_certificate"
    )]
    Key(String),
    /// Only the certificate is given.
    #[error("needs nomad.client_key too")]
    NoKey,
    /// Only the key is given.
    #[error("needs nomad.client_certificate too")]
    NoCertificate,
    /// The server name is no DNS name.
    #[error("{0:?} is not a DNS name, such as \"server.global.nomad\"")]
    ServerName(String),
    /// The system has no roots that can be read.
    #[error("is needed, since the system's trusted certificates cannot be read: {0}")]
    Roots(rustls::Error),
    /// rustls refused the whole.
    #[error("cannot be asked over TLS: {0}")]
    Setup(rustls::Error),
    /// The HTTP client cannot be built.
    #[error("cannot be asked over HTTP: {0}")]
    Client(String),
}

impl TlsError {
    /// Names the key of the configuration that is to be changed.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Ca(_) | Self::Roots(_) => "nomad.ca_file",
            Self::Certificate(_) | Self::NoKey => "nomad.client_certificate",
            Self::Key(_) | Self::NoCertificate => "nomad.client_key",
            Self::ServerName(_) => "nomad.tls_server_name",
            Self::Setup(_) | Self::Client(_) => "nomad.addresses",
        }
    }
}

/// Builds the configuration; `https` says whether the system's roots are needed at all.
pub(super) fn client_config(settings: &TlsSettings, https: bool) -> Result<ClientConfig, TlsError> {
    if let Some(name) = &settings.server_name
        && !matches!(
            ServerName::try_from(name.as_str()),
            Ok(ServerName::DnsName(_))
        )
    {
        return Err(TlsError::ServerName(name.clone()));
    }
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?;
    let builder = match (settings.verification, &settings.ca) {
        (Verification::Skipped, _) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
        (Verification::Full, Some(pem)) => builder.with_root_certificates(roots(pem)?),
        (Verification::Full, None) if https => {
            builder.with_platform_verifier().map_err(TlsError::Roots)?
        }
        (Verification::Full, None) => builder.with_root_certificates(RootCertStore::empty()),
    };
    with_client_certificate(builder, settings)
}

fn roots(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| TlsError::Ca(error.to_string()))?;
        store
            .add(certificate)
            .map_err(|error| TlsError::Ca(error.to_string()))?;
    }
    if store.is_empty() {
        return Err(TlsError::Ca("there is none in it".into()));
    }
    Ok(store)
}

fn with_client_certificate(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    settings: &TlsSettings,
) -> Result<ClientConfig, TlsError> {
    let (certificate, key) = match (&settings.certificate, &settings.key) {
        (None, None) => return Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(_), None) => return Err(TlsError::NoKey),
        (None, Some(_)) => return Err(TlsError::NoCertificate),
    };
    let chain = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsError::Certificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(TlsError::Certificate("there is none in it".into()));
    }
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|error| TlsError::Key(error.to_string()))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| TlsError::Key(error.to_string()))
}

/// Takes every certificate; the signature over the handshake is still checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
