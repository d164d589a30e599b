//! Runs a service on a bound listener: HTTP/1.1 and HTTP/2, with or without TLS.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::super::accept::{self, ListenerContext};
use super::super::counters::ListenerKind;
use super::super::handshake::shake_hands;
use super::super::tls_config::ServerConfig;
use super::connection::HttpConnections;
use super::router::HttpService;

/// Whether a listener speaks TLS.
#[derive(Clone, Debug)]
pub enum Security {
    /// HTTP/1.1, or HTTP/2 by prior knowledge.
    Plain,
    /// HTTPS, with the version that the client and the configuration have in common.
    Tls(Arc<ServerConfig>),
}

/// Serves a bound listener until `shutdown`, and then what is open until it ends or its time is up.
///
/// # Errors
/// A listener that the runtime cannot take.
pub async fn serve<S: HttpService>(
    listener: TcpListener,
    kind: ListenerKind,
    service: S,
    security: Security,
    shared: ListenerContext,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let connections = Arc::new(HttpConnections::new(service, kind, shared.clone()));
    let acceptor = match security {
        Security::Plain => None,
        Security::Tls(config) => Some(TlsAcceptor::from(config)),
    };
    accept::run(
        listener,
        kind,
        &shared,
        shutdown.clone(),
        |stream, client, connection_handle| {
            let (connections, acceptor) = (Arc::clone(&connections), acceptor.clone());
            let (shared, shutdown) = (shared.clone(), shutdown.clone());
            async move {
                let Some(acceptor) = acceptor else {
                    return connections
                        .serve(stream, client, connection_handle, shutdown)
                        .await;
                };
                if let Some(stream) = shake_hands(stream, client.ip(), &acceptor, &shared).await {
                    connections
                        .serve(stream, client, connection_handle, shutdown)
                        .await;
                }
            }
        },
    )
    .await
}
