//! Who may transfer the zones.
//!
//! Floor 4. `transfers` says what a client is told.

use super::clients::Networks;
use crate::dns::{ExtendedError, Query, Rcode};
use crate::transfer::{Transfer, TransferRefusal, Transfers};

/// Who may transfer the zones, and who serves that.
#[derive(Clone, Debug)]
pub struct OfferedTransfers {
    /// The secondaries.
    pub allow: Networks,
    /// Serves them.
    pub transfers: Transfers,
}

impl OfferedTransfers {
    /// Begins the transfer that a query asks for, in its message.
    pub(super) fn begin(
        &self,
        query: &Query,
        message: &[u8],
        is_signed: bool,
    ) -> Result<Transfer, TransferRefusal> {
        let is_allowed = query
            .client
            .is_some_and(|client| self.allow.contain(client));
        if !is_allowed || !is_signed {
            return Err(TransferRefusal {
                rcode: Rcode::REFUSED,
                error: Some(ExtendedError::PROHIBITED),
            });
        }
        self.transfers.begin(query, message)
    }
}
