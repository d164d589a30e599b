//! What tests share.

pub mod answers;
