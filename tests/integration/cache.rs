//! The cache makes room: what is asked for again stays, what nobody asks for again goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt as _;
use hickory_proto::op::Message;
use hickory_proto::rr::RData;
use nomadns::answers::Router;
use nomadns::dns::wire::{Additions, encode_whole};
use nomadns::dns::{Answer, Class, Name, Query, QueryFlags, RecordType, Signature, Transport};
use nomadns::layers::cache::{Cache, CacheLayer, CacheTable};
use tower::{Layer as _, Service as _};

use crate::support::answers::{Answers, instance};

/// A cache before what makes answers.
struct Cached {
    table: Arc<CacheTable>,
    stack: Cache<Router>,
}

impl Cached {
    fn new(answers: &Answers, entries: usize, octets: usize) -> Self {
        let router = Router::new(answers.zones.clone(), Arc::clone(&answers.catalog));
        let table = Arc::new(CacheTable::new(entries, octets));
        let stack = CacheLayer::new(Arc::clone(&table)).layer(router);
        Self { table, stack }
    }

    /// Asks for addresses; whether that was a hit.
    fn hits(&mut self, name: &str) -> bool {
        self.hits_labels(&name.split('.').map(str::as_bytes).collect::<Vec<_>>())
    }

    fn hits_labels(&mut self, labels: &[&[u8]]) -> bool {
        let before = count(&self.table.counters().hits);
        answered(&mut self.stack, &query(labels));
        count(&self.table.counters().hits) > before
    }
}

fn query(labels: &[&[u8]]) -> Query {
    Query {
        id: 1,
        flags: QueryFlags::default(),
        name: Name::from_labels(labels.iter().copied()).unwrap(),
        record_type: RecordType::A,
        class: Class::IN,
        edns: None,
        transport: Transport::Tcp,
        client: None,
        signature: Signature::Absent,
    }
}

