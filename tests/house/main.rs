//! The habits of the house, kept as tests.
//!
//! `sources` reads the tree, `paths` finds what a source names, the others each keep one kind of rule.
//! Every rule is tried on small made-up sources that break it: a check that cannot fail is none.

mod command;
mod crates;
mod documents;
mod example;
mod files;
mod floors;
mod gateway;
mod metrics;
mod modules;
mod paths;
mod reference;
mod security;
mod sources;
mod tables;
mod type_names;
