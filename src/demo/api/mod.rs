//! The simulated HTTP API: takes a request and returns a response in Nomad's form.
//!
//! `call` parses the request, the table modules answer it, `reply` makes the HTTP response. It uses hyper directly,
//! because methods, paths, header order and cut connections have to be those of Nomad and not of a router.

mod call;
mod probes;
mod read;
mod reply;
mod services;
mod stream;
mod tables;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use http::request::Parts;
use http::{Method, Request, Response, header};

use crate::demo::agent::{Agent, Version};
use crate::demo::faults::Fault;
use call::{Call, Route, secret};
use reply::{Encoding, Reply};

/// By which way a request came in.
#[derive(Clone, Debug)]
pub(crate) enum Entrance {
    /// The HTTP port. The flag asks the connection to spoil the next status line.
    Port(Arc<AtomicBool>),
    /// The task API's unix socket, which wants a token even where ACLs are off.
    TaskSocket,
}

/// Answers a request; an error cuts the connection.
pub(crate) async fn answer<B>(
    agent: Arc<Agent>,
    entrance: Entrance,
    request: Request<B>,
) -> io::Result<Response<Body>> {
    let (parts, _) = request.into_parts();
    let route = Route::of(parts.uri.path());
    let template = route.as_ref().map_or("", Route::template);
    let target = parts
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let _in_flight = agent.seen.enter(template, target);
    let encoding = encoding(&parts, &entrance);
    let reply = match agent.faults.take(parts.uri.path()) {
        None => dispatch(&agent, &entrance, &parts, route).await,
        Some(Fault::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            dispatch(&agent, &entrance, &parts, route).await
        }
        Some(Fault::Status(status, text)) => Reply::error(status, text),
        Some(Fault::TooManyConnections) => {
            let text = "Your IP is issuing too many concurrent connections, please rate limit your calls\n";
            Reply::error(429, text).closing()
        }
        Some(Fault::Garbage(bytes)) => Reply::json(bytes),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Cut) => return Err(io::ErrorKind::ConnectionAborted.into()),
    };
    Ok(reply.into_response(encoding))
}

fn encoding(parts: &Parts, entrance: &Entrance) -> Encoding {
    if let Entrance::TaskSocket = entrance {
        return Encoding::Socket;
    }
    let accepted = parts.headers.get_all(header::ACCEPT_ENCODING).iter();
    let takes_gzip = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| coding.trim() == "gzip");
    if takes_gzip {
        Encoding::Gzip
    } else {
        Encoding::Plain
    }
}

async fn dispatch(
    agent: &Arc<Agent>,
    entrance: &Entrance,
    parts: &Parts,
    route: Option<Route>,
) -> Reply {
    if let Entrance::TaskSocket = entrance {
        match secret(&parts.headers) {
            None => return Reply::error(401, "Unauthorized"),
            Some(secret) if !agent.knows(secret) => return Reply::error(403, "Forbidden"),
            Some(_) => {}
        }
    }
    let Some(route) = route else {
        return Reply::empty(404);
    };
    if parts.method != Method::GET {
        return Reply::error(405, "Invalid method");
    }
    match Call::of(parts) {
        Ok(call) => route_to(agent, entrance, &call, route)
            .await
            .unwrap_or_else(|reply| reply),
        Err(reply) => reply,
    }
}

async fn route_to(
    agent: &Arc<Agent>,
    entrance: &Entrance,
    call: &Call,
    route: Route,
) -> Result<Reply, Reply> {
    match route {
        Route::Services => services::list(agent, call).await,
        Route::Service(name) => services::service(agent, call, &name).await,
        Route::JobServices(job) => services::of_job(agent, call, &job).await,
        Route::AllocationServices(id) => services::of_allocation(agent, call, &id).await,
        Route::AllocationChecks(id) => tables::checks(agent, call, &id),
        Route::ClientAllocationChecks(id) => {
            tables::checks(agent, call, &id).map(Reply::varying_by_origin)
        }
        Route::Allocations => tables::allocations(agent, call).await,
        Route::Namespaces => tables::namespaces(agent, call).await,
        Route::Nodes => tables::nodes(agent, call).await,
        Route::Regions => Ok(probes::regions()),
        Route::Leader => Ok(probes::leader(agent).await),
        Route::Health => Ok(probes::health(agent).await),
        Route::AgentSelf => probes::own_settings(agent, call),
        Route::EventStream => {
            if let (Entrance::Port(spoil), Version::V1_11_2) = (entrance, agent.version) {
                spoil.store(true, Ordering::Relaxed);
            }
            Ok(stream::open(agent, call))
        }
    }
}
