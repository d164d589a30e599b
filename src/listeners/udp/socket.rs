//! The sockets of UDP workers: bound, with their options; and how many messages the kernel dropped.
//!
//! Floor 4. Not used while a query is handled.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustix::net::sockopt::{self, Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery};

use super::batch;

/// Binds `workers` sockets to one address, the kernel sharing its messages among them.
///
/// Port 0 takes a free one, the same for all.
///
/// # Errors
/// An address that is in use, even by another gateway, or that is not this machine's.
pub fn bind(address: SocketAddr, workers: usize) -> io::Result<Vec<UdpSocket>> {
    // Sockets that share would share with another process too: the first asks for the address alone.
    let alone = open(address, false)?;
    let address = alone.local_addr()?;
    drop(alone);
    (0..workers.max(1)).map(|_| open(address, true)).collect()
}

/// Binds as many sockets to the address of those that there are already that it has `workers` in all.
///
/// # Errors
/// What the system refuses.
pub fn bind_beside(
    mut there: Vec<UdpSocket>,
    address: SocketAddr,
    workers: usize,
) -> io::Result<Vec<UdpSocket>> {
    while there.len() < workers {
        there.push(open(address, true)?);
    }
    Ok(there)
}

fn open(address: SocketAddr, share: bool) -> io::Result<UdpSocket> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_port(share)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// The octets of a socket's buffers, as the kernel gave them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// For messages that wait to be received.
    pub receive_octets: usize,
    /// For answers that wait to be sent.
    pub send_octets: usize,
}

impl Buffers {
    /// Asks for so much room, beyond what is usual on this machine where the process may; tells what there is.
    pub(super) fn set(self, socket: &UdpSocket) -> io::Result<Self> {
        let Self {
            receive_octets: receive,
            send_octets: send,
        } = self;
        // What the process may not force it may ask for, up to net.core.rmem_max and wmem_max.
        sockopt::set_socket_recv_buffer_size_force(socket, receive)
            .or_else(|_| sockopt::set_socket_recv_buffer_size(socket, receive))?;
        sockopt::set_socket_send_buffer_size_force(socket, send)
            .or_else(|_| sockopt::set_socket_send_buffer_size(socket, send))?;
        // Linux doubles what is asked for, for what it needs beside the messages (socket(7)).
        Ok(Self {
            receive_octets: sockopt::socket_recv_buffer_size(socket)? / 2,
            send_octets: sockopt::socket_send_buffer_size(socket)? / 2,
        })
    }
}

/// Has answers leave with no regard to what ICMP tells of the way: anybody can write that, and have answers cut into
/// fragments, which are lost or replaced more easily (RFC 9715). They are short enough for every way as they are.
pub(super) fn ignore_path_mtu(socket: &UdpSocket) -> io::Result<()> {
    match socket.local_addr()? {
        SocketAddr::V4(_) => sockopt::set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::OMIT)?,
        SocketAddr::V6(_) => sockopt::set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::OMIT)?,
    }
    Ok(())
}

/// Adds up what the kernel drops on all sockets, whenever it is asked.
#[derive(Debug, Default)]
pub(super) struct Drops(Mutex<DropCount>);

#[derive(Debug, Default)]
struct DropCount {
    total: u64,
    sockets: Vec<CountedSocket>,
}

#[derive(Debug)]
struct CountedSocket {
    /// What tells it from others, whatever descriptors it has (`SO_COOKIE`).
    cookie: Option<u64>,
    socket: Weak<UdpSocket>,
    /// What it had the last time.
    before: u32,
}

impl Drops {
    pub(super) fn watch(&self, socket: &Arc<UdpSocket>) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cookie = sockopt::socket_cookie(socket).ok();
        // Workers may share one.
        if cookie.is_some() && counted.sockets.iter().any(|it| it.cookie == cookie) {
            return;
        }
        counted.sockets.push(CountedSocket {
            cookie,
            socket: Arc::downgrade(socket),
            // What a gateway before this one counted already.
            before: batch::kernel_drops(socket).unwrap_or_default(),
        });
    }

    pub(super) fn total(&self) -> u64 {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let DropCount { total, sockets } = &mut *counted;
        for counted in sockets {
            let socket = counted.socket.upgrade();
            let Some(Ok(now)) = socket.map(|it| batch::kernel_drops(&it)) else {
                continue;
            };
            *total += u64::from(now.wrapping_sub(counted.before));
            counted.before = now;
        }
        *total
    }
}
