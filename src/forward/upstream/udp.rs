//! One question over UDP, from a socket of its own.
//!
//! Floor 2. hickory-net's UDP is not used: its socket is not connected (`send_to`, `recv_from`), so that an upstream that
//! is away is not heard of (ICMP) and costs the whole wait; a message with the right id that its decoder refuses ends
//! the query, and so does a question in other letter case, where anybody who guesses the id could have sent it.

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, recv, send, socket_with,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::dns::wire::{ResponseId, ResponseMatch, is_truncated, match_response};

/// The largest datagram that is taken; ours ask for 1,232 octets, and what is longer comes over TCP.
const DATAGRAM_OCTETS: usize = 4096;
/// How many datagrams that are not the response are read until TCP is trusted more.
const MOST_MISMATCHES: u32 = 3;
/// What is waited for: a datagram, or that there is nobody (ICMP).
const HEARD: Interest = Interest::READABLE.add(Interest::ERROR);

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
    let Some(socket) = connected(upstream)? else {
        return Ok(Datagram::NoSocket);
    };
    // Before the runtime watches it: a new socket has room, so that nothing is waited for.
    send(&socket, message, SendFlags::empty())?;
    let Ok(socket) = UdpSocket::from_std(socket.into()) else {
        return Ok(Datagram::NoSocket);
    };
    let mut wrong = 0;
    loop {
        let received = socket.async_io(HEARD, || receive(&socket, message)).await?;
        if let Some(response) = received {
            if matches!(response, Datagram::OtherCase) {
                mismatches.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(response);
        }
        mismatches.fetch_add(1, Ordering::Relaxed);
        wrong += 1;
        if wrong == MOST_MISMATCHES {
            return Ok(Datagram::Mismatches);
        }
    }
}

/// A socket that only the upstream can send to; none where the system has none left.
fn connected(upstream: SocketAddr) -> io::Result<Option<OwnedFd>> {
    let family = match upstream {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let Ok(socket) = socket_with(family, SocketType::DGRAM, flags, None) else {
        return Ok(None);
    };
    // The kernel picks a port at random with this too, as it does with `bind`.
    match connect(&socket, &upstream) {
        Ok(()) => Ok(Some(socket)),
        // No port is free.
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes one datagram; none where it is not the response. Its buffer is not part of what waits.
fn receive(socket: &UdpSocket, message: &[u8]) -> io::Result<Option<Datagram>> {
    let mut octets = [MaybeUninit::<u8>::uninit(); DATAGRAM_OCTETS];
    let ((received, _), length) = recv(socket, &mut octets, RecvFlags::empty())?;
    Ok(
        match match_response(message, received, ResponseId::Checked) {
            ResponseMatch::Same if is_truncated(received) || length == DATAGRAM_OCTETS => {
                Some(Datagram::Truncated)
            }
            ResponseMatch::Same => Some(Datagram::Response(received.to_vec())),
            ResponseMatch::OtherCase => Some(Datagram::OtherCase),
            ResponseMatch::None => None,
        },
    )
}
