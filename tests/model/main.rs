//! The whole machine against a simulated cluster of three servers, in paused time: the real client, the real
//! synchronisation, the real catalogue and answers. Random things happen to the cluster and to the way to it, and after
//! each of them, and while time passes, queries are asked.
//!
//! What is proved stands in `judge`; `PROPTEST_CASES` raises the number of runs, as CI does. A failure is told as the
//! history of its run: what happened when, and what was shown from then on.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and is no library"
)]

mod act;
mod gateway;
mod judge;
mod steps;
mod table;
mod traffic;
mod world;

use proptest::prelude::*;
use steps::{Kinds, Step, step};
use world::World;

/// Runs of `cargo test`, which are to take a few seconds.
const CASES: u32 = 30;
/// The most that happens in one run.
const STEPS: usize = 40;

/// Runs the steps, lets everything be mended, and gives the history where something was wrong.
fn run(steps: &[Step]) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut world = World::start().await?;
        for step in steps {
            world.step(step).await?;
        }
        world.settle().await
    })
}

fn cases() -> u32 {
    let asked = std::env::vars_os().find(|(name, _)| name == "PROPTEST_CASES");
    asked.map_or(CASES, |_| ProptestConfig::default().cases)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        // Runs differ by chance, so that more shrinking finds little.
        max_shrink_time: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn servers_that_lag_restart_or_are_cut_off_make_no_answer_wrong(
        steps in prop::collection::vec(step(Kinds::Servers), 1..STEPS)
    ) {
        run(&steps).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_restored_state_is_followed_and_nothing_else_takes_the_state_back(
        steps in prop::collection::vec(step(Kinds::Restores), 1..STEPS)
    ) {
        run(&steps).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn what_the_token_may_not_read_is_not_denied(
        steps in prop::collection::vec(step(Kinds::Everything), 1..STEPS)
    ) {
        run(&steps).map_err(TestCaseError::fail)?;
    }
}
