//! The certificate that clients see, which can be replaced while connections run.
//!
//! Takes PEM text that the caller has read, and says what is wrong with it.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The certificate shown to clients; replacing it shows the new one from the next handshake on.
pub struct Certificates(ArcSwap<CertifiedKey>);

/// Why PEM is no certificate with its key. The caller knows the names of the files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The certificate's PEM cannot be read.
    #[error("the certificate is not PEM ({0}); expected: the server's certificate, then its chain")]
    CertificatePem(String),
    /// There is no certificate in the certificate's PEM.
    #[error(
        "the certificate holds no CERTIFICATE block; expected: the server's certificate, then its chain"
    )]
    NoCertificate,
    /// The certificate's PEM is a key.
    #[error("the certificate holds a private key and no certificate; are the two files swapped?")]
    KeyAsCertificate,
    /// The key's PEM cannot be read.
    #[error("the key is not PEM ({0}); expected: one unencrypted PRIVATE KEY block")]
    KeyPem(String),
    /// There is no key in the key's PEM.
    #[error("the key holds no PRIVATE KEY block; expected: one, unencrypted")]
    NoKey,
    /// The key's PEM is a certificate.
    #[error("the key holds a certificate and no private key; are the two files swapped?")]
    CertificateAsKey,
    /// The key is of a kind that cannot be used.
    #[error(
        "the key cannot be used ({0}); expected: ECDSA P-256 or P-384, Ed25519 or RSA from 2048"
    )]
    UnusableKey(String),
    /// The certificate itself cannot be read.
    #[error("the certificate cannot be used ({0}); expected: an X.509 certificate of version 3")]
    UnusableCertificate(String),
    /// The two do not belong together.
    #[error(
        "the key does not belong to the certificate; expected: the key of its first CERTIFICATE"
    )]
    Mismatch,
}

impl CertificateError {
    /// Says whether it is the key's file that is to be changed.
    #[must_use]
    pub fn is_of_key(&self) -> bool {
        matches!(
            self,
            Self::KeyPem(_)
                | Self::NoKey
                | Self::CertificateAsKey
                | Self::UnusableKey(_)
                | Self::Mismatch
        )
    }
}

impl Certificates {
    /// Reads a certificate with its chain, and its key, both as PEM.
    ///
    /// # Errors
    /// PEM that is none, or a pair that cannot be used.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        Ok(Self(ArcSwap::from_pointee(read(chain, key)?)))
    }

    /// Shows another certificate from now on.
    ///
    /// # Errors
    /// As `from_pem`; the old certificate stays then.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), CertificateError> {
        self.0.store(Arc::new(read(chain, key)?));
        Ok(())
    }

    /// The certificate that is shown now, in DER; the first of its chain.
    #[must_use]
    pub fn shown(&self) -> Option<CertificateDer<'static>> {
        self.0.load().cert.first().cloned()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}

fn read(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, CertificateError> {
    let chain = read_chain(chain)?;
    let key = read_key(key)?;
    let key = any_supported_type(&key)
        .map_err(|error| CertificateError::UnusableKey(error.to_string()))?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => Err(CertificateError::Mismatch),
        Err(error) => Err(CertificateError::UnusableCertificate(error.to_string())),
    }
}

fn read_chain(chain: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let certificates = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| CertificateError::CertificatePem(error.to_string()))?;
    if !certificates.is_empty() {
        return Ok(certificates);
    }
    Err(match PrivateKeyDer::from_pem_slice(chain) {
        Ok(_) => CertificateError::KeyAsCertificate,
        Err(_) => CertificateError::NoCertificate,
    })
}

fn read_key(key: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    match PrivateKeyDer::from_pem_slice(key) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) if CertificateDer::from_pem_slice(key).is_ok() => {
            Err(CertificateError::CertificateAsKey)
        }
        Err(pem::Error::NoItemsFound) => Err(CertificateError::NoKey),
        Err(error) => Err(CertificateError::KeyPem(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (String, String) {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (pair.cert.pem(), pair.signing_key.serialize_pem())
    }

    fn error(chain: &str, key: &str) -> CertificateError {
        Certificates::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err()
    }

    #[test]
    fn each_fault_is_told_apart() {
        let ((chain, key), (other, _)) = (pair(), pair());
        assert!(Certificates::from_pem(chain.as_bytes(), key.as_bytes()).is_ok());
        assert_eq!(error("", &key), CertificateError::NoCertificate);
        assert_eq!(error(&chain, ""), CertificateError::NoKey);
        assert_eq!(error(&key, &chain), CertificateError::KeyAsCertificate);
        assert_eq!(error(&chain, &chain), CertificateError::CertificateAsKey);
        assert_eq!(error(&other, &key), CertificateError::Mismatch);
        let cut = &chain[..chain.len() / 2];
        assert!(matches!(
            error(cut, &key),
            CertificateError::CertificatePem(_)
        ));
        assert!(matches!(
            error(&chain, &key[..key.len() / 2]),
            CertificateError::KeyPem(_)
        ));
        let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(
            error(hollow, &key),
            CertificateError::UnusableCertificate(_)
        ));
    }

    #[test]
    fn a_bad_pair_leaves_the_old_one() {
        let ((chain, key), (other, other_key)) = (pair(), pair());
        let certificates = Certificates::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let shown = || certificates.0.load().cert[0].clone();
        let first = shown();
        assert!(
            certificates
                .replace(other.as_bytes(), key.as_bytes())
                .is_err()
        );
        assert_eq!(shown(), first);
        certificates
            .replace(other.as_bytes(), other_key.as_bytes())
            .unwrap();
        assert_ne!(shown(), first);
    }
}
