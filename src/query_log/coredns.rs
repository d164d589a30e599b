//! The line of CoreDNS's plugin `log`, in its default format:
//!
//! `[INFO] {remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}`
//!
//! Floor 2. As there, the name is in lower case, `{proto}` is `udp` or `tcp`, and what is not known is `-`.

use std::io::Write as _;
use std::net::IpAddr;

use super::record::DecodedEntry;
use crate::dns::Transport;

/// What a client takes without EDNS, and what is told of one that asks over TCP, in octets.
const PLAIN_OCTETS: u16 = 512;
const TCP_OCTETS: u16 = 65_535;

/// Appends the line of a query.
pub(super) fn append(record: &DecodedEntry, out: &mut Vec<u8>) {
    // A vector takes everything.
    let _ = write(record, out);
}

fn write(record: &DecodedEntry, out: &mut Vec<u8>) -> std::io::Result<()> {
    out.extend_from_slice(b"[INFO] ");
    match record.client {
        Some(IpAddr::V4(address)) => write!(out, "{address}")?,
        Some(IpAddr::V6(address)) => write!(out, "[{address}]")?,
        None => write!(out, "-")?,
    }
    write!(out, ":{} - {} \"", record.port, record.id)?;
    match &record.question {
        Some((name, record_type, class)) => {
            let name = name.to_string().to_ascii_lowercase();
            write!(out, "{record_type} {class} {name}")?;
        }
        None => write!(out, "- - .")?,
    }
    let (proto, takes) = match record.transport {
        Transport::Udp => ("udp", record.payload_octets.unwrap_or(PLAIN_OCTETS)),
        Transport::Tcp | Transport::Dot | Transport::Doh | Transport::Json => ("tcp", TCP_OCTETS),
    };
    let (size, dnssec_ok) = (record.query_octets, record.dnssec_ok);
    write!(out, " {proto} {size} {dnssec_ok} {takes}\" ")?;
    match &record.response {
        Some(response) => {
            let (rcode, flags) = (response.rcode, response.flags().join(","));
            write!(out, "{rcode} {flags} {}", response.octets)?;
        }
        None => write!(out, "- - -")?,
    }
    writeln!(out, " {}s", record.duration.as_secs_f64())
}
