//! What the tests share: servers that play a part, and nothing that is proved.

pub mod answers;
pub mod replay;
