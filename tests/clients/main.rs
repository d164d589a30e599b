//! The real clients against the real binary: dig, kdig, curl and `nomadns lookup` show the same.
//!
//! `.ci/run` calls this by name (`cargo test --test clients`); plain `cargo test` leaves it out, since
//! it needs bind9-dnsutils, knot-dnsutils and curl. `NOMADNS_BINARY` names another binary to drive.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and is no library"
)]

mod agree;
mod demo;
mod pasted;
mod seen;
mod tools;
