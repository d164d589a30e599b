//! A query of ours that is signed, and the check of what answers it (RFC 8945 §5.1 and §5.4).

use std::sync::Arc;

use super::algorithm::Algorithm;
use super::error::TsigError;
use super::key::Key;
use super::keys::{check_mac, check_time};
use super::mac::{self, Mac, MacScope};
use super::record::{NewRecord, TsigRecord, Variables};

/// A signed query of ours; it checks the response, or the responses of a transfer one after the other.
#[derive(Clone, Debug)]
pub struct ClientTransaction {
    key: Arc<Key>,
    prior: Mac,
    scope: MacScope,
}

impl ClientTransaction {
    /// Signs a query; `now` is in seconds since 1970.
    pub fn sign(key: Arc<Key>, query: &mut Vec<u8>, now: u64) -> Self {
        let variables = Variables::at(now);
        let mac = mac::sign(&key, None, query, (variables, MacScope::Variables));
        NewRecord::of(&key, variables, &mac).append(query, 0);
        Self {
            key,
            prior: mac,
            scope: MacScope::Variables,
        }
    }

    /// Checks the signature of the next response, and takes its TSIG record out.
    ///
    /// A response that is not taken leaves everything as it was: it may be anybody's, and the true one may still come.
    ///
    /// # Errors
    /// What is wrong with its signature, or what the server says was wrong with that of the query. Only of `ServerBadTime` is it
    /// certain that the server says so.
    pub fn verify(&mut self, response: &mut Vec<u8>, now: u64) -> Result<(), TsigError> {
        let record = TsigRecord::read(response)?;
        let is_of_key = record.key_name == *self.key.name()
            && Algorithm::of(&record.algorithm) == Some(self.key.algorithm());
        if !is_of_key {
            return Err(TsigError::BadKey);
        }
        if record.mac.is_empty() && matches!(record.error, 16 | 17) {
            return Err(TsigError::of_server(record.error, &[]));
        }
        let signed = (&record, self.scope);
        check_mac(&self.key, Some(&self.prior), response, signed)?;
        if record.error != 0 {
            return Err(TsigError::of_server(record.error, record.other));
        }
        check_time(&record, now)?;
        if record.mac.len() < self.key.algorithm().output_octets() {
            return Err(TsigError::BadTrunc);
        }
        self.prior = Mac::received(record.mac).ok_or(TsigError::Malformed)?;
        self.scope = MacScope::Timers;
        let (start, original_id) = (record.start, record.original_id);
        TsigRecord::remove(start, original_id, response);
        Ok(())
    }
}
