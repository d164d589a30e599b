//! Names outside the zones are asked of upstreams, which are scripted: what clients get, whatever those do.

mod aliases;
mod all_forwarded;
mod cached;
mod canary;
mod crowded;
mod encrypted;
mod kept;
mod lacking;
mod looped;
mod rebinding;
mod settings;
pub(crate) mod upstream;
mod wrong;

use std::sync::Arc;

use futures_util::FutureExt as _;
use nomadns::dns::{self, Class, Edns, QueryFlags};
use nomadns::fair_queue::ClientAddress;
use nomadns::forward::{
    FlightLimits, ForwardCacheSettings, ForwardError, ForwardSettings, ForwardZone, Forwarded,
    ForwardedAnswer, Forwarder, PrivateAddresses, UpstreamAddress, UpstreamPolicy, UpstreamResult,
    upstream_tls,
};
use tokio::runtime::Handle;

pub(crate) use self::all_forwarded::AllForwarded;
use self::upstream::{GOOD, Reply, ScriptedUpstream};
use crate::support::clients::{Clients, Transport};
use crate::support::gateway::{Gateway, cast};
use crate::support::question::Question;

/// Settings that forward all names to these upstreams, in their order.
pub(crate) fn all_to(upstreams: &[String]) -> ForwardSettings {
    ForwardSettings {
        zones: vec![zone(".", upstreams)],
        system: Vec::new(),
        cache: ForwardCacheSettings::default(),
        worker_octets: 1 << 20,
        limits: FlightLimits::default(),
        tls: upstream_tls([]).unwrap(),
    }
}

pub(crate) fn zone(apex: &str, upstreams: &[String]) -> ForwardZone {
    ForwardZone {
        apex: apex.parse().unwrap(),
        upstreams: upstreams.iter().map(|it| it.parse().unwrap()).collect(),
        policy: UpstreamPolicy::Sequential,
        private_addresses: PrivateAddresses::Allowed,
    }
}

/// A forwarder alone, without a gateway around it.
pub(crate) struct Alone {
    forwarder: Arc<Forwarder>,
    running: tokio::task::JoinHandle<()>,
}

impl Alone {
    pub(crate) fn start(settings: &ForwardSettings) -> Self {
        let forwarder = Arc::new(Forwarder::new(settings, Handle::current()));
        let running = Arc::clone(&forwarder).run(std::future::pending());
        let running = tokio::spawn(running);
        Self { forwarder, running }
    }

    pub(crate) async fn ask(&self, name: &str) -> Result<ForwardedAnswer, ForwardError> {
        match self.forwarder.ask(&query(name), client()) {
            Forwarded::Ready(result) => result,
            Forwarded::Waiting(waiting) => waiting.answer().await,
        }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.running.abort();
    }
}

fn client() -> ClientAddress {
    ClientAddress::proven(None)
}

fn query(name: &str) -> dns::Query {
    dns::Query {
        id: 1,
        flags: QueryFlags {
            recursion_desired: true,
            ..QueryFlags::default()
        },
        name: name.parse().unwrap(),
        record_type: dns::RecordType::A,
        class: Class::IN,
        edns: Some(Edns::default()),
        transport: dns::Transport::Tcp,
        client: None,
        signature: dns::Signature::Absent,
    }
}

#[tokio::test]
async fn what_is_in_none_of_the_zones_is_forwarded_over_every_transport() {
    let upstream = ScriptedUpstream::start(|asked| {
        vec![Reply::Now(match &*asked.name() {
            "gone.example" => asked.response(GOOD | 3).soa("example", 60).octets(),
            _ => asked
                .response(GOOD)
                .cname("", "host.elsewhere")
                .address("host.elsewhere", 60, 7)
                .record(1, "elsewhere", 2, 60, &upstream::wire("ns.elsewhere"))
                .address("unasked.example", 60, 66)
                .octets(),
        })]
    })
    .await;
    let nomad = cast();
    let url = upstream.url();
    let gateway = Gateway::with(&nomad.url(), |it| it.forward = Some(all_to(&[url])));
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    let ask = |name: &str| Question::new(name, "A".parse().unwrap());
    for answered in clients.ask_all(&ask("www.example")).await {
        let decoded = answered.decoded;
        let data: Vec<&str> = decoded.answer.iter().map(|it| &*it.data).collect();
        assert_eq!((decoded.rcode, decoded.authority.len()), (0, 0));
        assert_eq!(data.len(), 2, "{data:?}");
        assert!(data.contains(&"192.0.2.7") && data.contains(&"host.elsewhere."));
        assert_ne!(answered.authoritative, Some(true));
    }
    let denied = clients.agreed(&ask("gone.example")).await;
    assert_eq!((denied.rcode, denied.authority.len()), (3, 1));
    // Our own zones come first, and are ours still.
    for name in ["redis.default.nomad", "nope.default.nomad"] {
        for answered in clients.ask_all(&ask(name)).await {
            assert_ne!(answered.authoritative, Some(false), "{name}");
        }
    }
    let refused = clients.agreed(&ask("_dns.resolver.arpa")).await;
    assert_eq!(refused.rcode, 5);
    assert_eq!(names(&upstream), ["www.example", "gone.example"]);
    let misses = gateway.metric("nomadns_forward_cache_misses_total").await;
    let coalesced = gateway.metric("nomadns_forward_coalesced_total").await;
    assert_eq!(
        misses - coalesced,
        2.0,
        "each question goes upstream for all transports together"
    );
    gateway.end().await;
}

