//! Batches of UDP messages: one system call for many (recvmmsg, sendmmsg).
//!
//! The only module with unsafe code: no safe wrapper keeps its headers from call to call. All pointers for the kernel
//! are set again before each call and point into buffers that the batch owns.
#![allow(unsafe_code, reason = "the batched system calls have no safe form")]

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

use socket2::{SockAddr, SockAddrStorage};

/// Room for one message, in octets: one more than the longest query, so that a longer one is seen as such.
const MESSAGE_OCTETS: usize = 4097;
/// Room for the control data that tells the local address of a message, in 8-octet words.
const CONTROL_WORDS: usize = 8;
/// What `SO_MEMINFO` tells, and which of it are the messages that were dropped.
const MEMORY_COUNTS: usize = 9;
const DROPS_PLACE: usize = libc::SK_MEMINFO_DROPS as usize;

/// Whether a call waits for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(super) enum ReceiveMode {
    ForOne = libc::MSG_WAITFORONE,
    ForNone = libc::MSG_DONTWAIT,
}

/// Messages that came together, and their answers.
pub(super) struct Batch {
    inbound: Box<[[u8; MESSAGE_OCTETS]]>,
    lengths: Box<[usize]>,
    peers: Box<[Peer]>,
    outbound: Box<[Vec<u8>]>,
    parts: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    received: usize,
}

/// Who sent a message, and to which of our addresses.
#[derive(Clone, Copy)]
pub(super) struct Peer {
    name: libc::sockaddr_storage,
    name_octets: libc::socklen_t,
    control: [u64; CONTROL_WORDS],
    control_octets: usize,
}

impl Batch {
    /// Makes room for `size` messages, and for their answers of so many octets without growing.
    pub(super) fn new(size: usize, answer_octets: usize) -> Self {
        let part = libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        };
        // SAFETY: all fields are numbers and pointers, for which zero is a value.
        let header: libc::mmsghdr = unsafe { mem::zeroed() };
        Self {
            inbound: vec![[0; MESSAGE_OCTETS]; size].into(),
            lengths: vec![0; size].into(),
            peers: vec![Peer::nobody(); size].into(),
            outbound: (0..size)
                .map(|_| Vec::with_capacity(answer_octets))
                .collect(),
            parts: vec![part; size].into(),
            headers: vec![header; size].into(),
            received: 0,
        }
    }

    /// How many messages the last `receive` took.
    pub(super) fn received(&self) -> usize {
        self.received
    }

    /// One of the messages, who sent it, and the buffer for its answer; an empty one is not sent.
    pub(super) fn slot(&mut self, place: usize) -> (&[u8], &Peer, &mut Vec<u8>) {
        let message = &self.inbound[place][..self.lengths[place]];
        (message, &self.peers[place], &mut self.outbound[place])
    }

    /// Takes the messages that are there; waits for the first one, or for none.
    ///
    /// # Errors
    /// What the kernel says, a timeout of the socket among it; nothing was received then.
    pub(super) fn receive(&mut self, socket: &UdpSocket, wait: ReceiveMode) -> io::Result<()> {
        self.received = 0;
        for (place, peer) in self.peers.iter_mut().enumerate() {
            self.parts[place] = libc::iovec {
                iov_base: self.inbound[place].as_mut_ptr().cast(),
                iov_len: MESSAGE_OCTETS,
            };
            peer.name_octets = size_of_socklen::<libc::sockaddr_storage>();
            peer.control_octets = size_of::<[u64; CONTROL_WORDS]>();
            self.headers[place].msg_hdr = peer.header(&raw mut self.parts[place]);
        }
        let count = libc::c_uint::try_from(self.headers.len()).unwrap_or(1);
        // SAFETY: each header points to buffers of this batch, with their lengths, that outlive the call
        // and that nothing else touches.
        let taken = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                count,
                wait as libc::c_int,
                ptr::null_mut(),
            )
        };
        self.received = usize::try_from(taken).map_err(|_| io::Error::last_os_error())?;
        for place in 0..self.received {
            let header = &self.headers[place];
            self.lengths[place] = (header.msg_len as usize).min(MESSAGE_OCTETS);
            self.peers[place].name_octets = header.msg_hdr.msg_namelen;
            self.peers[place].control_octets = header.msg_hdr.msg_controllen;
            self.peers[place].leave_by_any_interface();
        }
        Ok(())
    }

    /// Sends the answers; tells how many the kernel did not take. It waits for no room: an interface, or a
    /// neighbour that does not exist, must not hold up the others.
    pub(super) fn send(&mut self, socket: &UdpSocket) -> u64 {
        let mut count = 0;
        for place in 0..self.received {
            let out = &mut self.outbound[place];
            if out.is_empty() {
                continue;
            }
            self.parts[count] = libc::iovec {
                iov_base: out.as_mut_ptr().cast(),
                iov_len: out.len(),
            };
            self.headers[count].msg_hdr = self.peers[place].header(&raw mut self.parts[count]);
            count += 1;
        }
        let (mut done, mut unsent) = (0, 0);
        while done < count {
            let left = libc::c_uint::try_from(count - done).unwrap_or(1);
            // SAFETY: as in `receive`; the kernel only reads the buffers.
            let sent = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    self.headers[done..count].as_mut_ptr(),
                    left,
                    libc::MSG_DONTWAIT,
                )
            };
            match usize::try_from(sent) {
                Ok(sent) if sent > 0 => done += sent,
                _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                // The first of them was refused: the others may still go.
                _ => (done, unsent) = (done + 1, unsent + 1),
            }
        }
        unsent
    }
}

