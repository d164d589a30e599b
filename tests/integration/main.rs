//! The integration tests, one binary; each module says what it proves.

#![allow(
    clippy::unwrap_used,
    reason = "what a test needs is there, or the test fails"
)]

mod nomad_client;
mod support;
