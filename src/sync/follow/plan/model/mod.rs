//! A model of Nomad that drives the plan: it changes, lags, goes back, and answers in any order.
//!
//! Floor 2, in tests only. The properties that are tested with it are in `proofs`.

mod failures;
mod held;
mod invariants;
mod listed;
mod lists;
mod policy;
mod proofs;
mod queues;
mod reads;
mod restored;
mod scopes;
mod steps;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tokio::time::{Duration, Instant};

use self::invariants::READING_MAX;
use self::steps::{Policy, Step};
use super::{
    Apply, ListProvenance, ListTiming, Order, Plan, ReadFailure, ServiceKey, StreamAgain, Verdict,
};
use crate::catalog::UnknownReason;
use crate::nomad::{Change, Consistency};
use crate::sync::settings::Times;

/// Frames that the model keeps for those who ask again.
const BUFFER: usize = 4;

/// A list that is the leader's word.
const LEADERS: ListProvenance = ListProvenance {
    consistency: Consistency::Default,
    asked: ListTiming::Before,
};

/// A service and how many instances it has.
type InstanceCounts = BTreeMap<(usize, usize), usize>;

struct Model {
    plan: Plan,
    now: Instant,
    index: u64,
    /// The highest index that the plan has seen.
    observed: u64,
    /// The index at which each service was shown; never an older one, unless the leader said that the state went back.
    shown: BTreeMap<(usize, usize), u64>,
    history: VecDeque<(u64, InstanceCounts)>,
    frames: VecDeque<(u64, (usize, usize))>,
    stream: bool,
    reading: Vec<Order>,
    /// The namespace of each list that is followed; none for all of them.
    scopes: Vec<Option<usize>>,
    held: InstanceCounts,
    /// What is held and has been there ever since.
    steady: BTreeSet<(usize, usize)>,
    /// What the catalogue was told to be unknown.
    unknown: BTreeMap<(usize, usize), UnknownReason>,
    /// When the last resync began that was seen.
    resync_began: Option<Instant>,
}

impl Model {
    fn new() -> Self {
        let mut plan = Plan::new(Times::default());
        plan.follow(&["*".into()]);
        let history = VecDeque::from([(10_000, InstanceCounts::from([((0, 0), 1), ((1, 1), 2)]))]);
        let (index, now) = (10_000, Instant::now());
        let (frames, reading, held) = (VecDeque::new(), Vec::new(), InstanceCounts::new());
        let mut model = Self {
            plan,
            now,
            index,
            observed: 0,
            shown: BTreeMap::new(),
            history,
            frames,
            stream: false,
            reading,
            scopes: vec![None],
            held,
            steady: BTreeSet::new(),
            unknown: BTreeMap::new(),
            resync_began: None,
        };
        model.list(0, ListTiming::Before);
        model
    }