impl Peer {
    fn nobody() -> Self {
        // SAFETY: all fields are numbers, for which zero is a value.
        unsafe { mem::zeroed() }
    }

    /// The address and port that the message came from.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        let mut storage = SockAddrStorage::zeroed();
        if self.name_octets > storage.size_of() {
            return None;
        }
        // SAFETY: both are the kernel's socket address; a view of any of its kinds may be written.
        unsafe { *storage.view_as::<libc::sockaddr_storage>() = self.name };
        // SAFETY: the kernel wrote that many octets of an address into it.
        unsafe { SockAddr::new(storage, self.name_octets) }.as_socket()
    }

    /// Has an answer leave from the address that was asked, by the interface that the routes say: a host may
    /// have several ways to a client. A link-local address means nothing without its interface.
    fn leave_by_any_interface(&mut self) {
        if self.control_octets == 0 {
            return;
        }
        let header = self.header(ptr::null_mut());
        // SAFETY: the header has the control data that the kernel wrote, and its length. What it points to is
        // aligned as such data is, since `control` is of whole words, and is as long as its kind says.
        unsafe {
            let first = libc::CMSG_FIRSTHDR(&raw const header);
            let Some(kind) = first.as_ref().map(|it| (it.cmsg_level, it.cmsg_type)) else {
                return;
            };
            if kind == (libc::IPPROTO_IP, libc::IP_PKTINFO) {
                let info = libc::CMSG_DATA(first).cast::<libc::in_pktinfo>();
                let local = Ipv4Addr::from((*info).ipi_spec_dst.s_addr.to_ne_bytes());
                if !local.is_link_local() {
                    (*info).ipi_ifindex = 0;
                }
            } else if kind == (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) {
                let info = libc::CMSG_DATA(first).cast::<libc::in6_pktinfo>();
                let local = Ipv6Addr::from((*info).ipi6_addr.s6_addr);
                if !local.is_unicast_link_local() {
                    (*info).ipi6_ifindex = 0;
                }
            }
        }
    }

    /// The header of a message from or to this peer.
    fn header(&mut self, part: *mut libc::iovec) -> libc::msghdr {
        // SAFETY: all fields are numbers and pointers, for which zero is a value.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_name = (&raw mut self.name).cast();
        header.msg_namelen = self.name_octets;
        header.msg_iov = part;
        header.msg_iovlen = 1;
        if self.control_octets > 0 {
            header.msg_control = self.control.as_mut_ptr().cast();
            header.msg_controllen = self.control_octets;
        }
        header
    }
}

/// Sends one answer to a peer, from the address that it asked.
///
/// # Errors
/// What the kernel says.
pub(super) fn send_one(socket: &UdpSocket, answer: &[u8], peer: &Peer) -> io::Result<()> {
    let mut peer = *peer;
    let mut part = libc::iovec {
        iov_base: answer.as_ptr().cast_mut().cast(),
        iov_len: answer.len(),
    };
    let header = peer.header(&raw mut part);
    // SAFETY: the header points to `peer`, `part` and `answer`, which outlive the call; it only reads.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT) };
    if sent < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Has the kernel tell the local address of each message, on a socket that has many.
///
/// The control data comes back with the answer, so that it leaves from the address that was asked.
///
/// # Errors
/// What the kernel says.
pub(super) fn ask_for_local_address(socket: &UdpSocket) -> io::Result<()> {
    let address = socket.local_addr()?;
    if !address.ip().is_unspecified() {
        return Ok(());
    }
    let (level, option) = match address {
        SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_PKTINFO),
        SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
    };
    let (on, fd): (libc::c_int, _) = (1, socket.as_raw_fd());
    let octets = size_of_socklen::<libc::c_int>();
    // SAFETY: the option takes a number, which is given with its size.
    let done = unsafe { libc::setsockopt(fd, level, option, (&raw const on).cast(), octets) };
    result(done)
}

/// How many messages the kernel dropped on a socket, most of them since its receive buffer was full; it counts
/// modulo 2^32.
///
/// # Errors
/// What the kernel says.
pub(super) fn kernel_drops(socket: &UdpSocket) -> io::Result<u32> {
    let mut counts = [0_u32; MEMORY_COUNTS];
    let mut octets = size_of_socklen::<[u32; MEMORY_COUNTS]>();
    let (fd, level, option) = (socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_MEMINFO);
    let into = counts.as_mut_ptr().cast();
    // SAFETY: the kernel writes no more octets than it is told to.
    let done = unsafe { libc::getsockopt(fd, level, option, into, &raw mut octets) };
    result(done).map(|()| counts[DROPS_PLACE])
}

fn result(done: libc::c_int) -> io::Result<()> {
    match done {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn size_of_socklen<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<MaybeUninit<T>>()).unwrap_or(0)
}
