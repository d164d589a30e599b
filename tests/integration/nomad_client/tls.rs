//! TLS towards Nomad: CA, server name, client certificate, and a certificate nobody checks.

use std::sync::{Arc, Mutex};

use nomadns::nomad::{Cause, Client, NomadSettings, TlsError, Verification};
use nomadns::secret::Secret;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::list;
use crate::support::replay::{Reply, ok, serve};

pub(super) struct TlsNomad {
    pub(super) url: String,
    pub(super) ca: Vec<u8>,
    client_certificate: Vec<u8>,
    client_key: Secret,
    names: Arc<Mutex<Vec<Option<String>>>>,
    heads: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

/// Starts a server whose certificate is for `server.global.nomad`, and that wants one of its clients.
pub(super) async fn start() -> TlsNomad {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let leaf = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &issuer).unwrap(), key)
    };
    let (certificate, key) = leaf("server.global.nomad");
    let (client_certificate, client_key) = leaf("client.global.nomad");
    let config = server_config(issuer.der(), certificate.der(), &key);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (names, heads) = (
        Arc::new(Mutex::new(Vec::new())),
        Arc::new(Mutex::new(Vec::new())),
    );
    let (seen, seen_heads) = (Arc::clone(&names), Arc::clone(&heads));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut task = JoinSet::new();
    task.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else {
                continue;
            };
            let session = stream.get_ref().1;
            let who = session
                .peer_certificates()
                .map_or("anonymous", |_| "certified");
            let name = session.server_name().map(|name| format!("{who} {name}"));
            seen.lock().unwrap().push(name.or_else(|| Some(who.into())));
            let answer = Arc::new(|_: &str| Reply::Close(ok(7, "[]")));
            serve(stream, answer, Arc::clone(&seen_heads)).await;
        }
    });
    TlsNomad {
        url,
        ca: issuer.pem().into_bytes(),
        client_certificate: client_certificate.pem().into_bytes(),
        client_key: Secret::new(&client_key.serialize_pem()),
        names,
        heads,
        _task: task,
    }
}

fn server_config(
    ca: &CertificateDer<'static>,
    certificate: &CertificateDer<'static>,
    key: &KeyPair,
) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).unwrap();
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![certificate.clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap()
}

fn settings(nomad: &TlsNomad) -> NomadSettings {
    super::settings(&[&nomad.url])
}

#[tokio::test]
async fn the_server_name_is_checked_and_sent_and_the_host_header_stays() {
    let nomad = start().await;
    let mut settings = settings(&nomad);
    settings.tls.ca = Some(nomad.ca.clone());
    settings.tls.server_name = Some("server.global.nomad".into());
    settings.tls.certificate = Some(nomad.client_certificate.clone());
    settings.tls.key = Some(nomad.client_key.clone());
    assert_eq!(list(&Client::new(settings.clone()).unwrap()).await, Ok(7));
    assert_eq!(
        *nomad.names.lock().unwrap(),
        [Some("certified server.global.nomad".into())]
    );
    let host = format!("host: {}\r\n", nomad.url.trim_start_matches("https://"));
    assert!(nomad.heads.lock().unwrap()[0].contains(&host));

    settings.tls.server_name = Some("other.global.nomad".into());
    let result = list(&Client::new(settings).unwrap()).await;
    assert!(
        matches!(&result, Err(Cause::Unreachable(why)) if why.contains("certificate")),
        "{result:?}"
    );
}

#[tokio::test]
async fn an_unknown_ca_is_refused_unless_nothing_is_checked() {
    let nomad = start().await;
    let mut settings = settings(&nomad);
    settings.tls.ca = Some(start().await.ca);
    let result = list(&Client::new(settings.clone()).unwrap()).await;
    assert!(
        matches!(&result, Err(Cause::Unreachable(why)) if why.contains("certificate")),
        "{result:?}"
    );
    settings.tls.verification = Verification::Skipped;
    assert_eq!(list(&Client::new(settings).unwrap()).await, Ok(7));
}

#[tokio::test]
async fn replaced_tls_files_are_used_at_once_and_broken_ones_change_nothing() {
    let nomad = start().await;
    let mut settings = settings(&nomad);
    settings.tls.ca = Some(start().await.ca);
    settings.tls.server_name = Some("server.global.nomad".into());
    let client = Client::new(settings.clone()).unwrap();
    assert!(list(&client).await.is_err());
    let mut tls = settings.tls;
    tls.ca = Some(nomad.ca.clone());
    client.replace_tls(tls.clone()).unwrap();
    assert_eq!(list(&client).await, Ok(7));
    tls.certificate = Some(nomad.client_certificate.clone());
    let error = client.replace_tls(tls.clone()).unwrap_err().to_string();
    assert!(error.ends_with(&TlsError::NoKey.to_string()), "{error}");
    assert_eq!(list(&client).await, Ok(7));
    tls.key = Some(nomad.client_key.clone());
    client.replace_tls(tls).unwrap();
    assert_eq!(list(&client).await, Ok(7));
    let names = nomad.names.lock().unwrap();
    let shown = names
        .iter()
        .flatten()
        .map(|it| it.split(' ').next().unwrap());
    assert_eq!(
        shown.collect::<Vec<_>>(),
        ["anonymous", "anonymous", "certified"]
    );
}

#[test]
fn tls_files_that_cannot_be_used_are_named() {
    let build = |change: &dyn Fn(&mut NomadSettings)| {
        let mut settings = super::settings(&["https://127.0.0.1:1"]);
        change(&mut settings);
        Client::new(settings).unwrap_err().to_string()
    };
    let text = build(&|settings| settings.tls.ca = Some(b"no pem".to_vec()));
    assert!(text.contains("nomad.ca_file: has no usable CA"), "{text}");
    let text = build(&|settings| settings.tls.certificate = Some(Vec::new()));
    assert!(
        text.contains("nomad.client_certificate: needs nomad.client_key"),
        "{text}"
    );
    let text = build(&|settings| settings.tls.server_name = Some("10.0.0.1".into()));
    assert!(text.contains("is not a DNS name"), "{text}");
}
