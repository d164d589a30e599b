//! One question over UDP, from a socket of its own.
//!
//! Floor 2. hickory-net's UDP is not used: its socket is not connected (`send_to`, `recv_from`), so that an upstream that
//! is away is not heard of (ICMP) and costs the whole wait; a message with the right id that its decoder refuses ends
//! the query, and so does a question in other letter case, where anybody who guesses the id could have sent it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::UdpSocket;

use crate::dns::wire::{ResponseId, ResponseMatch, is_truncated, match_response};

/// The largest datagram that is taken; ours ask for 1,232 octets, and what is longer comes over TCP.
const DATAGRAM_OCTETS: usize = 4096;
/// How many datagrams that are not the response are read until TCP is trusted more.
const MOST_MISMATCHES: u32 = 3;

/// What came over UDP.
#[derive(Debug)]
pub(super) enum Datagram {
    /// The response.
    Response(Vec<u8>),
    /// The response, cut short.
    Truncated,
    /// A response to the question in another letter case.
    OtherCase,
    /// Nothing: the system has no socket for it, which is no fault of the upstream.
    NoSocket,
    /// So many that were not the response that somebody may be guessing.
    Mismatches,
}

/// Sends a question and waits for its response, however long that takes; what is not the response is counted.
///
/// # Errors
/// What the system says; of an upstream that is away, that nobody is there.
pub(super) async fn ask(
    upstream: SocketAddr,
    message: &[u8],
    mismatches: &AtomicU64,
) -> io::Result<Datagram> {
    // The kernel picks a port at random, and lets nobody but the upstream send to it.
    let own: SocketAddr = match upstream {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let Ok(socket) = UdpSocket::bind(own).await else {
        return Ok(Datagram::NoSocket);
    };
    socket.connect(upstream).await?;
    socket.send(message).await?;
    let (mut octets, mut wrong) = ([0; DATAGRAM_OCTETS], 0);
    loop {
        let length = socket.recv(&mut octets).await?;
        let received = octets.get(..length).unwrap_or_default();
        match match_response(message, received, ResponseId::Checked) {
            ResponseMatch::Same if is_truncated(received) || length == DATAGRAM_OCTETS => {
                return Ok(Datagram::Truncated);
            }
            ResponseMatch::Same => return Ok(Datagram::Response(received.to_vec())),
            ResponseMatch::OtherCase => {
                mismatches.fetch_add(1, Ordering::Relaxed);
                return Ok(Datagram::OtherCase);
            }
            ResponseMatch::None => {
                mismatches.fetch_add(1, Ordering::Relaxed);
                wrong += 1;
                if wrong == MOST_MISMATCHES {
                    return Ok(Datagram::Mismatches);
                }
            }
        }
    }
}
