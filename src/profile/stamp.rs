//! DNS stamps (<https://dnscrypt.info/stamps-specifications>): a server in one `sdns://` text, for dnscrypt-proxy and others.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{ProfileError, ProfileOptions, SecureTransport};

/// What the server says of itself: neither that it validates DNSSEC, nor that it keeps no logs or blocks nothing. That is for
/// its operator to say.
const PROPERTIES: u64 = 0;
/// The length of a part is one octet.
const PART_OCTETS: usize = 255;
/// The uppermost bit of the length of a hash says that another one follows.
const MORE: u8 = 0x80;

pub(super) fn print(options: &ProfileOptions) -> Result<String, ProfileError> {
    let gateway = &options.gateway;
    let address = match (&*options.addresses, gateway.address()) {
        ([], address) => address,
        (&[address], _) => Some(address),
        (several, _) => return Err(ProfileError::Addresses(several.len())),
    };
    let protocol = match gateway.transport {
        SecureTransport::Https => 0x02,
        SecureTransport::Tls => 0x03,
    };
    let mut stamp = vec![protocol];
    stamp.extend(PROPERTIES.to_le_bytes());
    let address = address.map(|address| match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    });
    push(
        &mut stamp,
        "the address",
        address.unwrap_or_default().as_bytes(),
    )?;
    push_hashes(&mut stamp, options);
    // The port is here and not behind the address, where dnscrypt-proxy refuses it.
    push(&mut stamp, "the host name", gateway.authority().as_bytes())?;
    if gateway.transport == SecureTransport::Https {
        push(&mut stamp, "the path", gateway.path.as_bytes())?;
    }
    Ok(format!("sdns://{}", URL_SAFE_NO_PAD.encode(stamp)))
}

fn push(stamp: &mut Vec<u8>, what: &'static str, part: &[u8]) -> Result<(), ProfileError> {
    let length = u8::try_from(part.len()).map_err(|_| ProfileError::TooLong {
        what,
        octets: part.len(),
        most: PART_OCTETS,
    })?;
    stamp.push(length);
    stamp.extend_from_slice(part);
    Ok(())
}

/// A set of hashes; an empty one is a hash of no octets.
fn push_hashes(stamp: &mut Vec<u8>, options: &ProfileOptions) {
    let mut hashes = options
        .authorities
        .iter()
        .map(|it| &*it.signed_hash)
        .peekable();
    if hashes.peek().is_none() {
        stamp.push(0);
    }
    while let Some(hash) = hashes.next() {
        // SHA-256 has 32 octets.
        let length = u8::try_from(hash.len()).unwrap_or(MORE - 1);
        let more = if hashes.peek().is_some() { MORE } else { 0 };
        stamp.push(length | more);
        stamp.extend_from_slice(hash);
    }
}
