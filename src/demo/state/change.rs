//! Types for changes: why a registration is removed, what the event stream says about it, and whose index grows.

/// How registrations disappear, which decides what the event stream says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Explicitly, by the client: `ServiceDeregistration`, one raft index for each.
    Deregistered,
    /// By a plan (a stop, a lost node): `PlanResult`, one raft index for all.
    Planned,
    /// By the client's report that the allocation ended: `AllocationUpdated`, one raft index for all.
    Ended,
    /// By garbage collection: one raft index and no event at all.
    Silent,
}

/// Whether a change leaves events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Events {
    /// As usual.
    Sent,
    /// None, as with changes that happen before a server's buffer begins.
    None,
}

/// A table whose index blocking queries wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Services,
    Namespaces,
    Allocations,
    Nodes,
}
