//! What the tests drive: processes, agents of Nomad, the gateway, and who asks it all the time.

pub mod agent;
pub mod api;
pub mod cluster;
pub mod gateway;
pub mod jobs;
pub mod process;
pub mod target;
pub mod witness;

use std::ffi::OsString;
use std::io::Write;
use std::sync::Once;
use std::time::Duration;

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::time::{Instant, sleep};

/// The longest that anything may take; a test that waits for it has failed.
pub const AT_MOST: Duration = Duration::from_secs(45);

/// How often is looked whether something holds, where nothing tells it.
const LOOKS_EVERY: Duration = Duration::from_millis(10);

/// What measures times has the machine for itself.
static QUIET: RwLock<()> = RwLock::const_new(());

/// The right to run, and the Nomad to run with.
pub struct Run<Guard> {
    pub nomad: OsString,
    _guard: Guard,
}

/// Gives the Nomad that was named; without one it says that the tests are skipped.
pub async fn run() -> Option<Run<RwLockReadGuard<'static, ()>>> {
    let nomad = nomad_binary()?;
    let guard = QUIET.read().await;
    Some(Run {
        nomad,
        _guard: guard,
    })
}

/// The same, for a test that nothing else may run beside.
pub async fn run_alone() -> Option<Run<RwLockWriteGuard<'static, ()>>> {
    let nomad = nomad_binary()?;
    let guard = QUIET.write().await;
    Some(Run {
        nomad,
        _guard: guard,
    })
}

/// Waits until something holds.
pub async fn until(what: &str, holds: impl AsyncFnMut() -> bool) {
    within(AT_MOST, what, holds).await;
}

/// Waits until something holds, so long at most; how long it took.
pub async fn within(most: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < most, "not within {most:?}: {what}");
        sleep(LOOKS_EVERY).await;
    }
    begun.elapsed()
}

/// Writes a line that shows although the test passes.
pub fn say(line: &str) {
    // libtest keeps what `println` writes; nobody is helped when the rest fails here.
    let _ = writeln!(std::io::stderr(), "real: {line}");
}

fn nomad_binary() -> Option<OsString> {
    static SAID: Once = Once::new();
    let named = std::env::var_os("NOMAD_BINARY").filter(|it| !it.is_empty());
    if named.is_none() {
        SAID.call_once(|| say("SKIPPED, NOMAD_BINARY names no Nomad"));
    }
    named
}
