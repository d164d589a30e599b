//! What goes wrong on the way to Nomad is told with the setting that is to be changed.

use std::sync::Arc;

use nomadns::nomad::{Client, NomadSettings};
use nomadns::tls_failure::TlsFailure;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{CertificateError, RootCertStore, ServerConfig};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{list, settings};
use crate::support::replay::{Replay, Reply, ok, refusing, serve, status};

/// What a test has the server be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clients {
    Anybody,
    Certified,
}

/// A Nomad behind TLS, with a certificate for `server.global.nomad` and 127.0.0.1 that is valid for these hours from now.
struct Nomad {
    url: String,
    ca: Vec<u8>,
    _task: JoinSet<()>,
}

async fn start(hours: [i64; 2], names: &[&str], clients: Clients) -> Nomad {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = format!("CA {:08x}", rand::random::<u32>());
    params.distinguished_name.push(DnType::CommonName, name);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    let [from, to] = hours.map(|hours| OffsetDateTime::now_utc() + Duration::hours(hours));
    (params.not_before, params.not_after) = (from, to);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = match clients {
        Clients::Anybody => verifier.allow_unauthenticated(),
        Clients::Certified => verifier,
    };
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut task = JoinSet::new();
    task.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(
                    stream,
                    Arc::new(|_: &str| Reply::Close(ok(7, "[]"))),
                    Arc::default(),
                )
                .await;
            }
        }
    });
    Nomad {
        url,
        ca: issuer.pem().into_bytes(),
        _task: task,
    }
}

/// The error of a request that fails.
async fn error_text(settings: NomadSettings) -> String {
    list(&Client::new(settings).unwrap())
        .await
        .unwrap_err()
        .to_string()
}

fn assert_has(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
}

fn trusting(nomad: &Nomad) -> NomadSettings {
    let mut settings = settings(&[&nomad.url]);
    settings.tls.ca = Some(nomad.ca.clone());
    settings
}

const HERE: &str = "127.0.0.1";

#[tokio::test]
async fn a_certificate_that_is_not_taken_names_the_setting() {
    let nomad = start([-1, 1], &[HERE], Clients::Anybody).await;
    assert_eq!(list(&Client::new(trusting(&nomad)).unwrap()).await, Ok(7));
    let mut settings = trusting(&nomad);
    settings.tls.ca = Some(start([-1, 1], &[HERE], Clients::Anybody).await.ca);
    assert_has(
        &error_text(settings).await,
        &[
            "unreachable: ",
            "UnknownIssuer",
            "nomad.ca_file",
            "NOMAD_CACERT",
        ],
    );
    // A CA that was made anew may have its old name.
    let anew = TlsFailure::of(&rustls::Error::InvalidCertificate(
        CertificateError::BadSignature,
    ));
    assert_has(
        &anew.to_string(),
        &["not signed by a trusted CA (BadSignature)"],
    );
    let names = ["server.global.nomad", "localhost"];
    let nomad = start([-1, 1], &names, Clients::Anybody).await;
    let parts = [
        "not for 127.0.0.1 but for server.global.nomad, localhost",
        "nomad.tls_server_name",
        "NOMAD_TLS_SERVER_NAME",
    ];
    assert_has(&error_text(trusting(&nomad)).await, &parts);
}

#[tokio::test]
async fn errors_about_a_certificates_validity_name_the_date() {
    let date = |hours: i64| {
        let date = OffsetDateTime::now_utc() + Duration::hours(hours);
        // A test at midnight has no luck with days, but the year and the month are enough.
        format!("{}-{:02}-", date.year(), u8::from(date.month()))
    };
    let nomad = start([-50, -2], &[HERE], Clients::Anybody).await;
    assert_has(
        &error_text(trusting(&nomad)).await,
        &[&format!("expired at {}", date(-2)), "Z; renew it"],
    );
    let nomad = start([2, 50], &[HERE], Clients::Anybody).await;
    let parts = [
        &*format!("is not valid before {}", date(2)),
        "clock says",
        "Z",
    ];
    let text = error_text(trusting(&nomad)).await;
    assert_has(&text, &parts);
    assert!(!text.contains("UNIX"), "{text}");
}

