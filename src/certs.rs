//! Certificates for development: a new CA, and a certificate for localhost that it signed.
//!
//! Floor 5, used by `nomadns certs` and in memory by `demo`. The CA's key is discarded after signing, so trusting the
//! CA means trusting this one certificate. Not for production.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fmt, fs};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

/// The names that the certificate is good for.
pub const NAMES: [&str; 4] = ["localhost", "ns.nomad", "ns.service.nomad", "doh.test"];

/// The addresses that the certificate is good for.
pub const ADDRESSES: [IpAddr; 2] = [
    IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
    IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
];

/// How long the certificate is good for; browsers refuse more than 398 days.
const VALID: Duration = Duration::days(396);
/// How long before it was made, for clocks that are late.
const VALID_BEFORE: Duration = Duration::hours(24);

/// The files that are written, in the order of `Development`.
const FILES: [&str; 3] = ["ca.pem", "localhost.pem", "localhost-key.pem"];

/// A CA, and a certificate that it signed with the key for it, as PEM.
#[derive(Clone)]
pub struct Development {
    /// The certificate of the CA, for clients to trust.
    pub ca_pem: String,
    /// The certificate of the server, with the CA's behind it.
    pub certificate_pem: String,
    /// The private key of the server.
    pub key_pem: String,
}

/// What is to become of files that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They stay, and nothing is written.
    Keep,
    /// They are replaced.
    Replace,
}

/// Why no certificates were made.
#[derive(Debug, thiserror::Error)]
pub enum MakeCertificateError {
    /// A name that no certificate can carry.
    #[error("`{name}` cannot be in a certificate: expected a DNS name or an IP address")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: rcgen::Error,
    },
    /// The library could not make them.
    #[error("the certificates could not be made: {0}")]
    Make(#[from] rcgen::Error),
    /// A file that is there already.
    #[error("{} exists already: remove it, or overwrite it with --force", .0.display())]
    Exists(PathBuf),
    /// A file or folder that could not be written.
    #[error("{} could not be written: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Development {
    /// Makes a CA and a certificate for the names and addresses above and those in `also`.
    ///
    /// # Errors
    /// A name that no certificate can carry.
    pub fn generate(also: &[String]) -> Result<Self, MakeCertificateError> {
        let now = OffsetDateTime::from(SystemTime::now());
        let ca_key = KeyPair::generate()?;
        let ca = ca_params(now);
        let ca_pem = ca.self_signed(&ca_key)?.pem();
        let key = KeyPair::generate()?;
        let issuer = Issuer::new(ca, ca_key);
        let certificate = server_params(now, also)?.signed_by(&key, &issuer)?;
        Ok(Self {
            certificate_pem: certificate.pem() + &ca_pem,
            ca_pem,
            key_pem: key.serialize_pem(),
        })
    }

    /// Writes `ca.pem`, `localhost.pem` and `localhost-key.pem` to a folder, which is made if need be.
    ///
    /// The key can be read by its owner only. Tells the paths, in that order.
    ///
    /// # Errors
    /// A file that is there already and is to be kept, and what the system refuses.
    pub fn write(
        &self,
        folder: &Path,
        existing: Existing,
    ) -> Result<[PathBuf; 3], MakeCertificateError> {
        let paths = FILES.map(|file| folder.join(file));
        let taken = paths.iter().find(|path| path.symlink_metadata().is_ok());
        if let (Some(taken), Existing::Keep) = (taken, existing) {
            return Err(MakeCertificateError::Exists(taken.clone()));
        }
        fs::create_dir_all(folder).map_err(|source| MakeCertificateError::Write {
            path: folder.to_owned(),
            source,
        })?;
        let parts = [
            (&self.ca_pem, FileMode::Everyone),
            (&self.certificate_pem, FileMode::Everyone),
            (&self.key_pem, FileMode::Owner),
        ];
        for (path, (pem, access)) in paths.iter().zip(parts) {
            write_file(path, pem, access).map_err(|source| MakeCertificateError::Write {
                path: path.clone(),
                source,
            })?;
        }
        Ok(paths)
    }
}

impl fmt::Debug for Development {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the key.
        f.debug_struct("Development")
            .field("ca_pem", &self.ca_pem)
            .field("certificate_pem", &self.certificate_pem)
            .finish_non_exhaustive()
    }
}

/// Who may read a file.
#[derive(Clone, Copy)]
enum FileMode {
    Everyone,
    Owner,
}

fn ca_params(now: OffsetDateTime) -> CertificateParams {
    // A name of its own: clients that know an earlier CA would take this one for it and see a forgery.
    let number: u32 = rand::random();
    let mut params = common_params(now, &format!("nomadns development CA {number:08x}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn server_params(
    now: OffsetDateTime,
    also: &[String],
) -> Result<CertificateParams, MakeCertificateError> {
    let mut params = common_params(now, NAMES[0]);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for name in NAMES.into_iter().chain(also.iter().map(String::as_str)) {
        let subject = match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => name.try_into().map(SanType::DnsName).map_err(|source| {
                MakeCertificateError::Name {
                    name: name.escape_debug().to_string(),
                    source,
                }
            })?,
        };
        params.subject_alt_names.push(subject);
    }
    let addresses = ADDRESSES.map(SanType::IpAddress);
    params.subject_alt_names.extend(addresses);
    Ok(params)
}

fn common_params(now: OffsetDateTime, common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "nomadns development");
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.not_before = now - VALID_BEFORE;
    params.not_after = now + VALID;
    params
}

/// Puts a file in place at once, so that no reader sees half of it.
fn write_file(path: &Path, content: &str, access: FileMode) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mode = match access {
        FileMode::Everyone => 0o644,
        FileMode::Owner => 0o600,
    };
    let beside = path.with_extension("pem.new");
    // What an earlier run left there may have another mode.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
