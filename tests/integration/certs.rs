//! The certificates for development: what a client that trusts the CA accepts, and the files.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use nomadns::certs::{ADDRESSES, Development, Existing, MakeCertificateError, NAMES};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

/// Whether a client that trusts the CA alone takes the certificate for this name, in so many days.
fn is_trusted(
    development: &Development,
    name: &str,
    days: u64,
) -> Result<bool, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(development.ca_pem.as_bytes())?;
    roots.add(ca)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider);
    let verifier = verifier.build()?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(development.certificate_pem.as_bytes())
        .collect::<Result<_, _>>()?;
    let moment = SystemTime::now() + Duration::from_secs(days * 86_400);
    let since = moment.duration_since(SystemTime::UNIX_EPOCH)?;
    let name = ServerName::try_from(name.to_owned())?;
    let now = UnixTime::since_unix_epoch(since);
    let verified = verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], now);
    Ok(verified.is_ok())
}

#[test]
fn a_client_that_trusts_the_ca_takes_the_certificate_for_its_names_and_no_other() {
    let also = ["gateway.example".to_owned(), "192.0.2.1".to_owned()];
    let development = Development::generate(&also).unwrap();
    let names = NAMES.map(str::to_owned).into_iter();
    for name in names
        .chain(ADDRESSES.map(|address| address.to_string()))
        .chain(also)
    {
        assert!(is_trusted(&development, &name, 0).unwrap(), "{name}");
    }
    for name in ["localhost.example", "nomad", "192.0.2.2"] {
        assert!(!is_trusted(&development, name, 0).unwrap(), "{name}");
    }
}

#[test]
fn the_certificate_is_good_for_no_longer_than_browsers_allow() {
    let development = Development::generate(&[]).unwrap();
    assert!(is_trusted(&development, "localhost", 395).unwrap());
    assert!(!is_trusted(&development, "localhost", 397).unwrap());
}

#[test]
fn the_key_is_that_of_the_certificate() {
    let development = Development::generate(&[]).unwrap();
    let chain = CertificateDer::pem_slice_iter(development.certificate_pem.as_bytes());
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(development.key_pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key);
    assert!(config.is_ok());
    assert!(!format!("{development:?}").contains("PRIVATE KEY"));
}

#[test]
fn the_files_are_written_once_and_the_key_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/certs");
    let first = Development::generate(&[]).unwrap();
    let [ca, certificate, key] = first.write(&folder, Existing::Keep).unwrap();
    let read = |path| std::fs::read_to_string(path).unwrap();
    assert_eq!(
        (read(&ca), read(&certificate)),
        (first.ca_pem, first.certificate_pem)
    );
    assert_eq!(read(&key), first.key_pem);
    assert_eq!(
        std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let second = Development::generate(&[]).unwrap();
    let refused = second.write(&folder, Existing::Keep).unwrap_err();
    assert!(matches!(refused, MakeCertificateError::Exists(path) if path == ca));
    assert_eq!(read(&key), first.key_pem);
    second.write(&folder, Existing::Replace).unwrap();
    assert_eq!(read(&key), second.key_pem);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3);
}

#[test]
fn a_name_that_no_certificate_can_carry_is_named() {
    let error = Development::generate(&["bücher.example".to_owned()]).unwrap_err();
    assert!(error.to_string().contains("`bücher.example`"), "{error}");
}
