//! What the servers of a simulated Nomad are asked within a time, and what they send.

use std::collections::BTreeMap;
use std::time::Duration;

use nomadns::demo::SimulatedNomad;
use tokio::time::Instant;

/// What was counted.
pub(crate) struct Traffic {
    requests: BTreeMap<&'static str, u64>,
    octets: u64,
    connections: usize,
    lasted: Duration,
}

impl Traffic {
    /// Counts all that these servers are asked together, while something happens.
    pub(crate) fn during(servers: &[SimulatedNomad], happens: impl FnOnce()) -> Self {
        for server in servers {
            server.forget_requests();
        }
        let begun = Instant::now();
        happens();
        let lasted = begun.elapsed();
        let mut requests = BTreeMap::new();
        for (route, load) in servers.iter().flat_map(SimulatedNomad::loads) {
            *requests.entry(route).or_default() += load.requests;
        }
        Self {
            requests,
            octets: servers.iter().map(SimulatedNomad::sent_octets).sum(),
            connections: servers
                .iter()
                .map(SimulatedNomad::peak_connections)
                .max()
                .unwrap_or_default(),
            lasted,
        }
    }

    /// Requests in a minute, octets in a minute, and the most connections that a server ever had.
    pub(crate) fn in_all(&self) -> String {
        let requests = self.a_minute(self.requests.values().sum());
        let kib = self.a_minute(self.octets) / 1024.0;
        let connections = self.connections;
        format!("{requests:.0} requests, {kib:.0} KiB, {connections} connections")
    }

    /// What of that falls to each of so many gateways.
    pub(crate) fn each_of(&self, gateways: u32) -> String {
        let share = |count| self.a_minute(count) / f64::from(gateways);
        let (requests, kib) = (
            share(self.requests.values().sum()),
            share(self.octets) / 1024.0,
        );
        let connections = self.connections as f64 / f64::from(gateways);
        format!("{requests:.1} requests, {kib:.1} KiB, {connections:.1} connections")
    }

    /// Requests in a minute by route, the most first.
    pub(crate) fn by_route(&self) -> String {
        let mut routes: Vec<_> = self
            .requests
            .iter()
            .filter(|(_, count)| **count > 0)
            .collect();
        routes.sort_by(|(_, first), (_, second)| second.cmp(first));
        let routes = routes
            .into_iter()
            .map(|(route, count)| format!("{route} {:.0}", self.a_minute(*count)));
        routes.collect::<Vec<_>>().join(", ")
    }

    fn a_minute(&self, count: u64) -> f64 {
        count as f64 * 60.0 / self.lasted.as_secs_f64()
    }
}
