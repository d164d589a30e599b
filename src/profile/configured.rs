//! The URL of the gateway that is configured on this machine, where only one is possible.

use std::net::{IpAddr, SocketAddr};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::url::without_dot;
use super::{GatewayUrl, ProfileError, ProfileKind, SecureTransport};
use crate::dns::Name;

/// What the configuration tells about the URL.
#[derive(Clone, Copy, Debug)]
pub struct ConfiguredGateway<'settings> {
    /// Where it listens for HTTPS.
    pub https: &'settings [SocketAddr],
    /// Where it listens for DNS over TLS.
    pub tls: &'settings [SocketAddr],
    /// Its host name, if that is configured.
    pub name: Option<&'settings Name>,
    /// Its certificate chain, in PEM.
    pub certificate: Option<&'settings [u8]>,
}

impl ConfiguredGateway<'_> {
    /// Finds the URL for the clients of a profile; that of HTTPS if there is one.
    ///
    /// # Errors
    /// No listener, several ports, and a certificate for several names or none.
    pub fn url(&self, kind: ProfileKind) -> Result<GatewayUrl, ProfileError> {
        let (transport, listener, addresses) = match (self.https, self.tls) {
            ([], [_, ..]) if kind.has_tls() => (SecureTransport::Tls, "listen.tls", self.tls),
            _ => (SecureTransport::Https, "listen.https", self.https),
        };
        let mut ports: Vec<u16> = addresses.iter().map(SocketAddr::port).collect();
        ports.sort_unstable();
        ports.dedup();
        match *ports {
            [] => Err(ProfileError::NoListener {
                kind,
                listeners: match kind.has_tls() {
                    true => "listen.https or listen.tls",
                    false => "listen.https",
                },
            }),
            [port] if port != 0 => {
                let host = self.host(kind)?;
                Ok(GatewayUrl::of_listener(transport, host, port))
            }
            _ => {
                let words: Vec<String> = ports.iter().map(u16::to_string).collect();
                Err(ProfileError::Ports {
                    listener,
                    ports: words.join(", "),
                    kind,
                })
            }
        }
    }

    /// The configured name; else the only name of the certificate, or its only address if it has no name.
    fn host(&self, kind: ProfileKind) -> Result<String, ProfileError> {
        if let Some(name) = self.name {
            return Ok(without_dot(name));
        }
        let (names, addresses) = self.certificate.map(valid_for).unwrap_or_default();
        match (&*names, &*addresses) {
            ([name], _) | ([], [name]) if !name.contains('*') => Ok(name.clone()),
            _ => {
                let all = [names, addresses].concat();
                let names = match &*all {
                    [] => "no name".to_owned(),
                    _ => all.join(", "),
                };
                Err(ProfileError::Names { names, kind })
            }
        }
    }
}

/// The names and the addresses that the first certificate in PEM is valid for (RFC 5280 §4.2.1.6).
fn valid_for(pem: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut names, mut addresses) = (Vec::new(), Vec::new());
    let Some(Ok(der)) = CertificateDer::pem_slice_iter(pem).next() else {
        return (names, addresses);
    };
    let Ok((_, read)) = X509Certificate::from_der(&der) else {
        return (names, addresses);
    };
    let subjects = read.subject_alternative_name().ok().flatten();
    for subject in subjects.iter().flat_map(|it| &it.value.general_names) {
        match *subject {
            GeneralName::DNSName(name) => names.push(name.escape_debug().to_string()),
            GeneralName::IPAddress(octets) => addresses.extend(address(octets)),
            _ => {}
        }
    }
    (names, addresses)
}

fn address(octets: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(octets).map(IpAddr::from);
    v4.or(v6).ok().map(|address| address.to_string())
}
