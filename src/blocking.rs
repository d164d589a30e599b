//! Runs long work so that no other task waits for it, such as parsing a large response of Nomad or rendering long
//! JSON for a client.
//!
//! Floor 0. The thread leaves the runtime's workers meanwhile, and another one takes its place. A single-threaded
//! runtime, as in tests with paused time, has no other, so there the work runs in place.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

/// What is done at once where it stands: some hundred microseconds of it, in octets of JSON.
const SHORT_OCTETS: usize = 64 << 10;

/// Cores for each piece of long work that is done at once: one for it, the others for other tasks.
const CORES_EACH: usize = 2;

/// Does work in place, while another thread runs the other tasks of the runtime.
pub(crate) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        _ => work(),
    }
}

/// Does a few pieces of long work at once, in the order in which they come, and leaves half of the cores to others.
///
/// A clone shares the permits. The client of Nomad has its own, so that it does not wait behind what clients request.
#[derive(Clone, Debug)]
pub struct BlockingPermits(Arc<Semaphore>);

impl Default for BlockingPermits {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((cores / CORES_EACH).max(1))))
    }
}

impl BlockingPermits {
    /// Does long work when there is a permit for it; its panics are the caller's.
    pub(crate) async fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        // It is never closed; without a permit it would only be done beside others.
        let _permit = self.0.acquire().await;
        in_place(work)
    }

    /// Reads so many octets, as long work where they are many.
    pub(crate) async fn read<T>(&self, octets: usize, read: impl FnOnce() -> T) -> T {
        if octets <= SHORT_OCTETS {
            return read();
        }
        self.run(read).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// Reads in the one worker; says whether another task ran meanwhile, and by which thread it was read.
    async fn another_runs_while(octets: usize) -> bool {
        let (sender, receiver) = mpsc::channel();
        let reading = tokio::spawn(async move {
            tokio::spawn(async move { sender.send(()) });
            let wait = if octets > SHORT_OCTETS {
                LONG
            } else {
                Duration::ZERO
            };
            let read = move || receiver.recv_timeout(wait).is_ok();
            BlockingPermits::default().read(octets, read).await
        });
        reading.await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn other_tasks_run_while_what_is_long_is_read() {
        assert!(another_runs_while(SHORT_OCTETS + 1).await);
        assert!(!another_runs_while(SHORT_OCTETS).await);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_pieces_wait_for_permits() {
        let permits = BlockingPermits(Arc::new(Semaphore::new(1)));
        let others = Arc::clone(&permits.0);
        let free = permits.read(SHORT_OCTETS + 1, || others.available_permits());
        assert_eq!(free.await, 0);
        assert_eq!(permits.0.available_permits(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_panic_is_the_callers_and_keeps_no_permit() {
        let permits = BlockingPermits(Arc::new(Semaphore::new(1)));
        let own = permits.clone();
        let work = tokio::spawn(async move { own.run(|| panic!("long work broke")).await });
        assert!(work.await.unwrap_err().is_panic());
        assert_eq!(permits.0.available_permits(), 1);
    }

    #[tokio::test]
    async fn one_thread_just_reads() {
        let own = thread::current().id();
        let read = || thread::current().id() == own;
        assert!(
            BlockingPermits::default()
                .read(SHORT_OCTETS + 1, read)
                .await
        );
    }
}