    fn truth(&self) -> &InstanceCounts {
        &self.history.back().unwrap().1
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Change {
                service,
                instances,
                announced,
            } => self.change(service, instances, announced),
            Step::List { lag } => self.list(lag, ListTiming::Before),
            Step::Read { which, lag } if !self.reading.is_empty() => {
                let order = self.reading.swap_remove(which % self.reading.len());
                self.read(&order, lag);
            }
            Step::Fail { which, failure } if !self.reading.is_empty() => {
                let order = self.reading.swap_remove(which % self.reading.len());
                self.plan.failed(&order, failure, self.now);
            }
            Step::CutStream => self.cut_stream(),
            Step::OpenStream => self.open_stream(),
            // Without a list, nobody sees an index that goes back and on again.
            Step::Restore { back } if !self.scopes.is_empty() => self.restore(back),
            Step::Policy(policy) => self.follow(policy),
            Step::Demand { service } => self.demand(service),
            Step::Advance { millis } => self.advance(Duration::from_millis(millis)),
            Step::Read { .. } | Step::Fail { .. } | Step::Restore { .. } => {}
        }
        self.turn();
        let lost: Vec<_> = self
            .steady
            .iter()
            .filter(|it| !self.held.contains_key(it))
            .collect();
        assert!(lost.is_empty(), "{lost:?} were there all along");
        self.check();
    }

    fn turn(&mut self) {
        self.plan.tick(self.now);
        while self.reading.len() < READING_MAX
            && let Some(order) = self.plan.next_read(self.now)
        {
            assert!(
                !self.reading.iter().any(|other| other.key == order.key),
                "read twice at once"
            );
            self.reading.push(order);
        }
    }

    fn change(&mut self, service: (usize, usize), instances: usize, announced: bool) {
        let mut table = self.truth().clone();
        if instances == 0 && table.remove(&service).is_none() {
            return;
        }
        if instances > 0 {
            table.insert(service, instances);
        } else {
            self.steady.remove(&service);
        }
        self.index += 1;
        self.history.push_back((self.index, table));
        if self.history.len() > 3 {
            self.history.pop_front();
        }
        if announced {
            self.frames.push_back((self.index, service));
            if self.frames.len() > BUFFER {
                self.frames.pop_front();
            }
            if self.stream {
                self.frame(self.index, service);
            }
        }
    }

    fn frame(&mut self, index: u64, (namespace, service): (usize, usize)) {
        let change = Change {
            namespace: namespace.to_string(),
            service: service.to_string(),
        };
        for (at, scope) in self.scopes.iter().enumerate() {
            if scope.is_none_or(|only| only == namespace) {
                self.plan
                    .frame(at, index, std::slice::from_ref(&change), 0, self.now);
            }
        }
    }

    /// The state that answers: the newest of the leader, or one that lags.
    fn state(&self, consistency: Consistency, lag: usize) -> &(u64, InstanceCounts) {
        let lag = match consistency {
            Consistency::Stale => lag,
            Consistency::Default => 0,
        };
        &self.history[self.history.len().saturating_sub(1 + lag)]
    }

    fn show(&mut self, service: (usize, usize), index: u64) {
        let before = self.shown.insert(service, index).unwrap_or(0);
        assert!(
            index >= before,
            "{service:?} went from {before} back to {index}"
        );
    }

    fn read(&mut self, order: &Order, lag: usize) {
        let (index, table) = self.state(order.consistency, lag).clone();
        if order.consistency == Consistency::Stale && index < order.min_index {
            return self.plan.failed(order, ReadFailure::Behind, self.now);
        }
        self.observed = self.observed.max(index);
        let service = numbers(&order.key);
        let instances = table.get(&service).copied().unwrap_or(0);
        if self.plan.read(order, index, instances, self.now) == Apply::Yes {
            self.show(service, index);
            self.hold(service, instances);
        }
        if self.plan.take_leader_is_lower() {
            self.list(0, ListTiming::Before);
        }
    }

    fn cut_stream(&mut self) {
        if std::mem::take(&mut self.stream) {
            for scope in 0..self.scopes.len() {
                self.plan.stream_down(scope, StreamAgain::Soon);
            }
        }
    }

    fn open_stream(&mut self) {
        if std::mem::replace(&mut self.stream, true) {
            return;
        }
        let mut from = u64::MAX;
        for scope in 0..self.scopes.len() {
            let asked = self.plan.subscribe(scope);
            self.plan.stream_up(scope, asked);
            from = from.min(asked);
        }
        let frames = self.frames.clone().into_iter();
        for (index, service) in frames.filter(|(index, _)| *index >= from) {
            self.frame(index, service);
        }
        self.list(0, ListTiming::AfterStream);
    }

    fn restore(&mut self, back: u64) {
        self.cut_stream();
        self.frames.clear();
        // An index that did not fall below what was seen looks the same as one that went on.
        self.index = self.observed - back;
        self.observed = 0;
        let table = InstanceCounts::from([((0, 0), 2), ((2, 2), 1)]);
        self.steady.retain(|service| table.contains_key(service));
        self.history = VecDeque::from([(self.index, table)]);
        self.list(0, ListTiming::Before);
    }

    /// Lets everything come to rest: the stream is open and every read is answered from the newest state.
    fn rest(&mut self) {
        if self.scopes != [None] {
            self.follow(Policy::All);
        }
        self.open_stream();
        self.list(0, ListTiming::Before);
        for _ in 0..200 {
            self.turn();
            while let Some(order) = self.reading.pop() {
                self.read(&order, 0);
            }
            self.now += Duration::from_millis(200);
        }
    }
}

fn numbers(key: &ServiceKey) -> (usize, usize) {
    (key.namespace.parse().unwrap(), key.name.parse().unwrap())
}
