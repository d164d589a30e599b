//! TSIG: messages that are signed with a secret that both sides know (RFC 8945).
//!
//! Floor 1: no I/O and no clock; the time is an argument, in seconds since 1970. A `KeyRing` verifies a query and gives a
//! `Transaction`, which signs the answer. A `ClientTransaction` does the same for queries of ours.
//! A message can be sent again by somebody else within its fudge. Only answers follow from queries here, so that gains
//! nothing, and no state is kept to notice it.

mod algorithm;
mod client;
mod error;
mod key;
mod keys;
mod mac;
mod record;
mod transaction;

pub use algorithm::{Algorithm, AlgorithmError};
pub use client::ClientTransaction;
pub use error::TsigError;
pub use key::{Key, KeyError};
pub use keys::{KeyRing, KeyRingError};
pub use transaction::Transaction;

pub use super::signature::{KeyId, Signer};

/// How far the clocks of both sides may be apart, in seconds (RFC 8945 §10). A query that allows for more gets no more.
pub const FUDGE_SECONDS: u16 = 300;
