//! What is the same in all answers, while a reload may replace it.
//!
//! Floor 4. Each listener, connection and worker has a copy of the pointer, and looks with one atomic load whether it is still
//! the one in use.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use super::server::Server;

/// The server as it is now, or as it was when it was last looked for.
#[derive(Clone, Debug)]
pub struct LiveServer {
    shared: Arc<SharedServer>,
    seen: u64,
    server: Arc<Server>,
}

#[derive(Debug)]
struct SharedServer {
    current: ArcSwap<Server>,
    /// How often it was replaced.
    replaced: AtomicU64,
    /// How many workers have a queue of their own in the query log.
    workers: AtomicUsize,
}

impl LiveServer {
    /// Has all copies use another server from now on.
    pub fn replace(&self, server: Server) {
        self.shared.current.store(Arc::new(server));
        // After the server: who sees the number sees it too.
        self.shared.replaced.fetch_add(1, Ordering::Release);
    }

    /// The server that is in use now.
    pub fn now(&self) -> Arc<Server> {
        self.shared.current.load_full()
    }

    /// The number of a further worker, from 1 on; 0 is for all connections together.
    pub(super) fn next_worker(&self) -> usize {
        self.shared.workers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Looks whether it was replaced, and uses what is in use now.
    #[inline]
    pub(super) fn refresh(&mut self) {
        let replaced = self.shared.replaced.load(Ordering::Acquire);
        if replaced != self.seen {
            self.seen = replaced;
            self.server = self.now();
        }
    }

    /// The server, to be used by what outlives a reload.
    pub(super) fn kept(&self) -> Arc<Server> {
        Arc::clone(&self.server)
    }
}

impl Deref for LiveServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl From<Arc<Server>> for LiveServer {
    fn from(server: Arc<Server>) -> Self {
        Self {
            shared: Arc::new(SharedServer {
                current: ArcSwap::new(Arc::clone(&server)),
                replaced: AtomicU64::new(0),
                workers: AtomicUsize::new(0),
            }),
            seen: 0,
            server,
        }
    }
}

impl From<Server> for LiveServer {
    fn from(server: Server) -> Self {
        Arc::new(server).into()
    }
}

impl Default for LiveServer {
    fn default() -> Self {
        Server::default().into()
    }
}
