//! An agent without sockets: each request is a connection of its own, which can be refused, hang or be cut like one
//! over a socket. It uses only tokio's time, which can be paused.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll};

use axum::body::Body;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tower::Service;

use super::gate::{Gate, cut};
use crate::demo::agent::Agent;
use crate::demo::api::{self, Entrance};

/// A service that answers as the agent does on its port.
#[derive(Clone, Debug)]
pub struct InMemory {
    pub(super) agent: Arc<Agent>,
    pub(super) gate: Gate,
    /// Whether the agent listens.
    pub(super) is_open: Arc<AtomicBool>,
}

impl<B: Send + 'static> Service<Request<B>> for InMemory {
    type Response = Response<Body>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Response<Body>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        async move {
            let mut way = this.gate.way();
            if !this.is_open.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let connection = Arc::new(this.agent.connections.enter());
            let entrance = Entrance::Port(Arc::new(AtomicBool::new(false)));
            let answer = api::answer(Arc::clone(&this.agent), entrance, request);
            let response = way.through(answer).await.ok_or_else(cut)??;
            Ok(response.map(|body| way.guard(body, connection)))
        }
        .boxed()
    }
}
