//! HTTP: `/dns-query` and `/resolve` for clients, and another set of pages for the operator.
//!
//! `serve` runs a router on a bound listener, with or without TLS; `dns_router` and `admin` are routers.
//! Handlers take what an extractor has checked and return what knows how to become a response.

pub mod admin;
mod body;
mod client;
mod connection;
mod dns_query;
mod extract;
mod gateway;
mod negotiate;
mod parameters;
mod problem;
mod readiness;
mod reply;
mod resolve;
mod routes;
mod serve;
mod status_page;

pub use readiness::Readiness;
pub use routes::{dns_router, message_template};
pub use serve::{Security, serve};
