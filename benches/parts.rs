//! Times the parts of a query's way and of a change's, each alone and without a socket.
//!
//! `cargo bench --bench parts`; `docs/benchmarks.md` says what each figure means.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use futures_util::FutureExt as _;
use nomadns::dns::wire::{Additions, Bounds};
use nomadns::dns::{Query, RecordType, Transport, json, wire};
use nomadns::layers::CacheSettings;
use nomadns::listeners::exchange::{Exchange, Exchanged};
use tokio::runtime::Runtime;
use tower::Service as _;

use self::filled::{Filled, NAMESPACE, instances, message, put};

#[path = "support/filled.rs"]
mod filled;

/// The catalogue of the figures.
const SERVICES: usize = 100_000;
const INSTANCES: usize = 10;
/// A step from service to service that reaches all of them, far from each other.
const STRIDE: usize = 7_919;
/// The services that are asked for where a cache answers.
const CACHED_SERVICES: usize = 1_000;
const EDNS_OCTETS: Option<u16> = Some(1232);
const NO_CACHE: CacheSettings = CacheSettings {
    entries: 0,
    octets: 0,
};

criterion_group!(benches, messages, hits, misses, changes);
criterion_main!(benches);

/// Messages alone: bytes to query, answer to bytes, answer to JSON.
fn messages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("message");
    for (label, payload_octets) in [("plain", None), ("edns", EDNS_OCTETS)] {
        let octets = message(&service(7), RecordType::A, payload_octets);
        group.bench_function(format!("decode/{label}"), |bencher| {
            bencher.iter(|| decode(black_box(&octets)));
        });
    }
    let runtime = runtime();
    let _entered = runtime.enter();
    let mut stack = Filled::new(CACHED_SERVICES, INSTANCES).stack;
    for (label, record_type) in TYPES {
        let query = decode(&message(&service(7), record_type, EDNS_OCTETS));
        let answer = stack
            .call(query.clone())
            .now_or_never()
            .expect("the catalogue answers at once");
        let Ok(answer) = answer;
        let (additions, bounds, mut turn) = (Additions::default(), Bounds::default(), 0_u32);
        let mut out = Vec::new();
        group.bench_function(format!("encode/{label}"), |bencher| {
            bencher.iter(|| {
                out.clear();
                turn = turn.wrapping_add(1);
                wire::encode(
                    black_box(&answer),
                    &query,
                    bounds,
                    &additions,
                    turn,
                    &mut out,
                );
            });
        });
        group.bench_function(format!("json/{label}"), |bencher| {
            bencher.iter(|| json::render(black_box(&out), None));
        });
    }
    group.finish();
}

/// Whole exchanges that the cache answers, as a UDP worker has them.
fn hits(criterion: &mut Criterion) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let filled = Filled::new(CACHED_SERVICES, INSTANCES);
    let mut exchange = Exchange::new(filled.stack, Transport::Udp, Arc::default());
    let mut group = criterion.benchmark_group("hit");
    for (label, record_type) in TYPES {
        let names = (0..CACHED_SERVICES).map(service);
        let questions: Vec<Vec<u8>> = names
            .map(|name| message(&name, record_type, EDNS_OCTETS))
            .collect();
        let mut out = Vec::new();
        group.bench_function(label, |bencher| {
            let mut questions = questions.iter().cycle();
            bencher.iter(|| answered(&mut exchange, questions.next(), &mut out));
        });
    }
    let question = message("missing.default.nomad", RecordType::A, EDNS_OCTETS);
    let mut out = Vec::new();
    group.bench_function("nxdomain", |bencher| {
        bencher.iter(|| answered(&mut exchange, Some(&question), &mut out));
    });
    group.finish();
}

/// Whole exchanges that no cache answers, at names all over a large catalogue.
fn misses(criterion: &mut Criterion) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let filled = Filled::with_cache(SERVICES, INSTANCES, NO_CACHE);
    let mut exchange = Exchange::new(filled.stack, Transport::Udp, Arc::default());
    let mut group = criterion.benchmark_group("miss");
    for (label, record_type) in TYPES {
        let mut number = 0;
        let mut out = Vec::new();
        group.bench_function(label, |bencher| {
            bencher.iter_batched(
                || message(&service(next(&mut number)), record_type, EDNS_OCTETS),
                |question| answered(&mut exchange, Some(&question), &mut out),
                BatchSize::SmallInput,
            );
        });
    }
    let mut number = 0;
    let mut out = Vec::new();
    group.bench_function("nxdomain", |bencher| {
        bencher.iter_batched(
            || {
                let name = format!("no{}", service(next(&mut number)));
                message(&name, RecordType::A, EDNS_OCTETS)
            },
            |question| answered(&mut exchange, Some(&question), &mut out),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// The catalogue alone, at its largest.
fn changes(criterion: &mut Criterion) {
    let mut filled = Filled::new(SERVICES, INSTANCES);
    let mut group = criterion.benchmark_group("catalogue");
    let mut number = 0;
    group.bench_function("look_up", |bencher| {
        bencher.iter_batched(
            || format!("svc{:06}", next(&mut number)),
            |name| {
                let view = filled.catalog.view().expect("it is published");
                let found = view.service(NAMESPACE.as_bytes(), name.as_bytes());
                black_box(found).found().is_some()
            },
            BatchSize::SmallInput,
        );
    });
    let (mut number, mut port, mut index) = (0, 9_000, 1);
    for (label, changed) in [("one_instance", 1), ("all_instances", INSTANCES)] {
        group.bench_function(format!("change/{label}"), |bencher| {
            bencher.iter_batched(
                || {
                    let number = next(&mut number);
                    // It only has to differ from what the service had before.
                    port = port % 60_000 + 1;
                    let mut all = instances(number, INSTANCES, 8080);
                    for instance in &mut all[..changed] {
                        instance.port = port;
                    }
                    (number, all)
                },
                |(number, all)| {
                    put(&mut filled.writer, number, all);
                    index += 1;
                    filled.writer.publish(index);
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

const TYPES: [(&str, RecordType); 2] = [("a", RecordType::A), ("srv", RecordType::SRV)];

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime for the timers of misses")
}

fn service(number: usize) -> String {
    format!("svc{number:06}.{NAMESPACE}.nomad")
}

fn next(number: &mut usize) -> usize {
    *number = (*number + STRIDE) % SERVICES;
    *number
}

fn decode(octets: &[u8]) -> Query {
    wire::decode(octets, Transport::Udp, None).expect("it is a query")
}

fn answered(
    exchange: &mut Exchange<nomadns::layers::WorkerStack>,
    question: Option<&Vec<u8>>,
    out: &mut Vec<u8>,
) {
    out.clear();
    let client = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let question = question.expect("there is always another");
    let exchanged = exchange.begin(black_box(question), client, out);
    assert!(matches!(exchanged, Exchanged::Answered { .. }));
}
