//! The time of the system's clock in seconds since 1970.
//!
//! Floor 0. For what goes to others or to disk; what is measured here has clocks that never go back.

use std::time::{SystemTime, UNIX_EPOCH};

/// The seconds since 1970; 0 for a clock that is before.
pub(crate) fn now_seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The same modulo 2^32, as cookies (RFC 9018 §4.3) and serials have it: it wraps in 2106.
pub(crate) fn now_seconds_wrapping() -> u32 {
    (now_seconds() & u64::from(u32::MAX)) as u32
}
