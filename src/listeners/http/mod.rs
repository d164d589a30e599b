//! HTTP: `/dns-query` and `/resolve` for clients, and another set of pages for the operator.
//!
//! `serve` runs a router on a bound listener, with or without TLS; `dns_router` and `admin` are routers.
//! Handlers take what an extractor has checked and return what knows how to become a response.

pub mod admin;
mod admission;
mod body;
mod client;
mod connection;
mod credentials;
mod dns_query;
mod extract;
mod forwarded;
mod gateway;
mod joined;
mod leftover;
mod negotiate;
mod origins;
mod parameters;
mod paths;
mod problem;
mod readiness;
mod reply;
mod resolve;
mod routes;
mod serve;
mod settings;
mod status_page;
mod streams;

pub use credentials::{Credentials, CredentialsError, Scheme};
pub use origins::{OriginError, Origins};
pub use paths::{PathError, PathUse, Paths};
pub use readiness::Readiness;
pub use routes::dns_router;
pub use serve::{Security, serve};
pub use settings::Settings;
