//! DNS over TLS (RFC 7858): the handshake, and then the same stream as over TCP.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::accept::{self, ListenerContext};
use super::counters::ListenerKind;
use super::exchange::Exchange;
use super::handshake::shake_hands;
use super::tcp::converse;
use super::tls_config::ServerConfig;
use crate::dns::Transport;
use crate::layers::Stack;

/// Serves a bound listener until `shutdown`, and then what is open until it ends or its time is up.
///
/// # Errors
/// A listener that the runtime cannot take.
pub async fn serve<S: Stack>(
    listener: TcpListener,
    stack: S,
    config: Arc<ServerConfig>,
    shared: ListenerContext,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let kind = ListenerKind::Dot;
    let acceptor = TlsAcceptor::from(config);
    accept::run(
        listener,
        kind,
        &shared,
        shutdown.clone(),
        |stream, client, connection_handle| {
            let mut exchange = Exchange::live(stack.clone(), Transport::Dot, shared.server.clone());
            exchange.asked_from(client.port());
            let (acceptor, shared, shutdown) = (acceptor.clone(), shared.clone(), shutdown.clone());
            async move {
                let Some(mut stream) = shake_hands(stream, client.ip(), &acceptor, &shared).await
                else {
                    return;
                };
                converse(
                    &mut stream,
                    exchange,
                    client,
                    kind,
                    (&shared, &connection_handle),
                    shutdown,
                )
                .await;
            }
        },
    )
    .await
}
