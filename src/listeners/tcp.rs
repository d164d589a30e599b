//! Plain DNS over TCP (RFC 7766): the accept loop, and the stream behind it.

use std::io;
use std::net::{SocketAddr, TcpListener};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::accept::{self, ListenerContext};
use super::closing::close;
use super::connections::ConnectionHandle;
use super::counters::ListenerKind;
use super::exchange::Exchange;
use super::stream;
use crate::dns::Transport;
use crate::layers::Stack;

/// Serves a bound listener until `shutdown`, and then what is open until it ends or its time is up.
///
/// # Errors
/// A listener that the runtime cannot take.
pub async fn serve<S: Stack>(
    listener: TcpListener,
    stack: S,
    shared: ListenerContext,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let kind = ListenerKind::Tcp;
    accept::run(
        listener,
        kind,
        &shared,
        shutdown.clone(),
        |mut stream, client, connection_handle| {
            let mut exchange = Exchange::live(stack.clone(), Transport::Tcp, shared.server.clone());
            exchange.asked_from(client.port());
            let (shared, shutdown) = (shared.clone(), shutdown.clone());
            async move {
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

/// Serves one connection and counts how it ended; closes it, where it ended in order.
pub(super) async fn converse<Stream, S>(
    stream: &mut Stream,
    exchange: Exchange<S>,
    client: SocketAddr,
    kind: ListenerKind,
    (shared, connection_handle): (&ListenerContext, &ConnectionHandle),
    shutdown: CancellationToken,
) where
    Stream: AsyncRead + AsyncWrite + Unpin,
    S: Stack,
{
    let limits = &shared.limits;
    let served = stream::serve(
        stream,
        exchange,
        Some(client.ip()),
        limits,
        connection_handle,
        shutdown,
    );
    let end = served.await;
    end.count(shared.counters.connections(kind));
    if end.is_in_order() {
        close(stream, limits).await;
    }
}
