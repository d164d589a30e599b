//! Ten thousand answers of a real Nomad with bits flipped, cut short and doubled in part go through the real client:
//! nothing panics, and memory stays bounded.
//!
//! A binary of its own, since an allocator is the whole process's; it counts what is held.
#![expect(
    unsafe_code,
    reason = "an allocator is unsafe to write; this one counts and passes all on"
)]
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and is no library"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nomadns::nomad::{Client, NomadSettings, QueryOptions};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use self::replay::{Replay, Reply, capture, fixtures};

#[path = "integration/support/replay.rs"]
#[allow(dead_code, reason = "the other tests use the rest of it")]
mod replay;

const ANSWERS: usize = 10_000;
/// What they may take beyond what was held before.
const MOST_OCTETS: usize = 16 << 20;
const SEED: u64 = 0x0006;

#[global_allocator]
static COUNTING: Counting = Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

fn took(octets: usize) {
    let held = HELD.fetch_add(octets, Ordering::Relaxed) + octets;
    PEAK.fetch_max(held, Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from the system's allocator, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        took(size);
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from the system's allocator, with this layout.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[tokio::test]
async fn spoilt_answers_panic_nowhere_and_take_a_bounded_memory() {
    let captures = captures();
    let next = Arc::new(Mutex::new(Vec::new()));
    let answers = Arc::clone(&next);
    let server = Replay::start(move |_| Reply::Close(answers.lock().unwrap().clone())).await;
    let mut settings = NomadSettings::new(vec![server.url().parse().unwrap()]);
    settings.timeouts.request = Duration::from_secs(2);
    settings.timeouts.stream_silence = Duration::from_secs(2);
    let client = Client::new(settings).unwrap();
    let mut random = StdRng::seed_from_u64(SEED);
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let mut refused = 0;
    for number in 0..ANSWERS {
        let (name, octets) = &captures[number % captures.len()];
        *next.lock().unwrap() = spoilt(octets, &mut random);
        refused += usize::from(!ask(&client, name).await);
    }
    let took = PEAK.load(Ordering::Relaxed) - before;
    assert!(took <= MOST_OCTETS, "{took} octets");
    // Some are still what Nomad says, most are not.
    assert!(
        (ANSWERS / 4..ANSWERS).contains(&refused),
        "{refused} refused"
    );
}

/// The captures that are answers, by their names.
fn captures() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for folder in ["open", "acl", "stream"] {
        for entry in std::fs::read_dir(fixtures().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let octets = capture(&format!("{folder}/{name}"));
            if octets.starts_with(b"HTTP/1.1 200") {
                all.push((name, octets));
            }
        }
    }
    all.sort();
    assert!(all.len() > 50, "{}", all.len());
    all
}

fn spoilt(octets: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut octets = octets.to_vec();
    match random.random_range(0..3) {
        0 => {
            for _ in 0..random.random_range(1..9) {
                let at = random.random_range(0..octets.len());
                octets[at] ^= 1 << random.random_range(0..8);
            }
        }
        1 => octets.truncate(random.random_range(0..octets.len())),
        _ => {
            let from = random.random_range(0..octets.len());
            let to = random.random_range(from..octets.len());
            let again = octets[from..to].to_vec();
            octets.splice(to..to, again);
        }
    }
    octets
}

/// Asks what the capture answers; says whether there was an answer.
async fn ask(client: &Client, name: &str) -> bool {
    if name.contains("stream") || name.contains("event") {
        let Ok(mut stream) = client.event_stream(1, "*").await else {
            return false;
        };
        loop {
            match stream.next_frame().await {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }
    if name.contains("services") {
        client
            .list_services("*", QueryOptions::default())
            .await
            .is_ok()
    } else if name.contains("service") {
        client
            .service("default", "redis", "", QueryOptions::default())
            .await
            .is_ok()
    } else if name.contains("namespaces") {
        client.namespaces().await.is_ok()
    } else if name.contains("nodes") {
        client.nodes().await.is_ok()
    } else if name.contains("checks") {
        client.allocation_checks("a").await.is_ok()
    } else {
        client
            .allocations("*", "", QueryOptions::default())
            .await
            .is_ok()
    }
}
