//! Delays and cuts off responses of an agent: a process that hangs, and connections that break.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use axum::body::{Body, BodyDataStream};
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::watch;

use crate::demo::shared::Entered;

/// Lets connections be cut, and the whole process hang.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    cuts: watch::Sender<u64>,
    is_hung: watch::Sender<bool>,
}

/// One connection's view of the gate.
#[derive(Debug)]
pub(super) struct Way {
    cuts: watch::Receiver<u64>,
    is_hung: watch::Receiver<bool>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            cuts: watch::Sender::new(0),
            is_hung: watch::Sender::new(false),
        }
    }

    /// Cuts every connection, in the middle of whatever it does.
    pub(super) fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }

    pub(super) fn set_hung(&self, is_hung: bool) {
        self.is_hung.send_replace(is_hung);
    }

    /// Opens a way through, for one connection.
    pub(super) fn way(&self) -> Way {
        Way {
            cuts: self.cuts.subscribe(),
            is_hung: self.is_hung.subscribe(),
        }
    }
}

impl Way {
    /// Does work while the process does not hang; none when the connection is cut before it is done.
    pub(super) async fn through<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let Self { cuts, is_hung } = self;
        let running = async {
            let mut work = pin!(work);
            loop {
                // The gate outlives its connections, or they are cut.
                let _ = is_hung.wait_for(|is_hung| !is_hung).await;
                tokio::select! {
                    biased;
                    Ok(_) = is_hung.wait_for(|is_hung| *is_hung) => {}
                    done = &mut work => return done,
                }
            }
        };
        tokio::select! {
            biased;
            _ = cuts.changed() => None,
            done = running => Some(done),
        }
    }

    /// Lets a body through; one that is cut ends in an error.
    pub(super) fn guard(self, body: Body, connection: Arc<Entered>) -> Body {
        let open = Some((self, body.into_data_stream(), connection));
        let chunks = stream::unfold(
            open,
            |open: Option<(Self, BodyDataStream, Arc<Entered>)>| async {
                let (mut way, mut chunks, connection) = open?;
                match way.through(chunks.next()).await {
                    None => Some((Err(cut()), None)),
                    Some(chunk) => {
                        let chunk = chunk?.map_err(io::Error::other);
                        Some((chunk, Some((way, chunks, connection))))
                    }
                }
            },
        );
        Body::from_stream(chunks)
    }
}

/// What a client sees of a connection that is cut.
pub(super) fn cut() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}
