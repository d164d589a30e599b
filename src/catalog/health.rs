//! The known health of instances.
//!
//! It is part of the instance, so that a change of health supersedes the service's cell like every other change.
//! `sync` judges health, `answers` selects by it; nothing here asks Nomad.

/// What Nomad says about one instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It was not looked at.
    #[default]
    Unread,
    /// It was looked at, and its checks have no result yet, or cannot be had.
    Unproven,
    /// All of its checks succeed, or it has none.
    Passing,
    /// A check fails.
    Failing,
    /// Its allocation has ended, or its node is gone.
    Gone,
}

impl Health {
    /// All of them, in the order of [`HealthCounts`].
    pub const ALL: [Self; 5] = [
        Self::Unread,
        Self::Unproven,
        Self::Passing,
        Self::Failing,
        Self::Gone,
    ];

    /// Names it for a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Unproven => "unproven",
            Self::Passing => "passing",
            Self::Failing => "failing",
            Self::Gone => "gone",
        }
    }

    /// Whether it is known to be of no use.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failing | Self::Gone)
    }
}

/// How many instances there are of each, in the order of [`Health::ALL`].
pub type HealthCounts = [usize; Health::ALL.len()];
