//! The integration tests, one binary; each module says what it proves.

mod certs;
mod json;
mod presentation;
