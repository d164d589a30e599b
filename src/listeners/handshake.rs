//! The TLS handshake of one connection: within its time limit; failures are counted by reason.

use std::io;
use std::net::IpAddr;

use rustls::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::accept::ListenerContext;
use super::counters::{HandshakeFailure, count};

/// Shakes hands; none when that failed, which is counted.
pub(super) async fn shake_hands(
    stream: TcpStream,
    client: IpAddr,
    acceptor: &TlsAcceptor,
    shared: &ListenerContext,
) -> Option<TlsStream<TcpStream>> {
    if !shared.server.now().clients.may_shake_hands(client) {
        count(
            shared
                .counters
                .handshake_failures(HandshakeFailure::OverRate),
        );
        return None;
    }
    let failure = match timeout(shared.limits.handshake, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => reason(&error),
        Err(_) => HandshakeFailure::TimedOut,
    };
    count(shared.counters.handshake_failures(failure));
    None
}

fn reason(error: &io::Error) -> HandshakeFailure {
    let Some(error) = error
        .get_ref()
        .and_then(|error| error.downcast_ref::<Error>())
    else {
        return HandshakeFailure::Closed;
    };
    match error {
        Error::InvalidMessage(_) => HandshakeFailure::NotTls,
        Error::PeerIncompatible(_) => HandshakeFailure::Incompatible,
        Error::NoApplicationProtocol => HandshakeFailure::Protocol,
        Error::AlertReceived(_) => HandshakeFailure::Alert,
        Error::NoCertificatesPresented | Error::InvalidCertificate(_) => {
            HandshakeFailure::ClientCertificate
        }
        _ => HandshakeFailure::Other,
    }
}
