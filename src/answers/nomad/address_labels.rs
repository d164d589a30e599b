//! The label for an address in `HEX.addr`: 8 or 32 hexadecimal digits.
//!
//! Floor 2. It only converts; nothing is looked up here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a label is the one that addresses are below.
pub(super) fn is_addr(label: &[u8]) -> bool {
    label.eq_ignore_ascii_case(b"addr")
}

/// Writes an address as the label that stands for it: 8 or 32 hex digits.
pub(super) fn hex_label(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("{:08x}", address.to_bits()),
        IpAddr::V6(address) => format!("{:032x}", address.to_bits()),
    }
}

/// Reads such a label.
pub(super) fn address_from_hex(label: &[u8]) -> Option<IpAddr> {
    if !label.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let text = str::from_utf8(label).ok()?;
    match text.len() {
        8 => Some(Ipv4Addr::from_bits(u32::from_str_radix(text, 16).ok()?).into()),
        32 => Some(Ipv6Addr::from_bits(u128::from_str_radix(text, 16).ok()?).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_its_label_are_each_others() {
        for text in [
            "10.0.0.1",
            "255.255.255.255",
            "0.0.0.1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            let label = hex_label(address);
            assert_eq!(address_from_hex(label.as_bytes()), Some(address));
            assert_eq!(
                address_from_hex(label.to_uppercase().as_bytes()),
                Some(address)
            );
        }
        for label in ["", "0a00000", "0a0000011", "+a000001", "0a00000g"] {
            assert_eq!(address_from_hex(label.as_bytes()), None, "{label}");
        }
    }
}
