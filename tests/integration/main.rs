//! The integration tests, one binary; each module says what it proves.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and is no library"
)]

mod catalog;
mod certs;
mod json;
mod lookup;
mod nomad_client;
mod presentation;
mod rfc;
mod simulated_nomad;
mod support;
mod switching;
