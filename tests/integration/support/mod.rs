//! What the tests share: servers that play a part, and nothing that is proved.

pub(crate) mod replay;
