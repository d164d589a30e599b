//! The integration tests, one binary; each module says what it proves.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and is no library"
)]

mod access;
mod admin;
mod admission;
mod cache;
mod captures;
mod catalog;
mod certs;
mod changes;
mod client_certificates;
mod command;
mod contract;
mod crowd;
mod doh;
mod effort;
mod export;
mod faults;
mod fitting;
mod forwarding;
mod gate;
mod health;
mod hosts;
mod import;
mod json;
mod lifecycle;
mod lookup;
mod metrics;
mod nomad_client;
mod nomad_ui;
mod notify_settings;
mod outside;
mod page_stub;
mod presentation;
mod query_log;
mod resolve;
mod reverse_zones;
mod rfc;
mod simulated_nomad;
mod sizes;
mod status_events;
mod status_page;
mod stream;
mod stub;
mod support;
mod switching;
mod sync;
mod tls;
mod transfer_settings;
mod transports_agree;
mod truth;
mod tsig_keys;
mod udp;
mod web;
