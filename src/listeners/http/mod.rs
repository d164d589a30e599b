//! HTTP: `/dns-query` and `/resolve` for clients, and another set of pages for the operator.
//!
//! `serve` runs a router on a bound listener, with or without TLS: `DnsRouter`, or that of `admin`.
//! What can be answered at once is answered where the request is read; only what has to wait is a future.

mod activity;
pub mod admin;
mod admission;
mod answering;
mod asked;
mod body;
mod connection;
mod credentials;
mod dns_query;
mod form;
mod forwarded;
mod gateway;
mod host;
mod joined;
mod leftover;
mod lengthy;
mod negotiate;
mod origins;
mod parameters;
mod paths;
mod problem;
mod readiness;
mod reply;
mod resolve;
mod responding;
mod routes;
mod serve;
mod settings;
mod status_page;
mod streams;
mod taken;

pub use credentials::{Credentials, CredentialsError, Scheme};
pub use host::{HostError, Hosted, Hosts};
pub use origins::{OriginError, Origins};
pub use paths::{PathError, PathUse, Paths};
pub use readiness::{Liveness, Readiness};
pub use responding::{Lengthy, Respond, Responding};
pub use routes::DnsRouter;
pub use serve::{Security, serve};
pub use settings::Settings;
