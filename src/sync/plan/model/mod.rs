//! A model of Nomad that drives the plan: it changes, lags, goes back, and answers in any order.
//!
//! Floor 2, in tests only. What is proved with it is in `proofs`.

mod proofs;

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use tokio::time::{Duration, Instant};

use super::{Apply, Asked, Failure, Key, Order, Plan, StreamAgain, Verdict};
use crate::nomad::{Change, ListedService};
use crate::sync::settings::Times;

/// Frames that the model keeps for those who ask again.
const BUFFER: usize = 4;

/// A service and how many instances it has.
type Table = BTreeMap<(usize, usize), usize>;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Sets the instances of a service; told by the stream or not.
    Change {
        service: (usize, usize),
        instances: usize,
        told: bool,
    },
    /// Answers the list.
    List,
    /// Answers one of the reads in flight, from a state that lags behind by some changes.
    Read {
        which: usize,
        lag: usize,
    },
    /// Fails one of the reads in flight.
    Fail {
        which: usize,
        failure: Failure,
    },
    CutStream,
    OpenStream,
    /// Brings a snapshot back: a lower index and another table.
    Restore {
        back: u64,
    },
    Pass {
        millis: u64,
    },
}

/// Makes steps; a silent change is one that the stream does not tell.
fn step(silent: f64) -> impl Strategy<Value = Step> {
    let service = (0..3_usize, 0..3_usize);
    let failure = prop_oneof![
        Just(Failure::Outage),
        Just(Failure::Denied),
        Just(Failure::Other)
    ];
    prop_oneof![
        6 => (service, 0..3_usize, (0.0..1.0).prop_map(move |chance| chance >= silent))
            .prop_map(|(service, instances, told)| Step::Change { service, instances, told }),
        4 => Just(Step::List),
        8 => (0..8_usize, 0..3_usize).prop_map(|(which, lag)| Step::Read { which, lag }),
        1 => (0..8_usize, failure).prop_map(|(which, failure)| Step::Fail { which, failure }),
        1 => Just(Step::CutStream),
        2 => Just(Step::OpenStream),
        1 => (1..20_u64).prop_map(|back| Step::Restore { back }),
        3 => (1..3000_u64).prop_map(|millis| Step::Pass { millis }),
    ]
}

struct Model {
    plan: Plan,
    now: Instant,
    index: u64,
    /// The highest index that the plan has been told.
    observed: u64,
    history: VecDeque<(u64, Table)>,
    frames: VecDeque<(u64, (usize, usize))>,
    stream: bool,
    reading: Vec<Order>,
    held: Table,
}

impl Model {
    fn new() -> Self {
        let mut plan = Plan::new(Times::default());
        plan.follow(&["*".into()]);
        let history = VecDeque::from([(10_000, Table::from([((0, 0), 1), ((1, 1), 2)]))]);
        let (index, now) = (10_000, Instant::now());
        let (frames, reading, held) = (VecDeque::new(), Vec::new(), Table::new());
        let mut model = Self {
            plan,
            now,
            index,
            observed: 0,
            history,
            frames,
            stream: false,
            reading,
            held,
        };
        model.list(Asked::Before);
        model
    }

    fn truth(&self) -> &Table {
        &self.history.back().unwrap().1
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Change {
                service,
                instances,
                told,
            } => self.change(service, instances, told),
            Step::List => self.list(Asked::Before),
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
            Step::Restore { back } => self.restore(back),
            Step::Pass { millis } => self.now += Duration::from_millis(millis),
            Step::Read { .. } | Step::Fail { .. } => {}
        }
        self.turn();
    }

    fn turn(&mut self) {
        self.plan.tick(self.now);
        while self.reading.len() < 8
            && let Some(order) = self.plan.next_read(self.now)
        {
            assert!(
                !self.reading.iter().any(|other| other.key == order.key),
                "read twice at once"
            );
            self.reading.push(order);
        }
    }

    fn change(&mut self, service: (usize, usize), instances: usize, told: bool) {
        let mut table = self.truth().clone();
        if instances == 0 && table.remove(&service).is_none() {
            return;
        }
        if instances > 0 {
            table.insert(service, instances);
        }
        self.index += 1;
        self.history.push_back((self.index, table));
        if self.history.len() > 3 {
            self.history.pop_front();
        }
        if told {
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
        self.plan.frame(0, index, &[change], 0, self.now);
    }

    fn list(&mut self, asked: Asked) {
        let entry = |&(namespace, name): &(usize, usize)| ListedService {
            namespace: namespace.to_string().into(),
            name: name.to_string().into(),
        };
        self.observed = self.observed.max(self.index);
        loop {
            self.plan.list_asked(0);
            let listed: Vec<_> = self.truth().keys().map(entry).collect();
            match self.plan.listed(0, self.index, &listed, asked, self.now) {
                Verdict::Taken(gone) => {
                    for key in gone {
                        self.held.remove(&numbers(&key));
                    }
                    break;
                }
                Verdict::Lower => {}
                Verdict::Denied => panic!("the model denies nothing"),
            }
        }
        if self.plan.must_resubscribe(0) {
            self.cut_stream();
        }
    }

    fn read(&mut self, order: &Order, lag: usize) {
        let at = self.history.len().saturating_sub(1 + lag);
        let (index, table) = &self.history[at];
        self.observed = self.observed.max(*index);
        let service = numbers(&order.key);
        let instances = table.get(&service).copied().unwrap_or(0);
        if self.plan.read(order, *index, instances, self.now) == Apply::Yes {
            match instances {
                0 => drop(self.held.remove(&service)),
                _ => drop(self.held.insert(service, instances)),
            }
        }
    }

    fn cut_stream(&mut self) {
        if std::mem::take(&mut self.stream) {
            self.plan.stream_down(0, StreamAgain::Soon);
        }
    }

    fn open_stream(&mut self) {
        if std::mem::replace(&mut self.stream, true) {
            return;
        }
        let from = self.plan.subscribe(0);
        self.plan.stream_up(0, from);
        for (index, service) in self
            .frames
            .clone()
            .into_iter()
            .filter(|(index, _)| *index >= from)
        {
            self.frame(index, service);
        }
        self.list(Asked::AfterStream);
    }

    fn restore(&mut self, back: u64) {
        self.cut_stream();
        self.frames.clear();
        // An index that did not fall below what was seen cannot be told from one that went on.
        self.index = self.observed - back;
        self.observed = 0;
        let table = Table::from([((0, 0), 2), ((2, 2), 1)]);
        self.history = VecDeque::from([(self.index, table)]);
        self.list(Asked::Before);
    }

    /// Lets everything come to rest: the stream is open and every read is answered from the newest state.
    fn rest(&mut self) {
        self.open_stream();
        self.list(Asked::Before);
        for _ in 0..200 {
            self.turn();
            while let Some(order) = self.reading.pop() {
                self.read(&order, 0);
            }
            self.now += Duration::from_millis(200);
        }
    }
}

fn numbers(key: &Key) -> (usize, usize) {
    (key.namespace.parse().unwrap(), key.name.parse().unwrap())
}
