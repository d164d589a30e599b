//! The simulated Nomad against the captured answers of a real one, and its scripted side.

mod capture;
mod cluster;
mod form;
mod outage;
mod queries;
mod scenario;
mod stream;
mod tokens;
