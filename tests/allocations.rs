//! Proves that a cache hit over UDP takes nothing from the allocator and gives nothing back.
//!
//! A binary of its own, since an allocator is the whole process's; it counts for each thread.
#![expect(
    unsafe_code,
    reason = "an allocator is unsafe to write; this one counts and passes all on"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use nomadns::dns::{Rcode, RecordType, Transport};
use nomadns::layers::metrics::{CoreDnsCounters, ZonePlugin};
use nomadns::listeners::exchange::{Exchange, Exchanged};
use nomadns::listeners::{ClientSettings, Clients, Rate, Server};
use nomadns::query_log::{
    ClientPrefixes, QueryFilter, QueryLog, QueryLogCounters, QueryLogFormat, QueryLogSettings,
    QueryLogTarget,
};

use self::filled::{Filled, message};

#[path = "../benches/support/filled.rs"]
mod filled;

/// Hits that are counted for each question.
const HITS: usize = 1_000;
/// The largest answer that there is room for, in octets.
const ANSWER_OCTETS: usize = 4_096;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static FREES: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        FREES.set(FREES.get() + 1);
        // SAFETY: the pointer came from the system's allocator, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        FREES.set(FREES.get() + 1);
        // SAFETY: the pointer came from the system's allocator, with this layout.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[test]
fn a_cache_hit_over_udp_allocates_nothing_and_frees_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime for the timers of misses");
    let _entered = runtime.enter();
    assert_hits_allocate_nothing(Server::default());
    assert_hits_allocate_nothing(with_rate(100_000, 100_000));
    assert_hits_allocate_nothing(with_rate(1, 1));
    assert_hits_allocate_nothing(counting_as_core_dns());
}

/// A server that counts queries by zone, with their sizes.
fn counting_as_core_dns() -> Server {
    let zones = [("nomad.", ZonePlugin::Nomad), (".", ZonePlugin::Forward)];
    let zones = zones.map(|(apex, plugin)| (apex.parse().expect("a name"), plugin));
    Server {
        core_dns: Some(Arc::new(Arc::<CoreDnsCounters>::default().zones(zones))),
        ..Server::default()
    }
}

#[test]
fn a_cache_hit_that_is_recorded_allocates_nothing_and_frees_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime for the timers of misses");
    let _entered = runtime.enter();
    let formats = [QueryLogFormat::Json, QueryLogFormat::Dnstap];
    for (format, one_of) in formats.into_iter().flat_map(|it| [(it, 1), (it, 10)]) {
        let counters = Arc::<QueryLogCounters>::default();
        let names = vec!["nomad".parse().expect("a name")];
        let settings = QueryLogSettings {
            format,
            target: QueryLogTarget::File("/dev/null".into()),
            filter: QueryFilter {
                names,
                rcodes: vec![Rcode::NOERROR, Rcode::NXDOMAIN],
                classes: Vec::new(),
                one_of,
            },
            queue_entries: 1 << 16,
            prefixes: ClientPrefixes { ipv4: 24, ipv6: 56 },
            identity: Vec::new(),
        };
        let log = QueryLog::start(settings, 2, Arc::clone(&counters)).expect("a thread");
        let query_log = Some(Arc::new(log));
        let log = query_log.clone();
        assert_hits_allocate_nothing(Server {
            query_log,
            ..Server::default()
        });
        log.expect("it is there").end();
        assert!(counters.written() >= HITS as u64, "{counters:?}");
        assert!(counters.dropped().iter().all(|(_, count)| *count == 0));
    }
}

/// A server with a rate limit, that allows loopback and documentation's addresses.
fn with_rate(queries_per_second: u32, burst: u32) -> Server {
    let networks = ["127.0.0.0/8", "192.0.2.0/24"].map(|text| text.parse().expect("a network"));
    let clients = ClientSettings {
        allow: Some(networks.into_iter().collect()),
        rate: Some(Rate {
            queries_per_second,
            burst,
            tracked: 1024,
        }),
        ..ClientSettings::default()
    };
    Server {
        clients: Arc::new(Clients::new(clients)),
        ..Server::default()
    }
}

/// What is over the limit is truncated, and costs as little.
fn assert_hits_allocate_nothing(server: Server) {
    let filled = Filled::new(100, 10);
    let server = Arc::new(server);
    let mut exchange = Exchange::new(filled.stack, Transport::Udp, Arc::clone(&server));
    let client = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let mut out = Vec::with_capacity(ANSWER_OCTETS);
    for (name, record_type, rcode) in [
        ("svc000007.default.nomad", RecordType::A, Rcode::NOERROR),
        ("SVC000007.Default.Nomad", RecordType::A, Rcode::NOERROR),
        ("svc000007.default.nomad", RecordType::SRV, Rcode::NOERROR),
        ("missing.default.nomad", RecordType::A, Rcode::NXDOMAIN),
    ] {
        let edns = message(name, record_type, Some(1232));
        let cookie = with_cookie(edns.clone());
        let messages = [message(name, record_type, None), edns, cookie];
        for (message, stale) in messages.iter().flat_map(|it| [(it, false), (it, true)]) {
            server.stale.store(stale, Ordering::Relaxed);
            let mut ask = || {
                out.clear();
                let exchanged = exchange.begin(message, client, &mut out);
                assert!(matches!(exchanged, Exchanged::Answered { .. }));
                let is_truncated = out[2] & 2 != 0;
                assert!(is_truncated || u16::from(out[3] & 0xf) == rcode.0);
            };
            // A miss, which fills the cache.
            ask();
            let before = (ALLOCATIONS.get(), FREES.get());
            (0..HITS).for_each(|_| ask());
            let after = (ALLOCATIONS.get(), FREES.get());
            let question = format!("{name} of type {}: {message:?}", record_type.0);
            assert_eq!(after, before, "allocations and frees of {question}");
        }
    }
}

/// Puts a client's cookie (RFC 7873 section 4) into the OPT at the end of a message.
fn with_cookie(mut message: Vec<u8>) -> Vec<u8> {
    let length = message.len() - 2;
    message[length..].copy_from_slice(&[0, 12]);
    message.extend([0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    message
}

#[test]
fn a_cache_that_is_dropped_gives_back_every_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime for the timers of misses");
    let _entered = runtime.enter();
    // The first one fills what a thread keeps for all of them.
    let kept: Vec<usize> = [20, 20, 0].map(kept_by_a_cache).into();
    assert_eq!(kept[1], kept[2], "allocations that nobody freed");
}

/// Fills a cache with so many answers and drops it; how many allocations are left.
fn kept_by_a_cache(answers: usize) -> usize {
    let (allocated, freed) = (ALLOCATIONS.get(), FREES.get());
    let filled = Filled::new(100, 10);
    let server = Arc::new(Server::default());
    let mut exchange = Exchange::new(filled.stack, Transport::Udp, server);
    let mut out = Vec::with_capacity(ANSWER_OCTETS);
    for number in 0..answers {
        let name = format!("svc{number:06}.default.nomad");
        out.clear();
        exchange.begin(&message(&name, RecordType::A, None), None, &mut out);
    }
    drop((filled.catalog, filled.writer, exchange, out));
    (ALLOCATIONS.get() - allocated) - (FREES.get() - freed)
}

#[test]
fn what_is_allocated_is_counted() {
    let before = (ALLOCATIONS.get(), FREES.get());
    drop(std::hint::black_box(Box::new(7)));
    assert_eq!(
        (ALLOCATIONS.get(), FREES.get()),
        (before.0 + 1, before.1 + 1)
    );
}
