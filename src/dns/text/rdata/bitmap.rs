//! The set of types in the data of NSEC, NSEC3 and CSYNC (RFC 4034 §4.1.2).

use std::fmt::Write;

use super::super::super::RecordType;
use super::reader::RdataReader;

/// The most octets that one window may have.
const WINDOW_OCTETS: usize = 32;

/// Prints the types in the order of their numbers; none when the windows are not as they must be.
pub(super) fn present(reader: &mut RdataReader<'_>, text: &mut String) -> Option<()> {
    let (mut last, mut gap) = (None, "");
    while !reader.is_empty() {
        let window = reader.u8()?;
        let bits = reader.counted()?;
        let in_order = last.is_none_or(|last| last < window);
        if !in_order || bits.is_empty() || bits.len() > WINDOW_OCTETS {
            return None;
        }
        last = Some(window);
        for (octet, place) in bits.iter().zip(0_u16..) {
            for bit in (0..8).filter(|bit| octet & 0x80 >> bit != 0) {
                let number = (u16::from(window) << 8) + place * 8 + bit;
                write!(text, "{gap}{}", RecordType(number)).ok()?;
                gap = " ";
            }
        }
    }
    Some(())
}
