//! The model changes what the token can list, and which services are read if that is nothing.
//!
//! Floor 2, in tests only.

use std::sync::Arc;

use super::steps::Policy;
use super::{Apply, LEADERS, ListTiming, Model, ServiceKey, Verdict};

impl Model {
    /// Changes what the token may list, as an edited policy does.
    pub(super) fn follow(&mut self, policy: Policy) {
        self.cut_stream();
        if policy == Policy::Denied {
            for scope in 0..self.scopes.len() {
                let denied = self.plan.listed(scope, 0, &[], LEADERS, self.now);
                assert_eq!(denied, Verdict::Denied);
            }
            return;
        }
        self.scopes = policy.scopes();
        let names = self
            .scopes
            .iter()
            .map(|scope| scope.map_or("*".into(), |it| it.to_string().into()));
        self.plan.follow(&names.collect::<Vec<Arc<str>>>());
        self.list(0, ListTiming::Before);
    }

    /// Reads a service because it is asked for, where nothing is listed.
    pub(super) fn demand(&mut self, service: (usize, usize)) {
        if !self.scopes.is_empty() {
            return;
        }
        self.observed = self.observed.max(self.index);
        let instances = self.truth().get(&service).copied().unwrap_or(0);
        let key = ServiceKey {
            namespace: service.0.to_string().into(),
            name: service.1.to_string().into(),
        };
        assert_eq!(self.plan.demanded(&key, self.index, instances), Apply::Yes);
        self.show(service, self.index);
        self.hold(service, instances);
    }

    /// Notes what the catalogue has of a service, and whether it was there ever since.
    pub(super) fn hold(&mut self, service: (usize, usize), instances: usize) {
        if instances == 0 {
            self.held.remove(&service);
            return;
        }
        self.held.insert(service, instances);
        if self
            .history
            .iter()
            .all(|(_, table)| table.contains_key(&service))
        {
            self.steady.insert(service);
        }
    }
}
