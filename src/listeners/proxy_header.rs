//! The PROXY protocol header, versions 1 and 2: which client a proxy connects for.
//!
//! Reads the header and not one octet more, within a time and size limit. `accept` decides which connections need
//! one.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use ppp::{HeaderResult, PartialResult, v1, v2};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest header of version 1, in octets, and how it begins (§2.1 of the specification).
const TEXT_OCTETS: usize = 107;
const TEXT_BEGIN: &[u8] = b"PROXY ";
/// How a header of version 2 begins (§2.2).
const BINARY_BEGIN: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest header that is read, in octets: addresses, and what a proxy tells beside them.
const HEADER_OCTETS: usize = 2048;

/// Why a connection has no header that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFailure {
    /// It took too long.
    TimedOut,
    /// What came is none.
    Malformed,
    /// The connection ended.
    Closed,
}

/// Takes the header off a connection; tells the client, none when the proxy speaks for itself.
pub(super) async fn take(
    stream: &mut TcpStream,
    deadline: Duration,
) -> Result<Option<IpAddr>, HeaderFailure> {
    timeout(deadline, read(stream))
        .await
        .unwrap_or(Err(HeaderFailure::TimedOut))
}

/// Looks at what there is before it is taken, since what follows the header is not for here.
async fn read(stream: &mut TcpStream) -> Result<Option<IpAddr>, HeaderFailure> {
    let mut header = [0; HEADER_OCTETS];
    let mut taken = 0;
    loop {
        let seen = match stream.peek(&mut header[taken..]).await {
            Ok(0) | Err(_) => return Err(HeaderFailure::Closed),
            Ok(count) => taken + count,
        };
        let parsed = parse(&header[..seen])?;
        let end = parsed.map_or(seen, |(_, length)| length);
        let octets = &mut header[taken..end];
        stream.read_exact(octets).await.map_err(closed)?;
        match parsed {
            Some((client, _)) => return Ok(client),
            None if end == HEADER_OCTETS => return Err(HeaderFailure::Malformed),
            None => taken = end,
        }
    }
}

fn closed(_: io::Error) -> HeaderFailure {
    HeaderFailure::Closed
}

/// Reads a header: tells the client (none when the proxy speaks for itself) and the header's length; none while it is
/// not there whole.
///
/// # Errors
/// [`HeaderFailure::Malformed`] for octets that do not begin with one.
pub fn parse(octets: &[u8]) -> Result<Option<(Option<IpAddr>, usize)>, HeaderFailure> {
    let header = match text_line(octets)? {
        Some(line) => line,
        None if begins(octets, TEXT_BEGIN) => return Ok(None),
        None if begins(octets, BINARY_BEGIN) => octets,
        None => return Err(HeaderFailure::Malformed),
    };
    let parsed = HeaderResult::parse(header);
    if parsed.is_incomplete() {
        // What a whole line lacks never comes.
        return match octets.starts_with(TEXT_BEGIN) {
            true => Err(HeaderFailure::Malformed),
            false => Ok(None),
        };
    }
    match parsed {
        HeaderResult::V1(Ok(header)) => {
            let client = match header.addresses {
                v1::Addresses::Tcp4(addresses) => Some(addresses.source_address.into()),
                v1::Addresses::Tcp6(addresses) => Some(addresses.source_address.into()),
                v1::Addresses::Unknown => None,
            };
            Ok(Some((client, header.header.len())))
        }
        HeaderResult::V2(Ok(header)) => {
            let client = match (header.command, header.addresses) {
                (v2::Command::Proxy, v2::Addresses::IPv4(it)) => Some(it.source_address.into()),
                (v2::Command::Proxy, v2::Addresses::IPv6(it)) => Some(it.source_address.into()),
                // A proxy's own connection, such as a health check, or a client without an address.
                (v2::Command::Local | v2::Command::Proxy, _) => None,
            };
            Ok(Some((client, header.len())))
        }
        HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => Err(HeaderFailure::Malformed),
    }
}

/// The line of version 1, with its end; none while it goes on, or where it is none. ppp would look for its end elsewhere,
/// depending on what follows.
fn text_line(octets: &[u8]) -> Result<Option<&[u8]>, HeaderFailure> {
    if !octets.starts_with(TEXT_BEGIN) {
        return Ok(None);
    }
    let most = &octets[..octets.len().min(TEXT_OCTETS)];
    match most.iter().position(|octet| *octet == b'\n') {
        Some(end) if most[..end].ends_with(b"\r") => Ok(Some(&most[..=end])),
        None if most.len() < TEXT_OCTETS => Ok(None),
        Some(_) | None => Err(HeaderFailure::Malformed),
    }
}

/// Whether octets, or those that are there yet, are the beginning.
fn begins(octets: &[u8], begin: &[u8]) -> bool {
    octets.starts_with(begin) || begin.starts_with(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_incomplete_until_its_last_octet() {
        let v2 = [
            &b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..],
            &[192, 0, 2, 7, 127, 0, 0, 1, 0, 9, 0, 53],
        ]
        .concat();
        for header in [
            &b"PROXY TCP4 192.0.2.7 127.0.0.1 9 53\r\n"[..],
            b"PROXY TCP6 2001:db8::7 ::1 65535 53\r\n",
            b"PROXY UNKNOWN\r\n",
            b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
            &v2,
        ] {
            for end in 0..header.len() {
                let shown = String::from_utf8_lossy(&header[..end]);
                assert_eq!(parse(&header[..end]), Ok(None), "{shown:?}");
            }
            let followed = [header, b"PROXY"].concat();
            let (_, length) = parse(&followed).unwrap().unwrap();
            assert_eq!(length, header.len());
        }
    }

    #[test]
    fn what_can_be_no_header_any_more_is_refused_at_once_and_stays_so() {
        let text = &b"P ff::2 1 2\rPROXY TCP4 192.0.2.7 127.0.0.1 9 53\r\n"[..];
        let long = [text, &[b'0'; 100]].concat();
        // A line ends with both of its octets, whatever follows.
        let bare = &b"PROXY UNKNOWN f \n:0 ffff \n\r\n"[..];
        for octets in [
            bare,
            b"G",
            b"GET / HTTP/1.1\r\n",
            text,
            &long,
            b"\r\n\r\n\0\r\nQUITE",
        ] {
            let first = (1..=octets.len()).find(|end| parse(&octets[..*end]).is_err());
            for end in first.unwrap()..=octets.len() {
                let shown = String::from_utf8_lossy(&octets[..end]);
                assert_eq!(
                    parse(&octets[..end]),
                    Err(HeaderFailure::Malformed),
                    "{shown:?}"
                );
            }
        }
    }
}
