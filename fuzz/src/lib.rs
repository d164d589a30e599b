//! What the targets have in common: a catalogue with services, the gateway's stack before it, and a runtime for its timers.

use nomadns::layers::WorkerStack;
use tokio::runtime::{Builder, Runtime};

use self::filled::Filled;

#[allow(dead_code, reason = "benchmarks use more of it")]
#[path = "../../benches/support/filled.rs"]
mod filled;

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().expect("a runtime for timers");
    static FILLED: &'static WorkerStack = Box::leak(Box::new(Filled::new(100, 3).stack));
}

/// Gives a stack before a catalogue of `svc000000` to `svc000099` in `default`, with three instances each; within a runtime.
pub fn filled() -> &'static WorkerStack {
    FILLED.with(|it| *it)
}

/// Does something within a runtime, and what was begun beside it.
pub fn in_runtime<Done>(work: impl FnOnce() -> Done) -> Done {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let done = work();
            // Else tasks pile up that nobody runs.
            tokio::task::yield_now().await;
            done
        })
    })
}