fn answered(stack: &mut Cache<Router>, query: &Query) -> Answer {
    let answer = stack.call(query.clone()).now_or_never();
    answer.expect("the catalogue answers at once").unwrap()
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn crowd(count: u8) -> Vec<nomadns::catalog::Instance> {
    let addresses = (0..count).map(|last| format!("10.7.0.{last}"));
    addresses
        .map(|address| instance(&address, 80, &[]))
        .collect()
}

#[test]
fn the_answers_that_are_kept_are_counted_each_once() {
    let answers = Answers::usual();
    let mut cached = Cached::new(&answers, 4096, 64 << 10);
    assert_eq!(cached.table.entries(), 0);
    for name in ["redis.default.nomad", "web.prod.nomad"].repeat(2) {
        cached.hits(name);
    }
    assert_eq!(cached.table.entries(), 2);
}

#[test]
fn a_full_cache_evicts_names_queried_once_before_names_queried_again() {
    let answers = Answers::usual();
    let mut cached = Cached::new(&answers, 4096, 64 << 10);
    let kept = ["redis.default.nomad", "web.prod.nomad", "six.default.nomad"];
    for name in kept.iter().chain(&kept) {
        cached.hits(name);
    }
    // One after the other, each once: names that a client makes up.
    for number in 0..2_000 {
        cached.hits(&format!("made-up-{number}.default.nomad"));
        if number % 50 == 0 {
            assert!(kept.iter().all(|name| cached.hits(name)), "at {number}");
        }
    }
    let counters = cached.table.counters();
    assert!(count(&counters.evictions) > 1_000);
    assert_eq!(count(&counters.rejected), 0);
    for number in 0..20 {
        let name = format!("fresh-{number}.default.nomad");
        assert!(!cached.hits(&name) && cached.hits(&name), "{name}");
    }
}

#[test]
fn answers_that_no_longer_hold_count_as_room() {
    let mut answers = Answers::usual();
    let mut cached = Cached::new(&answers, 4096, 64 << 10);
    let mut number = 0;
    while count(&cached.table.counters().evictions) == 0 {
        number += 1;
        let name = format!("made-up-{number}.default.nomad");
        cached.hits(&name);
        cached.hits(&name);
    }
    let before = count(&cached.table.counters().evictions);
    // A name that comes ends all denials.
    answers.set("default", "new", vec![instance("10.0.0.9", 80, &[])]);
    for number in 0..10 {
        let name = format!("fresh-{number}.default.nomad");
        assert!(!cached.hits(&name) && cached.hits(&name), "{name}");
    }
    assert_eq!(count(&cached.table.counters().evictions), before);
}

#[test]
fn an_answer_of_more_than_a_small_share_is_not_kept_and_drives_nothing_out() {
    let mut answers = Answers::usual();
    answers.set("default", "crowd", crowd(200));
    let mut cached = Cached::new(&answers, 4096, 64 << 10);
    let small = "redis.default.nomad";
    cached.hits(small);
    for _ in 0..3 {
        assert!(!cached.hits("crowd.default.nomad"));
        assert!(cached.hits(small));
    }
    assert_eq!(count(&cached.table.counters().rejected), 3);
    assert_eq!(count(&cached.table.counters().evictions), 0);
}

#[test]
fn names_that_differ_in_bit_5_of_other_octets_than_letters_do_not_share_a_set() {
    let answers = Answers::usual();
    let mut cached = Cached::new(&answers, 4096, 1 << 20);
    // Zeros, as they are and with bit 5 turned: 64 names that a hash which folds all octets cannot tell apart.
    let names: Vec<[u8; 6]> = (0..64_u8)
        .map(|bits| {
            std::array::from_fn(|place| match bits >> place & 1 {
                0 => b'0',
                _ => 0x10,
            })
        })
        .collect();
    for is_hit in [false, true] {
        let mut asked = names.iter();
        let all = asked.all(|label| cached.hits_labels(&[label, b"default", b"nomad"]) == is_hit);
        assert!(all, "each is there the second time: {is_hit}");
    }
    assert_eq!(count(&cached.table.counters().evictions), 0);
}

/// Services that change all the while; an address is the service's number and, in 16 bits, its version.
mod versions {
    pub(super) const SERVICES: u8 = 12;
    pub(super) const LAST: u16 = 150;

    pub(super) fn address(service: u8, version: u16) -> String {
        let [high, low] = version.to_be_bytes();
        format!("10.{service}.{high}.{low}")
    }
}

/// The version in the only address of an answer, which has to be the service's.
fn version(answer: &Answer, query: &Query, service: u8) -> u16 {
    let mut octets = Vec::new();
    encode_whole(answer, query, &Additions::default(), 0, &mut octets);
    let message = Message::from_vec(&octets).unwrap();
    let [record] = &message.answers[..] else {
        panic!("{} records", message.answers.len())
    };
    let RData::A(address) = &record.data else {
        panic!("{record}")
    };
    let [_, of, high, low] = address.0.octets();
    assert_eq!(
        of, service,
        "the answer is of the service that was asked for"
    );
    u16::from_be_bytes([high, low])
}

#[test]
fn readers_beside_a_writer_get_nothing_that_was_replaced_before_they_asked() {
    let mut answers = Answers::not_ready();
    for service in 0..versions::SERVICES {
        let first = instance(&versions::address(service, 0), 80, &[]);
        answers.set("default", &format!("s{service}"), vec![first]);
    }
    // Names that are made up fill it, so that answers come and go all the while.
    let mut cached = Cached::new(&answers, 1024, 64 << 10);
    let numbers = || (0..versions::SERVICES).map(|_| AtomicU64::new(0));
    let (begun, published) = (numbers().collect::<Vec<_>>(), numbers().collect::<Vec<_>>());
    let read = |mut stack: Cache<Router>, reader: usize| {
        let mut made_up = 0;
        let last = u64::from(versions::LAST);
        for service in (0..versions::SERVICES).cycle() {
            let place = usize::from(service);
            let query = query(&[format!("s{service}").as_bytes(), b"default", b"nomad"]);
            let least = published[place].load(Ordering::Acquire);
            let got = u64::from(version(&answered(&mut stack, &query), &query, service));
            let most = begun[place].load(Ordering::Acquire);
            assert!(
                (least..=most).contains(&got),
                "s{service}: {got} is not in {least}..={most}"
            );
            made_up += 1;
            let name = format!("made-up-{reader}-{made_up}");
            answered(
                &mut stack,
                &self::query(&[name.as_bytes(), b"default", b"nomad"]),
            );
            if published
                .iter()
                .all(|it| it.load(Ordering::Acquire) == last)
            {
                break;
            }
        }
    };
    std::thread::scope(|scope| {
        for reader in 0..3 {
            let (read, stack) = (&read, cached.stack.clone());
            scope.spawn(move || read(stack, reader));
        }
        for number in 1..=versions::LAST {
            for service in 0..versions::SERVICES {
                let place = usize::from(service);
                begun[place].store(number.into(), Ordering::Release);
                let next = instance(&versions::address(service, number), 80, &[]);
                answers.set("default", &format!("s{service}"), vec![next]);
                published[place].store(number.into(), Ordering::Release);
            }
        }
    });
    let counters = cached.table.counters();
    assert!(count(&counters.hits) > 0 && count(&counters.evictions) > 0);
    // Its sum of octets is right still: it makes room as it did before.
    let rejected = count(&counters.rejected);
    for number in 0..200 {
        let name = format!("fresh-{number}.default.nomad");
        assert!(!cached.hits(&name) && cached.hits(&name), "{name}");
    }
    assert_eq!(count(&cached.table.counters().rejected), rejected);
}
