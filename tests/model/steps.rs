//! What may happen in a run.

use proptest::prelude::*;
use tokio::time::Duration;

/// The servers of the cluster.
pub(crate) const SERVERS: usize = 3;
/// The services that change: those of `table::CHANGING`.
const SERVICES: usize = 3;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A service changes, at one raft index.
    Change {
        service: usize,
        change: Change,
        event: EventReport,
    },
    /// A follower applies what it is sent later.
    Lag {
        server: usize,
        millis: u64,
    },
    /// A follower applies nothing any more.
    Freeze {
        server: usize,
    },
    /// It does again, and at once.
    Thaw {
        server: usize,
    },
    CutOff {
        server: usize,
    },
    /// Nobody is cut off any more.
    Heal,
    Elect {
        server: usize,
    },
    Restart {
        server: usize,
    },
    /// A server's state is written to its disk.
    Save {
        server: usize,
    },
    Kill {
        server: usize,
    },
    Start {
        server: usize,
    },
    Hang {
        server: usize,
    },
    Resume {
        server: usize,
    },
    /// The state is saved as an operator does it, in place of what was saved before.
    Snapshot,
    /// The state goes back to what was saved.
    Restore,
    /// What the token may read changes.
    Policy(Policy),
    /// Every answer of a server is late.
    Slow {
        server: usize,
        millis: u64,
    },
    /// The answers of a server are no longer late.
    Quick {
        server: usize,
    },
    DropConnections {
        server: usize,
    },
    /// Indexes pass that are no business of services; they push events out of the buffers.
    Busy {
        indexes: usize,
    },
    Pass(Duration),
}

/// How a service changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// One instance more.
    Add,
    /// Every instance has another address.
    Update,
    /// One instance less.
    RemoveOne,
    /// It is there no longer.
    RemoveAll,
}

/// Whether the event stream reports a change. Nomad sends no event only for what garbage collection removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventReport {
    Sent,
    None,
}

/// What the token may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Everything,
    /// `default` only, where the steady service is.
    DefaultOnly,
}

/// What kinds of things happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// Services change, servers and the network fail.
    Servers,
    /// And snapshots are restored.
    Restores,
    /// And what the token may read changes.
    Everything,
}

pub(crate) fn step(kinds: Kinds) -> impl Strategy<Value = Step> {
    let server = || 0..SERVERS;
    let change = (0..SERVICES, change(), prop::bool::weighted(0.15));
    let change = change.prop_map(|(service, change, silent)| Step::Change {
        service,
        change,
        event: if silent && matches!(change, Change::RemoveOne | Change::RemoveAll) {
            EventReport::None
        } else {
            EventReport::Sent
        },
    });
    let servers = prop_oneof![
        3 => (server(), 1..20_000_u64).prop_map(|(server, millis)| Step::Lag { server, millis }),
        2 => server().prop_map(|server| Step::Freeze { server }),
        3 => server().prop_map(|server| Step::Thaw { server }),
        3 => server().prop_map(|server| Step::CutOff { server }),
        3 => Just(Step::Heal),
        2 => server().prop_map(|server| Step::Elect { server }),
        3 => server().prop_map(|server| Step::Restart { server }),
        2 => server().prop_map(|server| Step::Save { server }),
        1 => server().prop_map(|server| Step::Kill { server }),
        2 => server().prop_map(|server| Step::Start { server }),
        1 => server().prop_map(|server| Step::Hang { server }),
        2 => server().prop_map(|server| Step::Resume { server }),
        1 => (server(), 1..3000_u64).prop_map(|(server, millis)| Step::Slow { server, millis }),
        1 => server().prop_map(|server| Step::Quick { server }),
        1 => server().prop_map(|server| Step::DropConnections { server }),
    ];
    let busy = || (1..150_usize).prop_map(|indexes| Step::Busy { indexes });
    let restores = || prop_oneof![Just(Step::Snapshot), Just(Step::Restore)];
    let policy = prop_oneof![Just(Policy::Everything), Just(Policy::DefaultOnly)];
    let cluster = match kinds {
        Kinds::Servers => busy().boxed(),
        Kinds::Restores => prop_oneof![busy(), restores()].boxed(),
        Kinds::Everything => prop_oneof![busy(), restores(), policy.prop_map(Step::Policy)].boxed(),
    };
    prop_oneof![
        8 => change,
        8 => servers,
        2 => cluster,
        8 => pass(),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => Just(Change::Add),
        3 => Just(Change::Update),
        1 => Just(Change::RemoveOne),
        1 => Just(Change::RemoveAll),
    ]
}

fn pass() -> impl Strategy<Value = Step> {
    let millis = prop_oneof![
        4 => 1..100_u64,
        4 => 100..3000_u64,
        1 => 3000..90_000_u64,
    ];
    millis.prop_map(|millis| Step::Pass(Duration::from_millis(millis)))
}
