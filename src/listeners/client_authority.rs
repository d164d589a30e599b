//! The CAs that must have signed clients' certificates, which can be replaced while connections run.
//!
//! Takes PEM text that the caller has read. rustls verifies certificates; this holds the CAs for it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
};

type Verifier = Arc<dyn ClientCertVerifier>;

/// Verifies clients; replacing the CAs counts from the next handshake on.
#[derive(Debug)]
pub struct ClientAuthority(ArcSwap<Verifier>);

/// Why PEM holds no CA. The caller knows the name of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientAuthorityError {
    /// It cannot be read.
    #[error("the clients' CA is not PEM ({0}); expected: CERTIFICATE blocks")]
    Pem(String),
    /// There is no certificate in it.
    #[error("the clients' CA holds no CERTIFICATE block; expected: at least one")]
    Empty,
    /// A certificate in it that nothing can be verified with.
    #[error("the clients' CA cannot be used ({0}); expected: X.509 certificates of version 3")]
    Unusable(String),
}

impl ClientAuthority {
    /// Reads CA certificates as PEM.
    ///
    /// # Errors
    /// PEM that is none, or holds none that can be used.
    pub fn from_pem(pem: &[u8]) -> Result<Self, ClientAuthorityError> {
        Ok(Self(ArcSwap::from_pointee(read(pem)?)))
    }

    /// Takes other CAs from now on.
    ///
    /// # Errors
    /// As `from_pem`; the old ones stay then.
    pub fn replace(&self, pem: &[u8]) -> Result<(), ClientAuthorityError> {
        self.0.store(Arc::new(read(pem)?));
        Ok(())
    }
}

fn read(pem: &[u8]) -> Result<Verifier, ClientAuthorityError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate =
            certificate.map_err(|error| ClientAuthorityError::Pem(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| ClientAuthorityError::Unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(ClientAuthorityError::Empty);
    }
    let provider = Arc::new(default_provider());
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| ClientAuthorityError::Unusable(error.to_string()))
}

impl ClientCertVerifier for ClientAuthority {
    /// None is named: a client shows what it has, whichever CA is in use by then (RFC 8446 §4.2.4).
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.0
            .load()
            .verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.load().verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.load().verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.load().supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_told_apart_and_leaves_the_old_authority() {
        let pair = rcgen::generate_simple_self_signed(["ca".to_owned()]).unwrap();
        let pem = pair.cert.pem();
        let authority = ClientAuthority::from_pem(pem.as_bytes()).unwrap();
        let key = pair.signing_key.serialize_pem();
        for none in ["", "nothing", &key] {
            let error = authority.replace(none.as_bytes()).unwrap_err();
            assert_eq!(error, ClientAuthorityError::Empty);
        }
        let cut = authority.replace(&pem.as_bytes()[..pem.len() / 2]);
        assert!(matches!(cut, Err(ClientAuthorityError::Pem(_))));
        let hollow = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let hollow = authority.replace(hollow);
        assert!(matches!(hollow, Err(ClientAuthorityError::Unusable(_))));
        assert!(!authority.supported_verify_schemes().is_empty());
    }
}
