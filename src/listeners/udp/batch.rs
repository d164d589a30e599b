//! Batches of UDP messages: one system call for many (recvmmsg, sendmmsg).
//!
//! The only module with unsafe code: no safe wrapper keeps its headers from call to call. All pointers
//! that the kernel gets are made anew before each call and point into buffers that the batch owns.
#![allow(unsafe_code, reason = "the batched system calls have no safe form")]

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

use socket2::{SockAddr, SockAddrStorage};

/// Room for one message, in octets: one more than the longest query, so that a longer one is seen as such.
const MESSAGE_OCTETS: usize = 4097;
/// Room for the control data that tells the local address of a message, in 8-octet words.
const CONTROL_WORDS: usize = 8;

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

    /// Waits for a message and takes those that are there.
    ///
    /// # Errors
    /// What the kernel says, a timeout of the socket among it; nothing was received then.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<()> {
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
                libc::MSG_WAITFORONE,
                ptr::null_mut(),
            )
        };
        self.received = usize::try_from(taken).map_err(|_| io::Error::last_os_error())?;
        for place in 0..self.received {
            let header = &self.headers[place];
            self.lengths[place] = (header.msg_len as usize).min(MESSAGE_OCTETS);
            self.peers[place].name_octets = header.msg_hdr.msg_namelen;
            self.peers[place].control_octets = header.msg_hdr.msg_controllen;
        }
        Ok(())
    }

    /// Sends the answers; tells how many the kernel did not take.
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
                    0,
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
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, 0) };
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
    let on: libc::c_int = 1;
    // SAFETY: the option takes a number, which is given with its size.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const on).cast(),
            size_of_socklen::<libc::c_int>(),
        )
    };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn size_of_socklen<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<MaybeUninit<T>>()).unwrap_or(0)
}
