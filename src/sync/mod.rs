//! sync.
#![allow(dead_code)]
mod plan;
mod settings;
