//! nomad.
