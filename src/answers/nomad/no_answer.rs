//! Why there is no answer from a view of the catalogue, though the name is in one of the zones.
//!
//! Floor 2. The router makes errors of it, which become SERVFAIL.

use crate::catalog::UnknownReason;

/// It costs more than may be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooCostly;

/// Why there is no answer from a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// It is not known what is there, and a denial could be wrong.
    Unknown(UnknownReason),
    /// It costs more than may be done now.
    OutOfTurn,
}

impl From<UnknownReason> for NoAnswer {
    fn from(reason: UnknownReason) -> Self {
        Self::Unknown(reason)
    }
}

impl From<TooCostly> for NoAnswer {
    fn from(TooCostly: TooCostly) -> Self {
        Self::OutOfTurn
    }
}
