//! Queries over UDP, and repeats the query if no answer arrives.

use std::time::Duration;

use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout;

use super::error::LookupError;
use super::reply::LookupReply;
use crate::dns::Query;
use crate::dns::wire::{MESSAGE_OCTETS, encode_query};

/// How often a query is sent, at even distances in the time that there is.
const TRIES: u32 = 3;

/// Asks a server, given as host and port, and waits for the answer up to `limit`.
pub(super) async fn ask(
    server: &str,
    query: &Query,
    limit: Duration,
) -> Result<LookupReply, LookupError> {
    let address = lookup_host(server)
        .await?
        .next()
        .ok_or(LookupError::NoAddress)?;
    let local = if address.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(local).await?;
    // Connected: the system gives us this server's answers only, and tells that nobody listens.
    socket.connect(address).await?;
    let mut message = Vec::new();
    encode_query(query, &mut message);
    for _ in 0..TRIES {
        socket.send(&message).await?;
        match timeout(limit / TRIES, receive(&socket, query)).await {
            Ok(received) => return received,
            Err(_) => continue,
        }
    }
    Err(LookupError::TimedOut(limit))
}

/// Waits for the answer to this query; what answers another is left alone.
async fn receive(socket: &UdpSocket, query: &Query) -> Result<LookupReply, LookupError> {
    let mut buffer = vec![0; MESSAGE_OCTETS];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match LookupReply::from_message(&buffer[..length], query) {
            Err(LookupError::OtherQuestion) => {}
            read => return read,
        }
    }
}
