//! The changes in the demo's cluster: redis fails and scales, web is updated with a canary, a check flaps, generated
//! services move between nodes. One call makes about one change.

use super::cast;
use crate::demo::handle::{BulkLoad, SimulatedNomad};
use crate::demo::model::{Check, Registration, random_uuid};
use crate::demo::state::Removal;

/// How many instances redis has when nothing is wrong with it.
const REDIS_INSTANCES: usize = 3;
/// The same for the allocations of web.
const WEB_ALLOCATIONS: usize = 2;
/// Of so many moves one is of the cast, when there are generated services.
const CAST_SHARE: u32 = 10;

/// The next moves.
#[derive(Debug)]
pub(super) struct Moves {
    nomad: SimulatedNomad,
    generated: BulkLoad,
    canary: Option<String>,
    /// Counts up, so that a new instance has another address than the last ones.
    next_host: u8,
}

impl Moves {
    pub(super) fn new(nomad: SimulatedNomad, generated: BulkLoad) -> Self {
        Self {
            nomad,
            generated,
            canary: None,
            next_host: 40,
        }
    }

    /// Makes one move.
    pub(super) fn next(&mut self) {
        if self.generated.services > 0 && !rand::random_ratio(1, CAST_SHARE) {
            return self.move_generated();
        }
        match rand::random_range(0..5) {
            0 | 1 => self.move_redis(),
            2 | 3 => self.move_web(),
            _ => self.flap_check(),
        }
    }

    /// Back to three instances if it is not there; else one fails or one comes.
    fn move_redis(&mut self) {
        let instances = self.nomad.instances("default", "redis");
        let Some(some) = instances.get(rand::random_range(0..instances.len().max(1))) else {
            self.nomad.register(cast::redis("default", 0, "primary"));
            return;
        };
        let is_more = match instances.len() {
            count if count == REDIS_INSTANCES => rand::random_bool(0.5),
            count => count < REDIS_INSTANCES,
        };
        if is_more {
            let host = self.host();
            self.nomad.register(cast::redis("default", host, "replica"));
        } else if instances.len() > 1 {
            let removal = if instances.len() > REDIS_INSTANCES {
                Removal::Planned
            } else {
                Removal::Ended
            };
            self.nomad.stop_allocation(&some.alloc_id, removal);
        }
        self.elect_primary();
    }

    /// Where the primary is gone, the first that is left takes its place.
    fn elect_primary(&self) {
        let instances = self.nomad.instances("default", "redis");
        let is_primary =
            |each: &Registration| each.tags.iter().flatten().any(|tag| tag == "primary");
        if instances.iter().any(is_primary) {
            return;
        }
        if let Some(mut first) = instances.into_iter().next() {
            for tag in first
                .tags
                .iter_mut()
                .flatten()
                .filter(|tag| *tag == "replica")
            {
                *tag = "primary".to_owned();
            }
            self.nomad.register([first]);
        }
    }

    /// A canary comes; in the next move it is promoted and the oldest allocation goes.
    fn move_web(&mut self) {
        let instances = self.nomad.instances("default", "web");
        let Some(canary) = self.canary.take() else {
            let host = self.host();
            let new = cast::web("default", host, &["canary", "green"]);
            self.canary = Some(new[0].alloc_id.clone());
            self.nomad.register(new);
            return;
        };
        let (promoted, mut old): (Vec<_>, Vec<_>) = instances
            .into_iter()
            .partition(|each| each.alloc_id == canary);
        let is_http = |each: &Registration| each.id.ends_with("-http");
        let http = promoted.into_iter().filter(is_http);
        self.nomad
            .register(http.map(|each| each.tags(["http", "blue"])));
        old.sort_by_key(|each| each.create_index);
        old.dedup_by(|a, b| a.alloc_id == b.alloc_id);
        for surplus in old
            .iter()
            .take((old.len() + 1).saturating_sub(WEB_ALLOCATIONS))
        {
            self.nomad
                .stop_allocation(&surplus.alloc_id, Removal::Deregistered);
        }
    }

    /// The failing check passes for once, or fails again.
    fn flap_check(&self) {
        for service in self.nomad.instances("default", "failing") {
            let status = if rand::random_bool(0.2) {
                "success"
            } else {
                "failure"
            };
            self.nomad
                .set_checks(&service.alloc_id, vec![Check::tcp(&service, status)]);
        }
    }

    /// One instance of a generated service is replaced by another.
    fn move_generated(&mut self) {
        let number = rand::random_range(0..self.generated.services);
        let name = self.generated.name(number);
        let instances = self.nomad.instances(&self.generated.namespace, &name);
        let Some(old) = instances.get(rand::random_range(0..instances.len().max(1))) else {
            return;
        };
        let new = old.clone().allocation(&random_uuid());
        self.nomad
            .register([new.port(20_000 + i64::from(rand::random::<u16>() % 12_000))]);
        self.nomad.deregister(old, Removal::Planned);
    }

    fn host(&mut self) -> u8 {
        self.next_host = if self.next_host >= 230 {
            40
        } else {
            self.next_host + 1
        };
        self.next_host
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::handle::Options;

    #[tokio::test]
    async fn random_changes_keep_redis_and_web_within_their_sizes() {
        let nomad = SimulatedNomad::start(Options::default()).unwrap();
        cast::enter(&nomad);
        let generated = BulkLoad {
            services: 0,
            ..BulkLoad::default()
        };
        let mut moves = Moves::new(nomad.clone(), generated);
        for _ in 0..500 {
            moves.next();
            let redis = nomad.instances("default", "redis");
            assert!((2..=4).contains(&redis.len()), "{}", redis.len());
            let primaries = redis.iter().flat_map(|each| each.tags.iter().flatten());
            assert_eq!(primaries.filter(|tag| *tag == "primary").count(), 1);
            assert_eq!(
                nomad.instances("default", "redis-metrics").len(),
                redis.len()
            );
            let web = nomad.instances("default", "web").len();
            assert!(web == 4 || web == 6, "{web}");
        }
        assert!(nomad.index() > 200);
    }
}
