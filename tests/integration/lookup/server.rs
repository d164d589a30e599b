//! A server for one test of `lookup`: each transport on a free port, a few names.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use nomadns::certs::Development;
use nomadns::dns::json::{Parameters, render};
use nomadns::dns::wire::{Additions, Bounds, decode, encode};
use nomadns::dns::{
    Answer, AnswerBuilder, ExtendedError, Name, Owner, Query, Rcode, RecordType, Section, Transport,
};
use nomadns::lookup::GatewayPorts;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

/// Where it is, and what to trust.
pub(super) struct Server {
    pub(super) ports: GatewayPorts,
    pub(super) ca_pem: String,
}

impl Server {
    /// Starts a server on free ports; it ends with the test's runtime.
    pub(super) async fn start() -> Self {
        let development = Development::generate(&[]).expect("the names are fixed");
        let listen = || async { TcpListener::bind("127.0.0.1:0").await.expect("loopback") };
        let (tcp, tls, https, http) = (
            listen().await,
            listen().await,
            listen().await,
            listen().await,
        );
        let port = |listener: &TcpListener| listener.local_addr().expect("bound").port();
        let ports = GatewayPorts {
            dns: port(&tcp),
            tls: port(&tls),
            https: port(&https),
            http: port(&http),
        };
        let udp = UdpSocket::bind(("127.0.0.1", ports.dns))
            .await
            .expect("a UDP port as free");
        tokio::spawn(serve_udp(udp));
        let acceptor = acceptor(&development);
        let (dot, doh) = (acceptor.clone(), acceptor);
        accept(tcp, |stream| serve_stream(stream, Transport::Tcp));
        accept(tls, move |stream| {
            let dot = dot.clone();
            async move { serve_stream(dot.accept(stream).await.ok()?, Transport::Dot).await }
        });
        accept(https, move |stream| {
            let doh = doh.clone();
            async move { serve_http(doh.accept(stream).await.ok()?).await }
        });
        accept(http, serve_http);
        Self {
            ports,
            ca_pem: development.ca_pem,
        }
    }
}

fn accept<F>(listener: TcpListener, serve: impl Fn(tokio::net::TcpStream) -> F + Send + 'static)
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
}

async fn serve_udp(socket: UdpSocket) {
    let mut buffer = [0; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        let answer = answer(&buffer[..length], Transport::Udp);
        let _ = socket.send_to(&answer, peer).await;
    }
}

async fn serve_stream(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    transport: Transport,
) -> Option<()> {
    let mut message = vec![0; stream.read_u16().await.ok()?.into()];
    stream.read_exact(&mut message).await.ok()?;
    let answer = answer(&message, transport);
    stream.write_u16(answer.len().try_into().ok()?).await.ok()?;
    stream.write_all(&answer).await.ok()?;
    stream.shutdown().await.ok()
}

async fn serve_http(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Option<()> {
    let by_get = async |RawQuery(query): RawQuery| {
        let message =
            query.and_then(|query| URL_SAFE_NO_PAD.decode(query.strip_prefix("dns=")?).ok());
        answer(&message.unwrap_or_default(), Transport::Doh)
    };
    let by_post = async |body: Bytes| answer(&body, Transport::Doh);
    let by_json = async |RawQuery(query): RawQuery| {
        let query = Parameters::read(&query.unwrap_or_default(), None)
            .expect("ours")
            .query;
        match answer_for(&query) {
            Some(answer) => {
                let mut message = Vec::new();
                encode(
                    &answer,
                    &query,
                    Bounds::default(),
                    &Additions::default(),
                    0,
                    &mut message,
                );
                Ok(render(&message, None).expect("ours"))
            }
            None => Err((http::StatusCode::IM_A_TEAPOT, "a \u{7} teapot\n")),
        }
    };
    let router = Router::new()
        .route("/dns-query", get(by_get).post(by_post))
        .route("/resolve", get(by_json));
    Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await
        .ok()
}

fn answer(message: &[u8], transport: Transport) -> Vec<u8> {
    let mut out = Vec::new();
    let query = decode(message, transport, None).expect("lookup asks well");
    let answer = answer_for(&query).expect("only JSON has statuses");
    let turn = match transport {
        Transport::Tcp => 1,
        _ => 0,
    };
    encode(
        &answer,
        &query,
        Bounds::default(),
        &Additions::default(),
        turn,
        &mut out,
    );
    out
}

/// The server's answer to a query; none for one that gets a status of HTTP.
fn answer_for(query: &Query) -> Option<Answer> {
    let name = query.name.to_string().to_lowercase();
    let addresses: Vec<[u8; 4]> = match name.as_str() {
        "teapot.nomad." if query.transport == Transport::Json => return None,
        "early.nomad." => {
            let not_ready = Some(ExtendedError::NOT_READY);
            return Some(AnswerBuilder::error(Rcode::SERVFAIL, not_ready));
        }
        "none.nomad." => return Some(denial(&query.name)),
        "big.nomad." => (0..200).map(|last| [10, 0, 1, last]).collect(),
        "split.nomad." if query.transport == Transport::Dot => vec![[10, 9, 9, 9]],
        _ => vec![[10, 0, 0, 1], [10, 0, 0, 2]],
    };
    let mut builder = AnswerBuilder::new(&query.name);
    for address in addresses {
        builder.push(
            Section::Answer,
            Owner::Question,
            RecordType::A,
            30,
            |rdata| {
                rdata.octets(&address);
            },
        );
    }
    Some(builder.finish())
}

fn denial(name: &Name) -> Answer {
    let zone: Name = "nomad".parse().expect("a name");
    let mut builder = AnswerBuilder::new(name);
    builder.set_rcode(Rcode::NXDOMAIN);
    builder.push(
        Section::Authority,
        Owner::Name(&zone),
        RecordType::SOA,
        5,
        |rdata| {
            rdata.name(&zone);
            rdata.name(&zone);
            [1, 2, 3, 4, 5]
                .into_iter()
                .for_each(|number| rdata.u32(number));
        },
    );
    builder.finish()
}

fn acceptor(development: &Development) -> TlsAcceptor {
    let chain = certificates(&development.certificate_pem);
    let key = PrivateKeyDer::from_pem_slice(development.key_pem.as_bytes()).expect("made so");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .expect("made so");
    config.alpn_protocols = vec![b"dot".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

pub(super) fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|certificate| certificate.expect("made so"))
        .collect()
}
