//! The data of SVCB and HTTPS records (RFC 9460 §2.2).
//!
//! Floor 2. It only writes; which records there are, `designated` and the cluster's zones say.

use crate::dns::{Name, Rdata};

// RFC 9460 §14.3.2, RFC 9461 §5: the keys of parameters, which stand in ascending order.
const ALPN: u16 = 1;
const PORT: u16 = 3;
pub(super) const IPV4_HINT: u16 = 4;
pub(super) const IPV6_HINT: u16 = 6;
pub(super) const DOH_PATH: u16 = 7;
/// All records of a name are alike: the client takes what it speaks. 0 would be an alias.
const PRIORITY: u16 = 1;

/// Writes priority, target, protocols and port; further parameters follow it.
pub(super) fn write_service(rdata: &mut Rdata<'_>, target: &Name, protocols: &[&str], port: u16) {
    rdata.u16(PRIORITY);
    // The target is not compressed.
    rdata.plain_name(target);
    push_key(rdata, ALPN, protocols.iter().map(|it| 1 + it.len()).sum());
    for protocol in protocols {
        rdata.text(protocol.as_bytes());
    }
    push_parameter(rdata, PORT, &port.to_be_bytes());
}

/// Writes one parameter.
pub(super) fn push_parameter(rdata: &mut Rdata<'_>, key: u16, value: &[u8]) {
    push_key(rdata, key, value.len());
    rdata.octets(value);
}

fn push_key(rdata: &mut Rdata<'_>, key: u16, length: usize) {
    rdata.u16(key);
    // No value is as long as a message.
    rdata.u16(u16::try_from(length).unwrap_or(u16::MAX));
}
