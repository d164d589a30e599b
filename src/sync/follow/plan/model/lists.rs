//! How the model answers list requests: from the leader's state, or from a server that lags.
//!
//! Floor 2, in tests only.

use super::{InstanceCounts, ListProvenance, ListTiming, Model, Verdict, numbers};
use crate::nomad::{Consistency, ListedService};

impl Model {
    /// Answers each list, at first from a state that lags behind by some changes.
    pub(super) fn list(&mut self, lag: usize, asked: ListTiming) {
        for scope in 0..self.scopes.len() {
            loop {
                let (consistency, min_index) = self.plan.list_asked(scope);
                let (index, table) = self.state(consistency, lag).clone();
                if consistency == Consistency::Stale && index < min_index {
                    self.plan.list_was_behind(scope);
                    continue;
                }
                self.observed = self.observed.max(index);
                let heard = ListProvenance { consistency, asked };
                if self.take_list(scope, (index, &table), heard) {
                    break;
                }
            }
            if self.plan.must_resubscribe(scope) {
                self.cut_stream();
            }
        }
    }

    /// Has the plan take a list; false when it has to be asked again.
    pub(super) fn take_list(
        &mut self,
        scope: usize,
        (index, table): (u64, &InstanceCounts),
        heard: ListProvenance,
    ) -> bool {
        let mine = |it: &&(usize, usize)| self.scopes[scope].is_none_or(|only| only == it.0);
        let entry = |&(namespace, name): &(usize, usize)| ListedService {
            namespace: namespace.to_string().into(),
            name: name.to_string().into(),
        };
        let listed: Vec<_> = table.keys().filter(mine).map(entry).collect();
        let taken = match self.plan.listed(scope, index, &listed, heard, self.now) {
            Verdict::Taken(taken) => taken,
            Verdict::Lower => return false,
            Verdict::Denied => panic!("the model denies nothing here"),
        };
        if taken.went_back {
            self.shown.clear();
        }
        let mut gone = taken.gone;
        for namespace in taken.vanished {
            // A list of that namespace alone says that it is empty.
            gone.extend(self.plan.namespace_is_empty(&namespace, index));
        }
        for key in gone {
            self.show(numbers(&key), index);
            let had = self.held.remove(&numbers(&key));
            assert!(had.is_some(), "{key:?} had nothing to lose");
        }
        if taken.went_back {
            // The other lists are asked again at once.
            self.list(0, ListTiming::Before);
        }
        true
    }
}
