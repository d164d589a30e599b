//! What is proved, a file for each subject.

mod checks;
mod containers;
mod doctor;
mod election;
mod freshness;
mod isolation;
mod leaving;
mod namespaces;
mod restart;
mod restore;
mod rights;
mod tiers;
mod token_file;
