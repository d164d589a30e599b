//! Queries that are signed (TSIG, RFC 8945): their signature is checked, and their answer signed.
//!
//! Floor 4, a part of `exchange`. A query without a signature does not come here.

use super::clients::Refusal;
use super::judging::refuse;
use super::server::Server;
use crate::dns::tsig::{Transaction, TsigError};
use crate::dns::wire::{self, Bare};
use crate::dns::{AnswerBuilder, Query, Rcode, Signature};
use crate::unix_time::now_seconds;

/// A query whose signature was checked.
#[derive(Debug)]
pub(super) struct SignedQuery {
    /// The query, which says who signed it if that is certain.
    pub(super) query: Query,
    /// What signs the answer, or what is wrong with the signature.
    pub(super) checked: Result<Transaction, TsigError>,
}

impl SignedQuery {
    /// Checks the signature of a query in its message.
    pub(super) fn check(server: &Server, message: &[u8], query: &Query) -> Self {
        let checked = server.keys.now().verify(message, now_seconds());
        let mut query = query.clone();
        if let Ok(transaction) = &checked {
            query.signature = Signature::Valid(transaction.signer());
        }
        Self { query, checked }
    }

    /// Appends the answer to a query whose client may not ask, or whose signature is not taken.
    pub(super) fn refuse(
        &self,
        server: &Server,
        judged: Result<(), Refusal>,
        message: &[u8],
        out: &mut Vec<u8>,
    ) {
        match (judged, &self.checked) {
            (Err(refusal), _) => refuse(server, &self.query, refusal, out),
            (Ok(()), Err(error)) => self.refuse_signature(server, *error, message, out),
            (Ok(()), Ok(_)) => {}
        }
    }

    /// Says what is wrong with the signature (RFC 8945 §5.2 and §5.3.2).
    fn refuse_signature(
        &self,
        server: &Server,
        error: TsigError,
        message: &[u8],
        out: &mut Vec<u8>,
    ) {
        let (query, begin) = (&self.query, out.len());
        tracing::debug!(%error, client = ?query.client, name = %query.name, "a TSIG signature was refused");
        server.counters.count_tsig_error(error);
        let rcode = match error {
            TsigError::Malformed => Rcode::FORMERR,
            _ => Rcode::NOTAUTH,
        };
        server.counters.count_refused(query.transport, rcode);
        if rcode == Rcode::FORMERR {
            return wire::encode_bare(&Bare::of_query(query, rcode), server.recursion, out);
        }
        let answer = AnswerBuilder::error(rcode, None);
        let additions = server.least_additions(query);
        wire::encode(&answer, query, server.bounds, &additions, 0, out);
        let keys = server.keys.now();
        keys.append_error(error, message, now_seconds(), (out, begin));
    }
}