#[tokio::test]
async fn recursion_is_available_in_all_answers_and_validation_is_told_to_those_who_ask() {
    const AD: u16 = 0x20;
    let upstream = ScriptedUpstream::start(|asked| {
        let response = asked.response(GOOD | AD).address("", 60, 7);
        vec![Reply::Now(response.octets())]
    })
    .await;
    let nomad = cast();
    let url = upstream.url();
    let gateway = Gateway::with(&nomad.url(), |it| it.forward = Some(all_to(&[url])));
    gateway.until_ready().await;
    let mut stream = tokio::net::TcpStream::connect(gateway.dns).await.unwrap();
    for (name, bits, authentic) in [
        ("www.example", 0x0100, false),
        ("www.example", 0x0120, true),
        ("redis.default.nomad", 0x0120, false),
        ("nope.default.nomad", 0x0100, false),
    ] {
        let mut asked = Question::new(name, "A".parse().unwrap()).message(1);
        asked[2..4].copy_from_slice(&u16::to_be_bytes(bits));
        let framed = crate::support::clients::framed(&asked);
        tokio::io::AsyncWriteExt::write_all(&mut stream, &framed)
            .await
            .unwrap();
        let answer = crate::support::clients::next_message(&mut stream)
            .await
            .unwrap();
        assert_eq!(answer[3] & 0x80, 0x80, "RA of {name}");
        assert_eq!(answer[3] & 0x20 != 0, authentic, "AD of {name}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn the_longest_zone_is_asked() {
    let answers = |last: u8| move |asked: &upstream::Seen| vec![Reply::Now(asked.address(last))];
    let all = ScriptedUpstream::start(answers(1)).await;
    let corp = ScriptedUpstream::start(answers(2)).await;
    let mut settings = all_to(&[all.url()]);
    settings.zones.push(zone("corp.example", &[corp.url()]));
    let alone = Alone::start(&settings);
    for name in ["www.corp.example", "corp.example", "CORP.example"] {
        alone.ask(name).await.unwrap();
    }
    alone.ask("www.example").await.unwrap();
    alone.ask("xcorp.example").await.unwrap();
    assert_eq!(names(&corp), ["www.corp.example", "corp.example"]);
    assert_eq!(names(&all), ["www.example", "xcorp.example"]);
}

#[tokio::test]
async fn other_servers_of_the_system_are_asked_from_then_on_and_those_that_stay_keep_their_counts()
{
    let answers = |last: u8| move |asked: &upstream::Seen| vec![Reply::Now(asked.address(last))];
    let named = ScriptedUpstream::start(answers(1)).await;
    let [before, after] = [2, 3].map(|last| ScriptedUpstream::start(answers(last)));
    let (before, after) = (before.await, after.await);
    let servers = |all: &[&ScriptedUpstream]| -> Vec<UpstreamAddress> {
        all.iter().map(|it| it.url().parse().unwrap()).collect()
    };
    let mut settings = all_to(&["system".into(), named.url()]);
    settings.zones.push(zone("corp.example", &[named.url()]));
    settings.system = servers(&[&before]);
    let alone = Alone::start(&settings);
    alone.ask("one.example").await.unwrap();
    alone.forwarder.use_system(&servers(&[&after, &before]));
    assert!(is_known(&alone, "one.example"), "what is known is kept");
    alone.ask("two.example").await.unwrap();
    // What names its servers itself is asked as before.
    alone.ask("one.corp.example").await.unwrap();
    // On a slow machine another is asked beside, but never one that is not there any more or not yet.
    assert_eq!(names(&after), ["two.example"]);
    assert_eq!(names(&before)[0], "one.example");
    assert_eq!(names(&named).last().unwrap(), "one.corp.example");
    let all = alone.forwarder.zones().last().unwrap();
    let report = all.report();
    let urls: Vec<String> = report.iter().map(|(it, ..)| it.to_string()).collect();
    assert_eq!(urls, [after.url(), before.url(), named.url()]);
    let (.., counters) = report[1];
    let (result, count) = counters.results().next().unwrap();
    assert!(result == UpstreamResult::Answered && count >= 1, "{count}");
}

#[tokio::test]
async fn a_gateway_that_forwards_nothing_says_that_there_is_no_recursion() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("www.example", "A".parse().unwrap());
    let answered = clients.ask_udp(&question).await;
    assert_eq!(
        (answered.transport, answered.decoded.rcode),
        (Transport::Udp, 5)
    );
    gateway.end().await;
}

/// The names that an upstream was asked for: on a slow machine a question is sent again.
pub(crate) fn names(upstream: &ScriptedUpstream) -> Vec<String> {
    let seen = upstream.seen();
    let mut names: Vec<String> = seen.iter().map(upstream::Seen::name).collect();
    names.dedup();
    names
}

/// Whether an answer is there without waiting.
fn is_known(alone: &Alone, name: &str) -> bool {
    match alone.forwarder.ask(&query(name), client()) {
        Forwarded::Ready(result) => result.is_ok(),
        Forwarded::Waiting(waiting) => waiting.answer().now_or_never().is_some(),
    }
}

/// Whether an answer has one record, and that is an address of the scripts.
fn has_address(answer: &dns::Answer, last: u8) -> bool {
    let text = format!("{answer:?}");
    answer.answer_count() == 1 && text.contains(&format!("192, 0, 2, {last}"))
}

/// What was counted of the first upstream.
fn counted(alone: &Alone, wanted: UpstreamResult) -> u64 {
    let zone = alone.forwarder.zones().next().unwrap();
    let (.., counters) = zone.report()[0];
    let mut results = counters.results();
    results.find(|(it, _)| *it == wanted).unwrap().1
}
