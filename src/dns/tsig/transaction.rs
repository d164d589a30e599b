//! The answer to a query whose signature is valid: one message, or the many of a transfer.

use std::sync::Arc;

use super::super::signature::Signer;
use super::key::Key;
use super::mac::{self, Mac, MacScope};
use super::record::{NewRecord, Variables};

/// Signs the messages that answer one query, each with the signature before it, so that none can be left out or changed.
#[derive(Clone, Debug)]
pub struct Transaction {
    key: Arc<Key>,
    /// The signature of the query, then of the message before.
    prior: Mac,
    scope: MacScope,
}

impl Transaction {
    pub(super) fn new(key: Arc<Key>, prior: Mac) -> Self {
        Self {
            key,
            prior,
            scope: MacScope::Variables,
        }
    }

    /// The key that the query was signed with.
    pub fn key(&self) -> &Arc<Key> {
        &self.key
    }

    /// Who signed the query, for the query itself.
    pub fn signer(&self) -> Signer {
        self.key.signer()
    }

    /// The octets that `sign` appends; a message has to leave them free.
    pub fn signed_octets(&self) -> usize {
        self.key.signed_octets()
    }

    /// Signs the next message; `now` is in seconds since 1970.
    pub fn sign(&mut self, message: &mut Vec<u8>, now: u64) {
        self.sign_from(message, 0, now);
    }

    /// Signs the next message, which begins at octet `begin` of `out` and ends where that does.
    pub fn sign_from(&mut self, out: &mut Vec<u8>, begin: usize, now: u64) {
        let variables = Variables::at(now);
        let signing = (variables, self.scope);
        let mac = mac::sign(&self.key, Some(&self.prior), &out[begin..], signing);
        NewRecord::of(&self.key, variables, &mac).append(out, begin);
        self.prior = mac;
        self.scope = MacScope::Timers;
    }
}
