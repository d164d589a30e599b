//! nomadns: the DNS gateway for HashiCorp Nomad.
//!
//! A query is decoded by `listeners` (with `dns`), passes the tower stack (`layers`), is answered from the `catalog`
//! by `answers`, and is encoded by `listeners`. `sync` keeps the catalogue up to date with what it reads through
//! `nomad`. `app` connects the parts. ARCHITECTURE.md explains the floors and follows a query and a change.

pub mod answers;
pub mod app;
pub mod blocking;
pub mod catalog;
pub mod certs;
pub mod cli;
pub mod config;
pub mod demo;
pub mod dns;
pub mod export;
mod exposition;
pub mod fair_queue;
pub mod forward;
pub mod import;
pub mod layers;
pub mod listeners;
pub mod lookup;
pub mod nomad;
pub mod profile;
pub mod query_log;
mod regular_file;
pub mod secret;
pub mod sync;
pub mod tls_failure;
mod token_bucket;
pub mod transfer;
mod unix_time;
