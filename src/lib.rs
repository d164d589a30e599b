//! nomadns: the DNS gateway for HashiCorp Nomad.
//!
//! The way of a query: `listeners` decode it (`dns`), pass it through the tower stack (`layers`) to the
//! module that knows what is said (`answers`), and encode the answer. `sync` keeps the `catalog` true from
//! what `nomad` tells. `app` puts it together. ARCHITECTURE.md has the floors and two walkthroughs.

pub mod answers;
pub mod app;
mod blocking;
pub mod catalog;
pub mod certs;
pub mod cli;
pub mod config;
pub mod demo;
pub mod dns;
pub mod export;
pub mod fair_queue;
pub mod forward;
pub mod layers;
pub mod listeners;
pub mod lookup;
pub mod nomad;
pub mod sync;
pub mod tls_failure;
mod token_bucket;
