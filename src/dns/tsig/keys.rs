//! The keys that are known, and the check of a query against them (RFC 8945 §5.2).

use std::sync::Arc;

use super::super::Name;
use super::super::signature::KeyId;
use super::FUDGE_SECONDS;
use super::algorithm::Algorithm;
use super::error::TsigError;
use super::key::Key;
use super::mac::{self, Mac, MacScope};
use super::record::{NewRecord, TsigRecord, Variables};
use super::transaction::Transaction;

/// The keys that are known. Each has a name of its own.
#[derive(Clone, Debug, Default)]
pub struct KeyRing(Vec<Arc<Key>>);

/// Why keys cannot be used together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// Two have the same name.
    #[error("two keys have the name {0}")]
    NameTwice(Box<Name>),
}

impl KeyRing {
    /// Puts keys together.
    ///
    /// # Errors
    /// Two keys of one name.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Self, KeyRingError> {
        let mut keys: Vec<Arc<Key>> = keys.into_iter().map(Arc::new).collect();
        keys.sort_by_key(|key| key.id());
        match keys.windows(2).find(|pair| pair[0].id() == pair[1].id()) {
            Some(pair) => Err(KeyRingError::NameTwice(Box::new(*pair[0].name()))),
            None => Ok(Self(keys)),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.0.iter()
    }

    /// The key of this name.
    pub fn find(&self, name: &Name) -> Option<&Arc<Key>> {
        let place = self
            .0
            .binary_search_by_key(&KeyId::of(name), |key| key.id());
        place
            .ok()
            .map(|place| &self.0[place])
            .filter(|key| key.name() == name)
    }

    /// Checks the signature of a query as it was received, and makes what signs its answer; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// What is wrong with the signature: the key is looked at first, then the signature, the time, and the signature's length.
    pub fn verify(&self, query: &[u8], now: u64) -> Result<Transaction, TsigError> {
        let record = TsigRecord::read(query)?;
        let key = self.key_of(&record).ok_or(TsigError::BadKey)?;
        check_mac(key, None, query, (&record, MacScope::Variables))?;
        check_time(&record, now)?;
        // RFC 8945 §5.2.4: which lengths are long enough is for each server to say.
        if record.mac.len() < key.algorithm().output_octets() {
            return Err(TsigError::BadTrunc);
        }
        let mac = Mac::received(record.mac).ok_or(TsigError::Malformed)?;
        Ok(Transaction::new(Arc::clone(key), mac))
    }

    /// Appends the TSIG record that says what is wrong with the signature of `query` (RFC 8945 §5.3.2) to the answer from octet
    /// `begin` of `out` on. That of an error which has no such record stays as it is.
    pub fn append_error(
        &self,
        error: TsigError,
        query: &[u8],
        now: u64,
        (out, begin): (&mut Vec<u8>, usize),
    ) {
        let (Some(code), Ok(record)) = (error.code(), TsigRecord::read(query)) else {
            return;
        };
        let [_, _, server_time @ ..] = now.to_be_bytes();
        let is_time = error == TsigError::BadTime;
        // Who has not shown that he knows the secret gets nothing signed.
        let is_signed = is_time || error == TsigError::BadTrunc;
        let variables = Variables {
            // The client can then check the signature, whatever its clock says (RFC 8945 §5.2.3).
            time: if is_signed && !is_time {
                now
            } else {
                record.time
            },
            fudge: if is_time { record.fudge } else { FUDGE_SECONDS },
            error: code,
            other: if is_time { &server_time } else { &[] },
        };
        let key = self.key_of(&record).filter(|_| is_signed);
        let prior = Mac::received(record.mac);
        let signing = (variables, MacScope::Variables);
        let mac = key.map(|key| mac::sign(key, prior.as_ref(), &out[begin..], signing));
        let new = NewRecord {
            key_name: record.key_name.as_wire(),
            algorithm: record.algorithm.as_wire(),
            variables,
            mac: mac.as_ref().map_or(&[], Mac::as_octets),
        };
        new.append(out, begin);
    }

    fn key_of(&self, record: &TsigRecord<'_>) -> Option<&Arc<Key>> {
        let algorithm = Algorithm::of(&record.algorithm)?;
        let key = self.find(&record.key_name)?;
        (key.algorithm() == algorithm).then_some(key)
    }
}

/// Checks that a signature is the one that the key makes, or a beginning of it that is not too short.
pub(super) fn check_mac(
    key: &Key,
    prior: Option<&Mac>,
    message: &[u8],
    (record, scope): (&TsigRecord<'_>, MacScope),
) -> Result<(), TsigError> {
    let whole = key.algorithm().output_octets();
    // RFC 8945 §5.2.2.1.
    if record.mac.len() > whole || record.mac.len() < (whole / 2).max(10) {
        return Err(TsigError::Malformed);
    }
    let expected = mac::expected(key, prior, message, (record, scope));
    match expected.begins_with(record.mac) {
        true => Ok(()),
        false => Err(TsigError::BadSig),
    }
}

/// Checks that a message was signed now, by as much as its fudge allows and no more than ours.
pub(super) fn check_time(record: &TsigRecord<'_>, now: u64) -> Result<(), TsigError> {
    let fudge = record.fudge.min(FUDGE_SECONDS);
    match now.abs_diff(record.time) <= fudge.into() {
        true => Ok(()),
        false => Err(TsigError::BadTime),
    }
}
