//! The real gateway before a real Nomad: what no simulation can prove.
//!
//! `NOMAD_BINARY` names a Nomad; without it every test says that it was skipped, and passes. `NOMADNS_BINARY`
//! names another gateway to drive. Each test starts agents of its own on loopback, in a folder of its own, as
//! `machine` does; `.ci/real` runs them all.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and is no library"
)]

mod cases;
mod machine;

#[allow(dead_code, reason = "JSON is not asked here")]
#[path = "../integration/support/decoded.rs"]
mod decoded;
/// Questions and answers in the form that the other tests have them in.
#[path = "../integration/support/question.rs"]
mod question;
