//! The threads that forward and that make zone transfers, apart from those of all else.
//!
//! Their priority is lower: where cores are few, neither a flood of names that must be asked upstream nor a transfer of a large
//! zone must hold up the workers that answer the cluster's names. The threads of TCP, TLS and HTTP, of Nomad and of the
//! operator's pages keep theirs.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::listeners::udp::UdpRuntimes;

/// By how much their nice value is above that of the gateway; Linux has one for each thread.
const NICER: i32 = 10;

/// The runtime of the forwarder and of transfers; it ends with this.
#[derive(Debug)]
pub(super) struct BackgroundRuntime {
    handle: Handle,
    /// There until it is dropped.
    runtime: Option<Runtime>,
}

impl BackgroundRuntime {
    /// Starts it, also where nothing is forwarded or transferred yet: a reload may change that.
    ///
    /// # Errors
    /// No more threads.
    pub(super) fn start() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.enable_all().thread_name("background");
        // A system that refuses it has them compete with the hits; the answers are the same.
        builder.on_thread_start(|| {
            let _ = rustix::process::nice(NICER);
        });
        let runtime = builder.build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// Where queries wait: those that are forwarded here, all others in the runtime around the caller.
    pub(super) fn and_own(&self) -> UdpRuntimes {
        UdpRuntimes {
            own: Handle::current(),
            forwarding: self.handle.clone(),
        }
    }
}

impl Drop for BackgroundRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Whoever drops it may be a task, which must not wait for threads.
            runtime.shutdown_background();
        }
    }
}
