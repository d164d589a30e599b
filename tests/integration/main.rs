//! The integration tests, one binary; each module says what it proves.

mod json;
mod presentation;
