//! Measures a whole gateway before a simulated Nomad: its start, how fresh it is, and how it bears a large cluster.
//!
//! `cargo bench --bench cluster [-- start|freshness|faults|nomad-load|scale|outage|latency ...]`. The gateway is the real command in a process
//! of its own; Nomad and the clients are in this one. `docs/benchmarks.md` says what each figure means.
#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

mod ask;
mod change;
mod ended;
mod faults;
mod freshness;
mod gateway;
mod latency;
mod nomad_load;
mod outage;
mod process;
mod scale;
mod start;
mod traffic;

use std::time::Duration;

use tokio::runtime::Runtime;

type Measure = fn(&Runtime);

/// The measurements by their names on the command line.
const MEASUREMENTS: [(&str, Measure); 7] = [
    ("start", start::measure),
    ("freshness", freshness::measure),
    ("faults", faults::measure),
    ("nomad-load", nomad_load::measure),
    ("scale", scale::measure),
    ("outage", outage::measure),
    ("latency", latency::measure),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` comes here too, and wants no figures.
        return;
    }
    let chosen = |name: &str| {
        let mut names = arguments
            .iter()
            .filter(|argument| !argument.starts_with('-'));
        names.clone().next().is_none() || names.any(|argument| argument == name)
    };
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing else has installed one");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime for the simulated Nomad");
    for (name, measure) in MEASUREMENTS {
        if chosen(name) {
            measure(&runtime);
        }
    }
}

/// Prints a line of the table: what was measured, the figure, the goal.
fn report(what: &str, figure: &str, goal: &str) {
    println!("{what:<52} {figure:>34}   {goal}");
}

/// Times of many rounds, sorted.
struct Times(Vec<Duration>);

impl Times {
    fn new(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }

    /// The time that this part of the rounds did not exceed.
    fn quantile(&self, permille: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0
            .get(last * permille / 1000)
            .copied()
            .unwrap_or_default()
    }

    /// How many took longer.
    fn over(&self, time: Duration) -> usize {
        self.0.iter().filter(|each| **each > time).count()
    }

    /// Median, 99th percentile and worst, in milliseconds.
    fn summary(&self) -> String {
        let milliseconds = |permille| self.quantile(permille).as_secs_f64() * 1e3;
        let [median, p99, worst] = [500, 990, 1000].map(milliseconds);
        format!("{median:.2} / {p99:.2} / {worst:.2} ms")
    }
}
