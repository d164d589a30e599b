//! Why a transfer is not begun.
//!
//! Floor 3.

use crate::dns::{ExtendedError, Rcode};

/// Why there is no transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferRefusal {
    /// The code of the response.
    pub rcode: Rcode,
    /// Why, in the terms of RFC 8914.
    pub error: Option<ExtendedError>,
}
