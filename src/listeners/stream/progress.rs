//! Whether a connection has gone on.

/// Whether anything happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    None,
    Some,
}

impl Progress {
    /// Whether anything happened here or there.
    pub(super) fn or(self, other: Self) -> Self {
        match self {
            Self::Some => self,
            Self::None => other,
        }
    }
}
