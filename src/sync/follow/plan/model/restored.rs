//! Restores of Nomad's state among other steps: a case that the property tests have found.

use super::proofs::is_true;
use super::steps::{Policy, Step};
use crate::sync::follow::plan::ReadFailure;
use crate::sync::settings::Times;

/// A change that no frame tells.
fn silent(service: (usize, usize), instances: usize) -> Step {
    Step::Change {
        service,
        instances,
        announced: false,
    }
}

fn told(service: (usize, usize), instances: usize) -> Step {
    Step::Change {
        service,
        instances,
        announced: true,
    }
}

fn read(which: usize, lag: usize) -> Step {
    Step::Read { which, lag }
}

#[test]
fn after_restores_that_no_list_has_told_nothing_is_wanted_once_the_index_goes_on() {
    let steps = vec![
        silent((0, 0), 0),
        silent((0, 0), 0),
        silent((0, 0), 0),
        Step::Restore { back: 1 },
        silent((1, 1), 0),
        silent((1, 1), 1),
        Step::Advance { millis: 1292 },
        Step::OpenStream,
        Step::List { lag: 0 },
        read(0, 0),
        read(3, 1),
        silent((0, 0), 0),
        Step::Advance { millis: 844 },
        told((0, 2), 1),
        Step::CutStream,
        Step::Restore { back: 1 },
        read(6, 0),
        Step::Advance { millis: 1292 },
        read(3, 0),
        silent((1, 2), 1),
        read(3, 1),
        read(0, 1),
        Step::OpenStream,
        Step::Advance { millis: 572 },
        silent((0, 0), 0),
        told((2, 1), 1),
        read(1, 0),
        read(4, 0),
        Step::Advance { millis: 1 },
        read(6, 0),
        Step::Restore { back: 1 },
        Step::Policy(Policy::All),
        read(2, 0),
        silent((0, 0), 0),
        silent((0, 0), 0),
        silent((0, 0), 0),
        silent((0, 1), 1),
        silent((0, 0), 0),
        Step::OpenStream,
        silent((0, 0), 1),
        silent((0, 0), 0),
        silent((0, 0), 1),
        told((0, 0), 0),
        Step::Fail {
            which: 2,
            failure: ReadFailure::Outage,
        },
        read(3, 0),
        Step::Restore { back: 1 },
    ];
    is_true(steps, Times::default().resync_every).unwrap();
}
