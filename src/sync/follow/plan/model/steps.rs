//! The steps that may happen in the model, and how often.
//!
//! Floor 2, in tests only.

use proptest::prelude::*;

use super::ReadFailure;

/// What the token may list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    All,
    /// Each namespace by itself.
    Each,
    /// Two of the three.
    Some,
    /// Nothing, but services may be read.
    Reads,
    /// Nothing, as the empty list with index 0 says.
    Denied,
}

impl Policy {
    /// The namespace of each list; none for all of them.
    pub(super) fn scopes(self) -> Vec<Option<usize>> {
        match self {
            Self::All | Self::Denied => vec![None],
            Self::Each => vec![Some(0), Some(1), Some(2)],
            Self::Some => vec![Some(0), Some(2)],
            Self::Reads => Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Sets the instances of a service; announced by the stream or not.
    Change {
        service: (usize, usize),
        instances: usize,
        announced: bool,
    },
    /// Answers the list, at first from a state that lags behind by some changes.
    List {
        lag: usize,
    },
    /// Answers one of the reads in flight, from a state that lags behind by some changes.
    Read {
        which: usize,
        lag: usize,
    },
    /// Fails one of the reads in flight.
    Fail {
        which: usize,
        failure: ReadFailure,
    },
    CutStream,
    OpenStream,
    /// Brings a snapshot back: a lower index and another table.
    Restore {
        back: u64,
    },
    Advance {
        millis: u64,
    },
    Policy(Policy),
    /// Reads a service because it is asked for.
    Demand {
        service: (usize, usize),
    },
}

/// A restore goes back by less.
pub(super) const BACK_MAX: u64 = 20;

/// Makes steps; a silent change is one that the stream does not tell.
pub(super) fn step(silent: f64) -> impl Strategy<Value = Step> {
    let service = (0..3_usize, 0..3_usize);
    let policy = prop_oneof![
        2 => Just(Policy::All),
        1 => Just(Policy::Each),
        1 => Just(Policy::Some),
        1 => Just(Policy::Reads),
        1 => Just(Policy::Denied),
    ];
    let failure = prop_oneof![
        Just(ReadFailure::Outage),
        Just(ReadFailure::Denied),
        Just(ReadFailure::Behind),
        Just(ReadFailure::Other)
    ];
    prop_oneof![
        6 => (service, 0..3_usize, (0.0..1.0).prop_map(move |chance| chance >= silent))
            .prop_map(|(service, instances, announced)| Step::Change { service, instances, announced }),
        4 => (0..3_usize).prop_map(|lag| Step::List { lag }),
        8 => (0..8_usize, 0..3_usize).prop_map(|(which, lag)| Step::Read { which, lag }),
        1 => (0..8_usize, failure).prop_map(|(which, failure)| Step::Fail { which, failure }),
        1 => Just(Step::CutStream),
        2 => Just(Step::OpenStream),
        1 => (1..BACK_MAX).prop_map(|back| Step::Restore { back }),
        1 => policy.prop_map(Step::Policy),
        2 => (0..3_usize, 0..3_usize).prop_map(|service| Step::Demand { service }),
        3 => (1..3000_u64).prop_map(|millis| Step::Advance { millis }),
    ]
}
