//! The certificates of CAs that a profile has clients trust.

use ring::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::ProfileError;

/// The certificate of a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaCertificate {
    pub(super) der: Vec<u8>,
    /// The hash of what is signed in it, by which stamps name it (SHA-256 of `TBSCertificate`, RFC 5280 §4.1).
    pub(super) signed_hash: Vec<u8>,
}

impl CaCertificate {
    /// Reads all certificates in PEM.
    ///
    /// # Errors
    /// No certificate, one that cannot be read, and one of a server.
    pub fn from_pem(pem: &[u8]) -> Result<Vec<Self>, ProfileError> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let certificates = read.unwrap_or_default();
        if certificates.is_empty() {
            return Err(ProfileError::NoCertificate);
        }
        let numbered = certificates.iter().zip(1..);
        numbered
            .map(|(der, number)| Self::read(der, number))
            .collect()
    }

    fn read(der: &[u8], number: usize) -> Result<Self, ProfileError> {
        let (_, read) =
            X509Certificate::from_der(der).map_err(|_| ProfileError::Unreadable(number))?;
        if !read.is_ca() {
            let subject = read.subject().to_string();
            return Err(ProfileError::NoCa(subject.escape_debug().to_string()));
        }
        let hash = digest(&SHA256, read.tbs_certificate.as_ref());
        Ok(Self {
            der: der.to_vec(),
            signed_hash: hash.as_ref().to_vec(),
        })
    }
}
