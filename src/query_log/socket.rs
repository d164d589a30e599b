//! The connection to a collector of dnstap, over a unix socket or TCP.
//!
//! Floor 2. Every wait has an end: a collector that takes nothing for a while is left, and connected to again later.

use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::frames;

/// How long connecting and each word of the collector may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long the collector may take nothing of what is written.
const TAKE_WITHIN: Duration = Duration::from_secs(5);

/// A connection over which a stream has begun.
#[derive(Debug)]
pub(super) struct CollectorConnection(Socket);

impl CollectorConnection {
    /// Connects and begins a stream.
    pub(super) fn open(address: &SockAddr) -> io::Result<Self> {
        let domain = Domain::from(i32::from(address.family()));
        let mut socket = Socket::new(domain, Type::STREAM, None)?;
        socket.connect_timeout(address, ANSWER_WITHIN)?;
        socket.set_read_timeout(Some(ANSWER_WITHIN))?;
        socket.set_write_timeout(Some(TAKE_WITHIN))?;
        frames::begin(&mut socket)?;
        Ok(Self(socket))
    }

    /// Writes frames.
    ///
    /// # Errors
    /// What the system says: also that the collector has gone, which a write would notice only the next time.
    pub(super) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        if self.is_closed() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        self.0
            .write_all(octets)
            .map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock => {
                    let problem = format!("the collector has taken nothing for {TAKE_WITHIN:?}");
                    io::Error::new(io::ErrorKind::TimedOut, problem)
                }
                _ => error,
            })
    }

    /// Ends the stream.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        frames::finish(&mut self.0)
    }

    /// Whether the other side has closed it; it says nothing else.
    fn is_closed(&self) -> bool {
        let mut octet = [MaybeUninit::uninit()];
        let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        match self.0.recv_with_flags(&mut octet, flags) {
            Ok(count) => count == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}