#[tokio::test]
async fn a_client_certificate_that_is_wanted_names_its_settings() {
    let nomad = start([-1, 1], &[HERE], Clients::Certified).await;
    let parts = [
        "requires a client certificate",
        "nomad.client_certificate and nomad.client_key",
        "NOMAD_CLIENT_CERT",
    ];
    assert_has(&error_text(trusting(&nomad)).await, &parts);
    let other = rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap();
    let mut settings = trusting(&nomad);
    settings.tls.certificate = Some(other.cert.pem().into_bytes());
    settings.tls.key = Some(nomadns::secret::Secret::new(
        &other.signing_key.serialize_pem(),
    ));
    let parts = ["rejects our client certificate", "nomad.client_certificate"];
    assert_has(&error_text(settings).await, &parts);
}

#[tokio::test]
async fn the_wrong_scheme_is_told_both_ways() {
    // Go's server takes a handshake for a request, and refuses it.
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut to_plain = settings(&[&format!("https://{}", plain.local_addr().unwrap())]);
    let refusing = tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream
            .write_all(&status("400 Bad Request", ""))
            .await
            .unwrap();
        // Closed only once all was read, so that nothing is lost.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    to_plain.tls.ca = Some(start([-1, 1], &[HERE], Clients::Anybody).await.ca);
    assert_has(
        &error_text(to_plain).await,
        &[
            "the server does not speak TLS",
            "write http:// in nomad.addresses",
            "NOMAD_ADDR",
        ],
    );
    refusing.abort();
    let nomad = start([-1, 1], &[HERE], Clients::Anybody).await;
    let to_tls = settings(&[&nomad.url.replace("https://", "http://")]);
    assert_has(
        &error_text(to_tls).await,
        &[
            "the server expects TLS",
            "write https:// in nomad.addresses",
        ],
    );
    // Go's server, and so a real Nomad, answers in clear text.
    let words = "Client sent an HTTP request to an HTTPS server.\n";
    let go = Replay::always(format!("HTTP/1.0 400 Bad Request\r\n\r\n{words}")).await;
    let parts = [
        "unreachable: ",
        "the server expects TLS",
        "write https:// in nomad.addresses",
    ];
    assert_has(&error_text(settings(&[&go.url()])).await, &parts);
}

#[tokio::test]
async fn an_address_where_nobody_is_names_its_setting() {
    let parts = [
        "unreachable: Connection refused",
        "is Nomad running",
        "nomad.addresses, NOMAD_ADDR",
    ];
    assert_has(&error_text(settings(&[&refusing().await])).await, &parts);
    // No resolver is asked for a label that is too long.
    let unknown = format!("http://{}:4646", "a".repeat(64));
    let parts = [
        "its host name has no address",
        "nomad.addresses (NOMAD_ADDR)",
    ];
    assert_has(&error_text(settings(&[&unknown])).await, &parts);
    let parts = ["there is no such socket", "NOMAD_UNIX_ADDR"];
    assert_has(
        &error_text(settings(&["unix:///nowhere/api.sock"])).await,
        &parts,
    );
}

#[tokio::test]
async fn what_nomad_refuses_names_its_setting() {
    for (line, body, parts) in [
        (
            "403 Forbidden",
            "Permission denied",
            ["permission denied", "read-job"],
        ),
        (
            "403 Forbidden",
            "ACL token not found",
            ["token not known", "nomad.token_file"],
        ),
        (
            "500 Internal Server Error",
            "ACL token expired",
            ["token expired", "NOMAD_TOKEN"],
        ),
        ("401 Unauthorized", "", ["unauthorized", "nomad.http_auth"]),
        (
            "500 Internal Server Error",
            "No path to region",
            ["no path to region", "nomad.region"],
        ),
    ] {
        let nomad = Replay::always(status(line, body)).await;
        assert_has(&error_text(settings(&[&nomad.url()])).await, &parts);
    }
}
