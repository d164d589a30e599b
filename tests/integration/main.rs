//! The integration tests, one binary; each module says what it proves.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test may panic, and is no library")]

mod catalog;
mod rfc;
mod support;
mod switching;

mod simulated_nomad;
