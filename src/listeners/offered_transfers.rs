//! Who may transfer the zones.
//!
//! Floor 4. `transfers` says what a client is told.

use super::clients::Networks;
use crate::dns::{ExtendedError, Query, Rcode};
use crate::transfer::{TransferRefusal, Transfers};

/// Who may transfer the zones, and who serves that.
#[derive(Clone, Debug)]
pub struct OfferedTransfers {
    /// The secondaries.
    pub allow: Networks,
    /// Serves them.
    pub transfers: Transfers,
}

impl OfferedTransfers {
    /// Checks that the client of a query may transfer a zone.
    pub(super) fn check(&self, query: &Query, is_signed: bool) -> Result<(), TransferRefusal> {
        let is_allowed = query
            .client
            .is_some_and(|client| self.allow.contain(client));
        if !is_allowed || !is_signed {
            return Err(TransferRefusal {
                rcode: Rcode::REFUSED,
                error: Some(ExtendedError::PROHIBITED),
            });
        }
        Ok(())
    }
}
