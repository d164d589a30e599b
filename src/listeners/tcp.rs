//! Plain DNS over TCP (RFC 7766): the accept loop, and the stream behind it.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use super::accept::{self, Shared};
use super::closing::close;
use super::counters::ListenerKind;
use super::exchange::Exchange;
use super::shutdown::Shutdown;
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
    shared: Shared,
    shutdown: Shutdown,
) -> io::Result<()> {
    let kind = ListenerKind::Tcp;
    accept::run(
        listener,
        kind,
        &shared,
        shutdown.clone(),
        |mut stream, client, tenure| {
            let exchange = Exchange::new(stack.clone(), Transport::Tcp, Arc::clone(&shared.server));
            let (shared, shutdown) = (shared.clone(), shutdown.clone());
            async move {
                let limits = &shared.limits;
                let serving = stream::serve(
                    &mut stream,
                    exchange,
                    Some(client),
                    limits,
                    &tenure,
                    shutdown,
                );
                let end = serving.await;
                end.count(shared.counters.connections(kind));
                if end.is_in_order() {
                    close(&mut stream, limits).await;
                }
            }
        },
    )
    .await
}
