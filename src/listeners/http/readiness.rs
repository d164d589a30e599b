//! Whether the gateway is ready and alive, as `app` tells and the operator's pages show.

/// Whether the gateway is ready, and why, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is.
    Ready(String),
    /// It is not, yet or any more.
    NotReady(String),
}

/// Whether the gateway answers at all, and why not, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It does.
    Alive,
    /// A part of it does not.
    Dead(String),
}
