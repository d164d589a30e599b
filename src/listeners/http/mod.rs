//! HTTP: the public router with `/dns-query` and `/resolve`, and the code that drives connections.
//!
//! Floor 4. `router` makes the service of a public listener, `admin` (outside this folder) that of the operator's
//! pages; `serve` runs either on a bound listener, with or without TLS.

mod activity;
mod answering;
mod authorization;
mod body;
mod client;
mod connection;
mod connection_io;
mod counted_body;
mod credentials;
mod dns_query;
mod drain;
mod gateway;
mod host;
mod hosts;
mod negotiate;
mod origins;
mod parameters;
mod paths;
mod problem;
mod reply;
mod resolve;
mod router;
mod serve;
mod streams;

pub use client::ClientInfo;
pub use credentials::{Credentials, CredentialsError, Scheme};
pub(super) use host::HostLayer;
pub use hosts::{HostError, Hosts};
pub(super) use negotiate::ranges as accepted_ranges;
pub use origins::{OriginError, Origins};
pub use paths::{PathError, PathUse, Paths};
pub(super) use problem::{NO_SNIFF, NO_STORE, Problem};
pub use router::{HttpService, HttpSettings, router};
pub use serve::{Security, serve};
