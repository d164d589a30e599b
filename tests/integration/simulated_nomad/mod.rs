//! The simulated Nomad against the captured answers of a real one, and its scripted side.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail the test")]

mod capture;
mod form;
mod outage;
mod queries;
mod stream;
mod tokens;
