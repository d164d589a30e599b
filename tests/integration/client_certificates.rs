//! Clients that have to show a certificate, on both TLS listeners of a whole gateway.

use std::net::SocketAddr;
use std::sync::Arc;

use hickory_proto::rr::RecordType;
use nomadns::config::{Files, Settings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::clients::{ask_stream, http_client};
use crate::support::gateway::{Gateway, cast, until};
use crate::support::question::Question;

const COUNTED: &str = "nomadns_tls_handshake_failures_total{reason=\"client_certificate\"}";

/// A CA for clients.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
type Shown = (String, String);

impl Authority {
    fn new() -> Self {
        let (key, mut params) = (KeyPair::generate().unwrap(), CertificateParams::default());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { pem, issuer }
    }

    fn sign(&self) -> Shown {
        let (key, params) = (KeyPair::generate().unwrap(), CertificateParams::default());
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// Has clients show a certificate; what is read again is what `path` holds then.
fn wanting(authority: &Authority, path: &std::path::Path) -> impl FnOnce(&mut Settings) + use<> {
    std::fs::write(path, &authority.pem).unwrap();
    let (content, path) = (authority.pem.clone().into_bytes(), path.to_owned());
    let again = move || std::fs::read(&path).map_err(|error| error.to_string());
    move |settings| {
        settings.client_ca = Some(Files {
            content,
            again: Arc::new(again),
        });
        settings.tls_check = None;
    }
}

/// A client of TLS; it keeps the sessions that it is given.
fn client(
    gateway: &Gateway,
    shown: Option<&Shown>,
    version: &'static SupportedProtocolVersion,
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(gateway.ca_pem.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    TlsConnector::from(Arc::new(config))
}

/// Asks over TLS; an error when the gateway does not want to be asked.
async fn ask_tls(client: &TlsConnector, address: SocketAddr) -> std::io::Result<ProtocolVersion> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = client.connect(name, stream).await?;
    ask_stream(
        &mut stream,
        &Question::new("redis.default.nomad", RecordType::A),
    )
    .await?;
    Ok(stream.get_ref().1.protocol_version().unwrap())
}

async fn ask_https(gateway: &Gateway, shown: Option<&Shown>) -> reqwest::Result<u16> {
    let url = format!("https://{}/resolve?name=redis.default.nomad", gateway.https);
    let root = reqwest::Certificate::from_pem(gateway.ca_pem.as_bytes()).unwrap();
    let mut builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
    if let Some((certificate, key)) = shown {
        let pem = format!("{certificate}{key}");
        builder = builder.identity(reqwest::Identity::from_pem(pem.as_bytes())?);
    }
    let response = builder.build()?.get(url).send().await?;
    Ok(response.status().as_u16())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_shows_a_certificate_of_the_ca_is_answered() {
    // Installs the cryptography that reqwest wants.
    drop(http_client(&[]));
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let nomad = cast();
    let gateway = Gateway::with(
        &nomad.url(),
        wanting(&authority, &folder.path().join("ca.pem")),
    );
    gateway.until_ready().await;
    let (right, other) = (authority.sign(), Authority::new().sign());
    let mut failed = 0.0;
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let known = client(&gateway, Some(&right), version);
        assert_eq!(ask_tls(&known, gateway.tls).await.unwrap(), version.version);
        for shown in [None, Some(&other)] {
            let unknown = client(&gateway, shown, version);
            assert!(ask_tls(&unknown, gateway.tls).await.is_err());
            failed += 1.0;
        }
    }
    assert_eq!(ask_https(&gateway, Some(&right)).await.unwrap(), 200);
    for shown in [None, Some(&other)] {
        assert!(ask_https(&gateway, shown).await.is_err());
        failed += 1.0;
    }
    until("counted", async || gateway.metric(COUNTED).await >= failed).await;
    assert_eq!(gateway.metric(COUNTED).await, failed);
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_ca_counts_from_the_next_handshake_on_for_those_too_who_were_there() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("ca.pem");
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), wanting(&authority, &path));
    gateway.until_ready().await;
    let next = Authority::new();
    let (old, new) = (authority.sign(), next.sign());
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        std::fs::write(&path, &authority.pem).unwrap();
        gateway.read_again();
        let before = client(&gateway, Some(&old), version);
        assert!(ask_tls(&before, gateway.tls).await.is_ok());
        std::fs::write(&path, "no CA").unwrap();
        gateway.read_again();
        assert!(ask_tls(&before, gateway.tls).await.is_ok());
        std::fs::write(&path, &next.pem).unwrap();
        gateway.read_again();
        // It would come back by its session, if it had been given one.
        assert!(ask_tls(&before, gateway.tls).await.is_err());
        let after = client(&gateway, Some(&new), version);
        assert!(ask_tls(&after, gateway.tls).await.is_ok());
    }
    gateway.end().await;
}
