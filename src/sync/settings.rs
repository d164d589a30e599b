//! The settings of `sync`: every time and count, with its default.
//!
//! Floor 2. The configuration fills them in.

use std::time::Duration;

use crate::catalog::HealthPolicy;

/// How many records of one set BIND takes from 9.18.28 on (max-records-per-type).
pub const LARGE_SERVICE_INSTANCES: usize = 100;

/// Everything that the synchronisation needs to know.
#[derive(Clone, Debug)]
pub struct SyncSettings {
    /// The namespaces to follow; `*` for all that the token may see.
    pub namespaces: Vec<String>,
    /// Nomad's own filter expression for registrations; empty for all of them.
    pub filter: String,
    /// Tags whose instances are left out, as they are written.
    pub exclude_tags: Vec<String>,
    /// How long the loss of most instances at once is not believed; zero for never.
    pub mass_loss_grace: Duration,
    /// Whether and how the health of instances is looked at.
    pub health: HealthSettings,
    /// The longest that a blocking list waits at Nomad.
    pub wait: Duration,
    /// Single services that are read at the same time.
    pub reads_in_flight: usize,
    /// How long an address stays known after its last instance went.
    pub address_grace: Duration,
    /// How long the last state is answered from once Nomad fails.
    pub max_stale: Duration,
    /// How long Nomad may be silent in an outage before answers are marked as stale.
    pub stale_after: Duration,
    /// How often an outage that lasts is logged.
    pub log_every: Duration,
    /// The longest pause between two attempts in an outage.
    pub backoff_max: Duration,
    /// How often it is found out anew what the token may read, while that is less than configured.
    pub access_every: Duration,
    /// How many instances a service may have before it is told of; any number when none.
    pub large_services: Option<usize>,
    /// What is read on demand, where the token may list nothing.
    pub on_demand: OnDemand,
    /// When and how often services are read again.
    pub times: Times,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            namespaces: vec!["*".into()],
            filter: String::new(),
            exclude_tags: Vec::new(),
            mass_loss_grace: Duration::from_secs(60),
            health: HealthSettings::default(),
            wait: Duration::from_secs(60),
            reads_in_flight: 8,
            address_grace: Duration::from_secs(60),
            max_stale: Duration::from_secs(86_400),
            stale_after: Duration::from_secs(30),
            log_every: Duration::from_secs(30),
            backoff_max: Duration::from_secs(30),
            access_every: Duration::from_secs(60),
            large_services: Some(LARGE_SERVICE_INSTANCES),
            on_demand: OnDemand::default(),
            times: Times::default(),
        }
    }
}

/// What is read on demand, and how long it counts.
#[derive(Clone, Copy, Debug)]
pub struct OnDemand {
    /// How long a service that was read is answered for before it is read again.
    pub keep: Duration,
    /// How long a service that was not there is denied before it is read again.
    pub keep_absent: Duration,
    /// Services that are kept at most.
    pub names: usize,
    /// Reads that are begun in a second at most.
    pub reads_per_second: u32,
    /// Services that wait to be read at most, of clients whose address is proven and again of others.
    pub waiting: usize,
}

impl Default for OnDemand {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(10),
            keep_absent: Duration::from_secs(5),
            names: 10_000,
            reads_per_second: 100,
            waiting: 256,
        }
    }
}

/// Whether and how the health of instances is looked at.
#[derive(Clone, Copy, Debug)]
pub struct HealthSettings {
    /// Which instances are answered; nothing is read when it is off.
    pub policy: HealthPolicy,
    /// How long after a query the checks of its service are still read.
    pub asked_for: Duration,
    /// How often the checks of one allocation are read.
    pub check_every: Duration,
    /// Requests for checks in a second, at most.
    pub reads_per_second: u32,
    /// How often it is looked at what was asked for.
    pub look_every: Duration,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            policy: HealthPolicy::default(),
            asked_for: Duration::from_secs(300),
            check_every: Duration::from_secs(10),
            reads_per_second: 10,
            look_every: Duration::from_secs(1),
        }
    }
}

/// When and how often services are read again.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The shortest time between two reads of the same service.
    pub debounce: Duration,
    /// The pause after a list, for each service in it, while a stream tells what changes.
    pub list_pause_per_service: Duration,
    /// The longest such pause.
    pub list_pause_max: Duration,
    /// How long the stream may take to tell what another answer already shows.
    pub event_grace: Duration,
    /// The shortest time between the starts of two resyncs.
    pub resync_gap: Duration,
    /// How often everything is read again without any reason.
    pub resync_every: Duration,
    /// How long the first publication waits for a first read that is silent.
    pub first_read_patience: Duration,
    /// How long the reads of a service may fail before what is known of it is marked as stale.
    pub unknown_after: Duration,
    /// How often Nomad is asked whether it still has its leader.
    pub contact_every: Duration,
    /// How soon the server that is followed has to know what its leader does, if another one knows it.
    pub keep_up_within: Duration,
    /// When an event stream that was refused is tried again.
    pub stream_again: Duration,
    /// The pause before a read that came too old is repeated; doubled each time.
    pub reread: Duration,
    /// The longest of those pauses: what was told is known to exist, and soon comes from the leader.
    pub reread_max: Duration,
    /// The pause before a read that failed is repeated; doubled each time.
    pub retry: Duration,
    /// The longest of those pauses.
    pub retry_max: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            debounce: Duration::from_millis(5),
            list_pause_per_service: Duration::from_micros(100),
            list_pause_max: Duration::from_secs(10),
            event_grace: Duration::from_secs(1),
            resync_gap: Duration::from_secs(2),
            resync_every: Duration::from_secs(600),
            first_read_patience: Duration::from_millis(500),
            unknown_after: Duration::from_secs(30),
            contact_every: Duration::from_secs(5),
            keep_up_within: Duration::from_millis(250),
            stream_again: Duration::from_secs(30),
            reread: Duration::from_millis(20),
            reread_max: Duration::from_secs(1),
            retry: Duration::from_millis(500),
            retry_max: Duration::from_secs(30),
        }
    }
}

impl Times {
    /// The pause after a list of so many services.
    pub(super) fn list_pause(&self, services: usize) -> Duration {
        let services = u32::try_from(services).unwrap_or(u32::MAX);
        self.list_pause_per_service
            .saturating_mul(services)
            .min(self.list_pause_max)
    }
}

impl SyncSettings {
    /// Says whether a namespace is to be answered for.
    pub(super) fn is_configured(&self, namespace: &str) -> bool {
        let mut names = self.namespaces.iter();
        names.any(|name| name == "*" || **name == *namespace)
    }

    /// The times of the plan: what is known of a service becomes stale as what is known of Nomad does.
    pub(super) fn plan_times(&self) -> Times {
        Times {
            unknown_after: self.stale_after,
            ..self.times
        }
    }
}
