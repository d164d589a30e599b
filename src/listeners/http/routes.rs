//! The paths that clients ask, each with its methods, and what stands before all of them.
//!
//! Every request of a client comes through here, so it is a match and no router of a library.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request};

use super::super::accept::Shared;
use super::admission::{Admission, admit, make_private};
use super::gateway::Gateway;
use super::origins::{Origins, preflight};
use super::paths::PathUse;
use super::problem::Problem;
use super::responding::{Respond, Responding, without_body};
use super::settings::Settings;
use super::{dns_query, resolve};
use crate::layers::Stack;

/// Answers what clients ask; any other path is a 404.
#[derive(Debug)]
pub struct DnsRouter<S> {
    gateway: Gateway<S>,
    settings: Settings,
}

impl<S: Stack> DnsRouter<S> {
    /// Leads the paths of `settings` to `stack`.
    pub fn new(stack: S, shared: &Shared, settings: &Settings) -> Self {
        Self {
            gateway: Gateway {
                stack,
                server: Arc::clone(&shared.server),
                body_deadline: shared.limits.http_body,
            },
            settings: settings.clone(),
        }
    }

    /// Lets a request in that has the credentials that are wanted, if any are.
    fn admit(&self, request: Request<Body>, client: IpAddr) -> Responding {
        let Some(path_use) = self.settings.paths.find(request.uri().path()) else {
            return Responding::ready(Problem::not_found());
        };
        match admit(&self.settings.credentials, &request) {
            Ok(Admission::Open) => self.answer(path_use, request, client),
            Ok(Admission::Private) => self.answer(path_use, request, client).map(make_private),
            Err(problem) => Responding::ready(problem),
        }
    }

    fn answer(&self, path_use: PathUse, request: Request<Body>, client: IpAddr) -> Responding {
        let shares = *self.settings.origins != Origins::None;
        let method = request.method().clone();
        match (path_use, method) {
            (_, Method::GET) => self.get(path_use, &request, client),
            (_, Method::HEAD) => self.get(path_use, &request, client).map(without_body),
            (PathUse::Dns, Method::POST) => dns_query::post(&self.gateway, request, client),
            (_, Method::OPTIONS) if shares => {
                Responding::ready(preflight(allowed(path_use, shares)))
            }
            _ => Responding::ready(Problem::method_not_allowed(allowed(path_use, shares))),
        }
    }

    fn get(&self, path_use: PathUse, request: &Request<Body>, client: IpAddr) -> Responding {
        let responding = match path_use {
            PathUse::Dns => dns_query::get(&self.gateway, request, client),
            PathUse::Json => resolve::get(&self.gateway, request, client),
        };
        responding.into()
    }
}

impl<S: Stack> Respond for DnsRouter<S> {
    fn respond(&self, request: Request<Body>, client: IpAddr) -> Responding {
        let origins = &self.settings.origins;
        if **origins == Origins::None {
            return self.admit(request, client);
        }
        let sharing = origins.share(request.headers());
        self.admit(request, client)
            .map(|response| sharing.tell(response))
    }
}

fn allowed(path_use: PathUse, shares: bool) -> &'static str {
    match (path_use, shares) {
        (PathUse::Dns, false) => "GET, HEAD, POST",
        (PathUse::Dns, true) => "GET, HEAD, OPTIONS, POST",
        (PathUse::Json, false) => "GET, HEAD",
        (PathUse::Json, true) => "GET, HEAD, OPTIONS",
    }
}
